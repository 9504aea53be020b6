"""Putting a file from here into the output: cloned, copied or linked, digested.

Tells apart what is wrong with the source from what is wrong with the output.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ls_tools.disk import NEW_FILE, write_all
from ls_tools.errors import UnreadableMediaError
from ls_tools.output.disk_errors import mapped_to_output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES = 2**20
_FICLONE = 0x40049409
"""The ioctl by which Linux shares the blocks of a file; see ioctl_ficlone(2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """Digest and size of a file.

    Attributes:
        sha256: Hexadecimal.
        size_bytes: Size of the content.
    """

    sha256: str
    size_bytes: int


def copy_file(source: Path, target: Path) -> FileFacts:
    """Copy ``source`` to ``target``, which must not exist.

    Blocks are shared where the file system can.

    Raises:
        UnreadableMediaError: ``source`` cannot be read; there is no target.
        OutputError: ``target`` cannot be written.
    """
    with _open_source(source) as reader:
        with mapped_to_output(target):
            descriptor = os.open(target, NEW_FILE, 0o666)
        try:
            is_cloned = _clone(reader.fileno(), descriptor)
            return _pass_on(reader, source, None if is_cloned else descriptor)
        except UnreadableMediaError:
            with suppress(OSError):
                target.unlink()
            raise
        finally:
            os.close(descriptor)


def link_file(source: Path, target: Path) -> FileFacts:
    """Make ``target`` a symbolic link to ``source``.

    Raises:
        UnreadableMediaError: ``source`` cannot be read; there is no target.
        OutputError: ``target`` cannot be made.
    """
    with _open_source(source) as reader:
        facts = _pass_on(reader, source, None)
    with mapped_to_output(target):
        target.symlink_to(source.absolute())
    return facts


def _pass_on(reader: IO[bytes], source: Path, descriptor: int | None) -> FileFacts:
    """Digest what is left to read, and write it where a descriptor is given."""
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in _chunks(reader, source):
        digest.update(chunk)
        size_bytes += len(chunk)
        if descriptor is not None:
            with mapped_to_output(source.name):
                write_all(descriptor, chunk)
    return FileFacts(sha256=digest.hexdigest(), size_bytes=size_bytes)


def _open_source(source: Path) -> IO[bytes]:
    try:
        return source.open("rb", buffering=0)
    except OSError as exc:
        raise _unreadable(source, exc) from exc


def _chunks(reader: IO[bytes], source: Path) -> Iterator[memoryview]:
    buffer = bytearray(_CHUNK_BYTES)
    view = memoryview(buffer)
    while True:
        try:
            size_bytes = reader.readinto(buffer)  # type: ignore[attr-defined]  # a raw file
        except OSError as exc:
            raise _unreadable(source, exc) from exc
        if not size_bytes:
            return
        yield view[:size_bytes]


def _clone(source: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):
        return False
    return True  # pragma: no cover -- few file systems share blocks


def _unreadable(source: Path, exc: OSError) -> UnreadableMediaError:
    msg = f"The file {source.name!r} cannot be read: {exc.strerror}."
    return UnreadableMediaError(msg, hint="Fetch it again.", path=str(source))
