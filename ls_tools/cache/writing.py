"""A version being built: the sink that fetched bytes go to, out of sight.

Knows how a version becomes whole and durable, not which version it will be.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, final

from ls_tools.cache.content import Held, Written
from ls_tools.cache.faults import cache_faults
from ls_tools.cache.folders import delete, make_new
from ls_tools.cache.layout import META_NAME, data_path
from ls_tools.cache.locks import boot_id, close_locked, lock_softly
from ls_tools.cache.meta import encode_meta
from ls_tools.cache.naming import unique_name
from ls_tools.digests import find_difference
from ls_tools.disk import NEW_FILE, write_all
from ls_tools.errors import IntegrityError
from ls_tools.origin import redact_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ls_tools.cache.entry import CacheRequest
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.meta import Meta
    from ls_tools.transfer import Fetched

T = TypeVar("T")

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The disk or the quota is full, which removing files may change."""

_SEAL_BYTES = 1 << 16
_OVERWRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC

DRAFT_PREFIX = "fill-"
"""Temporary folders with this prefix are versions being built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of a finished draft.

    Attributes:
        size_bytes: Their number.
        sha256: Their digest, lower-case hex.
        checksums: The digests that the store vouched for, all found right.
    """

    size_bytes: int
    sha256: str
    checksums: Mapping[str, str] = field(default_factory=dict)


def _no_room(_size_bytes: int) -> bool:
    return False


@final
class Draft:
    """A version folder in the making, and the Sink for its bytes.

    A small file is held in memory, and reaches the disk when it was found right.
    The folder is made with the file, and removed at the end of the ``with`` block
    unless it was renamed away. Until then the file is locked, which tells others
    that its writer lives.

    Args:
        layout: Where the cache lies.
        request: What is being fetched.
        make_room: Called with a number of bytes when the disk is full; tells
            whether it is worth trying again.

    Attributes:
        folder: The version folder.
        is_committed: It was renamed to where it belongs.
    """

    def __init__(
        self,
        layout: Layout,
        request: CacheRequest,
        make_room: Callable[[int], bool] = _no_room,
    ) -> None:
        self.folder: str = f"{layout.tmp}/{DRAFT_PREFIX}{boot_id()}-{unique_name()}"
        self.is_committed: bool = False
        self._layout = layout
        self._request = request
        self._make_room = make_room
        self._lock = Lock()
        self._held = Held()
        self._written: Written | None = None
        self._fd: int | None = None
        self._is_made = False

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._written is not None:
            self._written.close()
        fd, self._fd = self._fd, None
        if fd is not None:
            close_locked(fd)
        if self._is_made and not self.is_committed:
            delete(self.folder)

    def write_at(self, offset: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``offset`` bytes from the start.

        Raises:
            CacheError: The disk is full, or the cache cannot be written.
        """
        with self._lock:
            if self._written is None and self._held.add(offset, chunk):
                return
        with cache_faults(self._layout.root):
            written = self._spill()
            self._persist(lambda: written.write_at(offset, chunk), len(chunk))

    def truncate(self, size_bytes: int) -> None:
        """Drop everything from ``size_bytes`` on.

        Raises:
            CacheError: The cache cannot be written.
        """
        with self._lock:
            if self._written is None and not size_bytes:
                self._held = Held()
                return
        with cache_faults(self._layout.root):
            self._spill().truncate(size_bytes)

    def finish(self, fetched: Fetched) -> Content:
        """Check what was written against what the source said of it.

        Raises:
            IntegrityError: Size or digest differ, or a part is missing.
            CacheError: The file cannot be read back.
        """
        came = self._written or self._held
        if (fault := _find_fault(came, fetched)) is not None:
            raise self._integrity_error(fault)
        with cache_faults(self._layout.root):
            found = came.digests({"sha256", *fetched.checksums})
        if (fault := find_difference(fetched.checksums, found)) is not None:
            raise self._integrity_error(fault)
        return Content(
            size_bytes=came.size_bytes,
            sha256=found["sha256"],
            checksums=dict(fetched.checksums),
        )

    def seal(self, meta: Meta) -> None:
        """Write what is left to write, the sidecar too, and make the file durable.

        A sidecar that a power cut spoils is recognised, and so is a missing name;
        other bytes of the same size are not.

        Raises:
            OSError: The cache cannot be written.
        """
        self._persist(lambda: self._seal(meta), self._held.size_bytes + _SEAL_BYTES)

    def make_folder(self, path: str) -> bool:
        """Make the folder ``path``; whether it was not there before.

        Raises:
            OSError: It cannot be made.
        """
        return self._persist(lambda: make_new(self._layout, path), _SEAL_BYTES)

    def _seal(self, meta: Meta) -> None:
        fd = self._open()
        if self._written is None:
            self._held.write_to(fd)
        os.fsync(fd)
        fd = os.open(f"{self.folder}/{META_NAME}", _OVERWRITE, 0o666)
        try:
            write_all(fd, encode_meta(meta))
        finally:
            os.close(fd)

    def _spill(self) -> Written:
        """What is written to the disk at once, with all that was held before."""
        with self._lock:
            if self._written is None:
                written = Written(self._persist(self._open, _SEAL_BYTES))
                for offset, piece in self._held.located():
                    self._persist(partial(written.write_at, offset, piece), len(piece))
                self._written, self._held = written, Held()
            return self._written

    def _open(self) -> int:
        if self._fd is None:
            self._is_made = True
            path = data_path(self.folder, self._request.file_name)
            make_new(self._layout, self.folder)
            if (parent := os.path.dirname(path)) != self.folder:
                make_new(self._layout, parent)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            lock_softly(self._fd)
        return self._fd

    def _persist(self, action: Callable[[], T], size_bytes: int) -> T:
        """Do what writes about ``size_bytes``; where there is no room, make some.

        Raises:
            OSError: There still is no room, or ``action`` failed otherwise.
        """
        try:
            return action()
        except OSError as exc:
            if exc.errno not in NO_ROOM or not self._make_room(size_bytes):
                raise
        return self._persist(action, size_bytes)

    def _integrity_error(self, fault: str) -> IntegrityError:
        reference = redact_url(self._request.reference)
        return IntegrityError(
            f"What was received for {reference} is not the whole object: {fault}.",
            hint="Try again.",
            reference=reference,
        )


def _find_fault(came: Held | Written, fetched: Fetched) -> str | None:
    if fetched.not_modified:
        return "the store calls it unchanged"
    if came.size_bytes != fetched.size_bytes:
        return f"there are {came.size_bytes} of {fetched.size_bytes} bytes"
    if not came.is_whole:
        return "a part in the middle was never received"
    return None


def write_durably(path: str, text: bytes) -> None:
    """Make the new file ``path`` hold ``text``, on the disk itself.

    Raises:
        OSError: It exists or cannot be written.
    """
    fd = os.open(path, NEW_FILE, 0o666)
    try:
        write_all(fd, text)
        os.fsync(fd)
    finally:
        os.close(fd)
