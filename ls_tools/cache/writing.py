"""A version being built: the sink that fetched bytes go to, out of sight.

Knows how a version becomes whole and durable, not which version it will be.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, final

from ls_tools.cache.faults import cache_faults
from ls_tools.cache.folders import delete, make_new
from ls_tools.cache.layout import META_NAME, data_path
from ls_tools.cache.locks import boot_id, close_locked, lock_softly
from ls_tools.cache.meta import encode_meta
from ls_tools.cache.naming import unique_name
from ls_tools.cache.write_record import WriteRecord
from ls_tools.digests import digest_file, find_difference
from ls_tools.disk import NEW_FILE, write_all, write_all_at
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

    The folder is made when the first byte comes, and removed at the end of the
    ``with`` block unless it was renamed away. While it is written, its file is
    locked, which tells others that its writer lives.

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
        self._path = data_path(self.folder, request.file_name)
        self._folders = tuple(sorted({self.folder, os.path.dirname(self._path)}))
        self._record = WriteRecord(self._read)
        self._opening = Lock()
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
        self._record.close()
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
        with cache_faults(self._layout.root):
            self.persist(lambda: write_all_at(self._open(), chunk, offset), len(chunk))
            self._record.add(offset, chunk)

    def truncate(self, size_bytes: int) -> None:
        """Drop everything from ``size_bytes`` on.

        Raises:
            CacheError: The cache cannot be written.
        """
        with cache_faults(self._layout.root):
            os.ftruncate(self._open(), size_bytes)
        self._record.truncate(size_bytes)

    def persist(self, action: Callable[[], T], size_bytes: int) -> T:
        """Do what writes about ``size_bytes``; where there is no room, make some.

        Raises:
            OSError: There still is no room, or ``action`` failed otherwise.
        """
        try:
            return action()
        except OSError as exc:
            if exc.errno not in NO_ROOM or not self._make_room(size_bytes):
                raise
        return self.persist(action, size_bytes)

    def finish(self, fetched: Fetched) -> Content:
        """Check what was written against what the source said of it.

        Raises:
            IntegrityError: Size or digest differ, or a part is missing.
            CacheError: The file cannot be read back.
        """
        with cache_faults(self._layout.root):
            fd = self._open()
        size_bytes = self._record.size_bytes
        if (fault := self._find_fault(size_bytes, fetched)) is not None:
            raise self._integrity_error(fault)
        with cache_faults(self._layout.root):
            sha256 = self._record.sha256()
            wanted = {*fetched.checksums, *(() if sha256 else ("sha256",))}
            found = digest_file(fd, wanted)
        if (fault := find_difference(fetched.checksums, found)) is not None:
            raise self._integrity_error(fault)
        return Content(
            size_bytes=size_bytes,
            sha256=sha256 or found["sha256"],
            checksums=dict(fetched.checksums),
        )

    def seal(self, meta: Meta) -> None:
        """Write the sidecar and make the file durable.

        A sidecar that a power cut spoils is recognised, and so is a missing name;
        other bytes of the same size are not.

        Raises:
            OSError: The cache cannot be written.
        """
        os.fsync(self._open())
        fd = os.open(f"{self.folder}/{META_NAME}", _OVERWRITE, 0o666)
        try:
            write_all(fd, encode_meta(meta))
        finally:
            os.close(fd)

    def _read(self, size_bytes: int, offset: int) -> bytes:
        return os.pread(self._open(), size_bytes, offset)

    def _open(self) -> int:
        with self._opening:
            if self._fd is None:
                self._is_made = True
                for folder in self._folders:
                    make_new(self._layout, folder)
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._fd = os.open(self._path, flags, 0o666)
                lock_softly(self._fd)
            return self._fd

    def _find_fault(self, size_bytes: int, fetched: Fetched) -> str | None:
        if fetched.not_modified:
            return "the store calls it unchanged"
        if size_bytes != fetched.size_bytes:
            return f"there are {size_bytes} of {fetched.size_bytes} bytes"
        if not self._record.covers(size_bytes):
            return "a part in the middle was never received"
        return None

    def _integrity_error(self, fault: str) -> IntegrityError:
        reference = redact_url(self._request.reference)
        return IntegrityError(
            f"What was received for {reference} is not the whole object: {fault}.",
            hint="Try again.",
            reference=reference,
        )


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
