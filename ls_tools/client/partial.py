"""A file that grows beside its target and becomes it in one step.

Knows disks only; what is written, and whether it is whole, is the caller's.
"""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from ls_tools.disk import FULL, LOCKLESS, sync_folder, write_all_at
from ls_tools.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE = 0o666


class PartialFile:
    """A growing file; a Sink for downloads. Made by ``stage`` or ``resume``.

    Attributes:
        path: Where it grows.
        out: What ``commit`` makes it.
        restarted: Whether what was there at first has been dropped.
    """

    def __init__(self, path: Path, out: Path, descriptor: int) -> None:
        self.path = path
        self.out = out
        self.restarted: bool = False
        self._descriptor = descriptor

    @property
    def size_bytes(self) -> int:
        """How much is there now."""
        return os.fstat(self._descriptor).st_size

    def write_at(self, offset: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``offset``.

        Raises:
            OutputError: The disk refuses, such as when it is full.
        """
        with _mapped(self.out):
            write_all_at(self._descriptor, chunk, offset)

    def truncate(self, size_bytes: int) -> None:
        """Drop everything from ``size_bytes`` on.

        Raises:
            OutputError: The disk refuses.
        """
        with _mapped(self.out):
            self.restarted = self.restarted or size_bytes < self.size_bytes
            os.ftruncate(self._descriptor, size_bytes)

    def commit(self) -> None:
        """Flush to disk and take the place of ``out``.

        Raises:
            OutputError: The disk refuses.
        """
        with _mapped(self.out):
            os.fsync(self._descriptor)
            self.path.replace(self.out)
            _sidecar(self.out).unlink(missing_ok=True)
            sync_folder(self.out.parent)

    def discard(self) -> None:
        """Remove it, and what would let it be continued."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            _sidecar(self.out).unlink(missing_ok=True)


def check_target(out: Path) -> None:
    """Check that a file can be put at ``out``, before anything is asked.

    Raises:
        OutputError: It is a folder, or its folder cannot take files.
    """
    if out.is_dir():
        msg = f"{out} is a folder."
        raise OutputError(msg, hint="Give the name of a file in it.")
    if not out.parent.is_dir():
        msg = f"The folder {out.parent} does not exist."
        raise OutputError(msg, hint="Make it first.")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        msg = f"The folder {out.parent} cannot be written to."
        raise OutputError(msg, hint="Choose another, or change its permissions.")


@contextmanager
def stage(out: Path) -> Iterator[PartialFile]:
    """A partial file of its own for ``out``, removed unless committed.

    Raises:
        OutputError: It cannot be made.
    """
    path = out.with_name(f".ls-tools-{uuid.uuid4().hex}.part")
    with _mapped(out):
        descriptor = os.open(path, _FLAGS | os.O_EXCL, _MODE)
    part = PartialFile(path, out, descriptor)
    try:
        yield part
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


@contextmanager
def resume(out: Path, identity: Mapping[str, str | int]) -> Iterator[PartialFile]:
    """The partial file of ``out``, with what an earlier run left in it.

    It is kept on failure, so that the next run continues. A file that holds
    something else than ``identity`` is emptied first.

    Args:
        out: The target; the partial file is ``<out>.part`` beside it.
        identity: What is downloaded: the same values mean the same bytes.

    Raises:
        OutputError: It cannot be made, or another process is writing it.
    """
    path = out.with_name(f"{out.name}.part")
    with _mapped(out):
        descriptor = os.open(path, _FLAGS, _MODE)
    try:
        part = PartialFile(path, out, descriptor)
        with _mapped(out):
            _lock(descriptor, path)
            _adopt(part, dict(identity))
        try:
            yield part
        finally:
            _discard_empty(part)
    finally:
        os.close(descriptor)


def _adopt(part: PartialFile, identity: dict[str, str | int]) -> None:
    sidecar = _sidecar(part.out)
    try:
        known = msgspec.json.decode(sidecar.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        known = None
    if known != identity:
        part.truncate(0)
        sidecar.write_bytes(msgspec.json.encode(identity))
    part.restarted = False


def _discard_empty(part: PartialFile) -> None:
    if not part.size_bytes:
        part.discard()


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_current = os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        is_current = False
    except OSError as exc:
        # Without locks two runs cost a wrong md5 at worst, which is seen.
        if exc.errno not in LOCKLESS:
            raise
        is_current = True
    if not is_current:
        msg = f"Another run is writing {path}."
        raise OutputError(msg, hint="Wait for it, or choose another file.")


def _sidecar(out: Path) -> Path:
    return out.with_name(f"{out.name}.part.json")


@contextmanager
def _mapped(out: Path) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except OSError as exc:
        msg = f"{out} cannot be written: {exc.strerror or exc}."
        if exc.errno in FULL:
            hint = "Free some space and run the same command again."
        elif exc.errno == errno.ENAMETOOLONG:
            hint = "Choose a shorter name."
        else:
            hint = "Choose another place, or change its permissions."
        raise OutputError(msg, hint=hint, path=str(out)) from exc
