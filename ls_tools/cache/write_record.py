"""Which bytes of a file were written, and their digest: the record of one download."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.digests import BLOCK_BYTES, new_digest

if TYPE_CHECKING:
    from ls_tools.digests import Digest

Read = Callable[[int, int], bytes]
"""Reads the file again: so many bytes, at so many bytes from its start."""

_STRIDE_BYTES = 8 * BLOCK_BYTES

FOLLOWED_BYTES = 32 * BLOCK_BYTES
"""Size from which on a thread of its own digests behind those that write: it costs
as much as a few small files, and a large one comes faster than it is digested."""


class _Stretch(NamedTuple):
    """Bytes that one thread digests while others go on writing."""

    digest: Digest
    start: int
    stop: int


class WriteRecord:
    """Which bytes of a file were written, and their sha256.

    Whoever writes digests what is complete from the start on, with what others
    wrote before; of a large file a thread does that, which ``close`` ends. So
    little is left to do when the last byte is written. Safe to use from many
    threads.

    Args:
        read: Reads what was written.
    """

    def __init__(self, read: Read) -> None:
        self._lock = Condition(Lock())
        self._read = read
        self._follower: Thread | None = None
        self._is_closed = False
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
            if self._is_followed():
                self._lock.notify()
                return
            stretch = self._claim(len(chunk))
        if stretch is not None:
            self._digest_stretch(stretch, offset, chunk)

    def close(self) -> None:
        """End the thread that digests, if there is one; nothing is read any more."""
        with self._lock:
            self._is_closed = True
            self._lock.notify()
        if self._follower is not None:
            self._follower.join()
            self._follower = None

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
        self.close()
        while True:
            with self._lock:
                stretch = self._claim(0)
            if stretch is None:
                break
            self._digest_stretch(stretch, 0, b"")
        if self._digest is None or self._claimed != self._digested:
            return None
        return self._digest.hexdigest()

    def _is_followed(self) -> bool:
        """Whether a thread digests; one is started where that begins to pay."""
        if self._follower is None and not self._is_closed:
            if self._digested < FOLLOWED_BYTES or self._digest is None:
                return False
            self._follower = Thread(target=self._follow, name="digest", daemon=True)
            self._follower.start()
        return self._follower is not None

    def _follow(self) -> None:
        """Digest what others write, until it is closed."""
        try:
            while (stretch := self._await_stretch()) is not None:
                self._digest_stretch(stretch, 0, b"")
        except OSError:
            # Whoever asks for the digest reads it all again, and is told.
            with self._lock:
                self._digest = None

    def _await_stretch(self) -> _Stretch | None:
        """What is to be digested next; None once it is closed."""
        with self._lock:
            while not self._is_closed:
                if (stretch := self._claim(0)) is not None:
                    return stretch
                self._lock.wait()
        return None

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
