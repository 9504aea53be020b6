"""A temporary file that objects of a bucket are fetched into, many at a time."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple, final

from ls_tools.digests import BLOCK_BYTES, find_difference, new_digest
from ls_tools.disk import write_all_at
from ls_tools.errors import IntegrityError, RefusedError, UsageError
from ls_tools.reading.spool import disk_faults

if TYPE_CHECKING:
    from ls_tools.transfer import Fetched

MAPPED_FROM_BYTES = 2**20
"""Size from which bytes are mapped rather than read."""


class Extent(NamedTuple):
    """Where an object lies in the spool, in bytes."""

    start: int
    size_bytes: int


class OutgrownError(Exception):
    """An object is larger than the room for it.

    Attributes:
        size_bytes: Size that it has at least.
    """

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self.size_bytes = size_bytes


@final
class ObjectSpool:
    """An unnamed temporary file with room for many objects. Safe for threads.

    Args:
        name: The input, for errors.
        limit_bytes: Most bytes that all objects may have.
    """

    def __init__(self, name: str, limit_bytes: int) -> None:
        self.name = name
        self._limit = limit_bytes
        self._lock = Lock()
        self._pid = os.getpid()
        self._end = 0
        self._file: IO[bytes] | None = None
        self._is_closed = False

    def reserve(self, size_bytes: int) -> Room:
        """Room for an object of ``size_bytes``.

        Raises:
            RefusedError: That would be more than the limit.
        """
        with self._lock:
            start = self._end
            self._end += size_bytes
        if self._end > self._limit:
            msg = f"{self.name} holds more than {self._limit} bytes."
            hint = "If it is genuine, raise Bounds.expanded_bytes."
            raise RefusedError(msg, hint=hint, limit_bytes=self._limit)
        return Room(self, start, size_bytes)

    def write(self, start: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``start``.

        Raises:
            OutputError: The disk is full.
            UsageError: The spool is closed.
        """
        # Held while writing, lest the number of a closed file is someone else's.
        with self._lock, disk_faults(self.name, "fetched"):
            if self._is_closed:
                msg = f"The reader of {self.name} is closed."
                raise UsageError(msg, hint="Iterate inside of its with block.")
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="ls-tools-", buffering=0)  # noqa: SIM115 -- closed below
                weakref.finalize(self, self._file.close)
            write_all_at(self._file.fileno(), chunk, start)

    def read(self, extent: Extent) -> memoryview:
        """The bytes of an object; they stay valid when the spool is closed.

        Not while it is being closed.
        """
        start, size = extent
        if not size:
            return memoryview(b"")
        # Without the lock: at a fork a thread may hold it for ever.
        file = self._file
        if file is None:
            msg = f"The reader of {self.name} is closed."
            raise UsageError(msg, hint="Iterate inside of its with block.")
        with disk_faults(self.name, "fetched"):
            if size < MAPPED_FROM_BYTES:
                return memoryview(os.pread(file.fileno(), size, start))
            aside = start % mmap.ALLOCATIONGRANULARITY
            mapped = mmap.mmap(
                file.fileno(),
                aside + size,
                access=mmap.ACCESS_READ,
                offset=start - aside,
            )
        return memoryview(mapped)[aside:]

    def close(self) -> None:
        """Let go of the disk space."""
        if os.getpid() != self._pid:
            return  # the lock may be held by a thread that is not here
        with self._lock:
            self._is_closed = True
            if self._file is not None:
                self._file.close()
                self._file = None


@final
class Room:
    """The place of one object in a spool, and the Sink for its bytes."""

    def __init__(self, spool: ObjectSpool, start: int, capacity: int) -> None:
        self._spool = spool
        self._start = start
        self._capacity = capacity

    def write_at(self, offset: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``offset`` bytes from the start of the object.

        Raises:
            OutgrownError: The object is larger than announced.
            OutputError: The disk is full.
        """
        end = offset + len(chunk)
        if end > self._capacity:
            raise OutgrownError(end)
        self._spool.write(self._start + offset, chunk)

    def truncate(self, size_bytes: int) -> None:
        """Do nothing: what is dropped is written over, or beyond the end."""

    def finish(self, name: str, fetched: Fetched) -> Extent:
        """Check what was written against what the store said of it.

        Args:
            name: The object, for errors.
            fetched: What the store said.

        Raises:
            IntegrityError: A digest differs.
        """
        extent = Extent(self._start, fetched.size_bytes)
        data = self._spool.read(extent) if fetched.checksums else b""
        found = {algorithm: _digest(algorithm, data) for algorithm in fetched.checksums}
        if (fault := find_difference(fetched.checksums, found)) is not None:
            msg = f"What was received for {name} is damaged: {fault}."
            raise IntegrityError(msg, hint="Try again.", reference=name)
        return extent


def _digest(algorithm: str, data: bytes | memoryview) -> str:
    digest = new_digest(algorithm)
    for start in range(0, len(data), BLOCK_BYTES):
        digest.update(data[start : start + BLOCK_BYTES])
    return digest.hexdigest()
