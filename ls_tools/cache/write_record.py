"""Which bytes of a file were written, and their digest: the record of one download."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.digests import BLOCK_BYTES, new_digest

if TYPE_CHECKING:
    from ls_tools.digests import Digest

Read = Callable[[int, int], bytes]
"""Reads the file again: so many bytes, at so many bytes from its start."""

_STRIDE_BYTES = 8 * BLOCK_BYTES


class _Stretch(NamedTuple):
    """Bytes that one thread digests while others go on writing."""

    digest: Digest
    start: int
    stop: int


class WriteRecord:
    """Which bytes of a file were written, and their sha256.

    Whoever writes digests what is complete from the start on, with what others
    wrote before; so little is left to do when the last byte is written. Safe to
    use from many threads.

    Args:
        read: Reads what was written.
    """

    def __init__(self, read: Read) -> None:
        self._lock = Lock()
        self._read = read
        self._restart()

    def _restart(self) -> None:
        self._digest: Digest | None = new_digest("sha256")
        self._extents: list[tuple[int, int]] = []
        self._length = 0
        self._digested = 0
        self._claimed = 0

    def add(self, offset: int, chunk: bytes) -> None:
        """``chunk`` was written at ``offset``.

        Raises:
            OSError: The file cannot be read.
        """
        if not chunk:
            return
        with self._lock:
            if offset < self._claimed:
                self._digest = None
            self._merge(offset, offset + len(chunk))
            stretch = self._claim(len(chunk))
        if stretch is not None:
            self._digest_stretch(stretch, offset, chunk)

    def truncate(self, size_bytes: int) -> None:
        """Everything from ``size_bytes`` on was dropped."""
        with self._lock:
            if size_bytes == 0:
                self._restart()
                return
            self._length = size_bytes
            if size_bytes < self._claimed:
                self._digest = None
            self._extents = [
                (start, min(end, size_bytes))
                for start, end in self._extents
                if start < size_bytes
            ]

    @property
    def size_bytes(self) -> int:
        """Size of the file that was written."""
        return max(self._extents[-1][1] if self._extents else 0, self._length)

    def covers(self, size_bytes: int) -> bool:
        """Whether every byte below ``size_bytes``, and none above, was written."""
        return self._extents == ([(0, size_bytes)] if size_bytes else [])

    def sha256(self) -> str | None:
        """Hex sha256 of the bytes; None where a part was written twice.

        Raises:
            OSError: The file cannot be read.
        """
        while True:
            with self._lock:
                stretch = self._claim(0)
            if stretch is None:
                break
            self._digest_stretch(stretch, 0, b"")
        if self._digest is None or self._claimed != self._digested:
            return None
        return self._digest.hexdigest()

    def _claim(self, chunk_bytes: int) -> _Stretch | None:
        """What this thread is to digest; nothing while another one does."""
        start = self._digested
        if self._digest is None or self._claimed != start:
            return None
        front = self._extents[0][1] if self._extents and not self._extents[0][0] else 0
        if front <= start:
            return None
        self._claimed = min(front, start + max(_STRIDE_BYTES, chunk_bytes))
        return _Stretch(self._digest, start, self._claimed)

    def _digest_stretch(self, stretch: _Stretch, offset: int, chunk: bytes) -> None:
        digest, position, stop = stretch
        if offset <= position < offset + len(chunk):
            piece = memoryview(chunk)[position - offset : stop - offset]
            digest.update(piece)
            position += len(piece)
        while position < stop:
            block = self._read(min(BLOCK_BYTES, stop - position), position)
            if not block:
                return
            digest.update(block)
            position += len(block)
        with self._lock:
            if digest is self._digest:
                self._digested = stop

    def _merge(self, start: int, end: int) -> None:
        apart = [(s, e) for s, e in self._extents if e < start or s > end]
        touching = [(s, e) for s, e in self._extents if e >= start and s <= end]
        start = min([start, *(s for s, _ in touching)])
        end = max([end, *(e for _, e in touching)])
        self._extents = sorted([*apart, (start, end)])
