"""Which bytes of a file were written: the record of one download."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from ls_tools.digests import new_digest

if TYPE_CHECKING:
    from ls_tools.digests import Digest


class WriteRecord:
    """Which bytes of a file were written, and their sha256 if in order.

    Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._restart()

    def _restart(self) -> None:
        self._digest: Digest | None = new_digest("sha256")
        self._extents: list[tuple[int, int]] = []
        self._length = 0

    def add(self, offset: int, chunk: bytes) -> None:
        """``chunk`` was written at ``offset``."""
        if not chunk:
            return
        with self._lock:
            if self._digest is not None and offset == self._end():
                self._digest.update(chunk)
            else:
                self._digest = None
            self._merge(offset, offset + len(chunk))

    def truncate(self, size_bytes: int) -> None:
        """Everything from ``size_bytes`` on was dropped."""
        with self._lock:
            if size_bytes == 0:
                self._restart()
                return
            self._length = size_bytes
            if size_bytes < self._end():
                self._digest = None
                self._extents = [
                    (start, min(end, size_bytes))
                    for start, end in self._extents
                    if start < size_bytes
                ]

    @property
    def size_bytes(self) -> int:
        """Size of the file that was written."""
        return max(self._end(), self._length)

    def covers(self, size_bytes: int) -> bool:
        """Whether every byte below ``size_bytes``, and none above, was written."""
        return self._extents == ([(0, size_bytes)] if size_bytes else [])

    def sha256(self) -> str | None:
        """Hex sha256 of the bytes; None where they did not come in order."""
        return None if self._digest is None else self._digest.hexdigest()

    def _end(self) -> int:
        return self._extents[-1][1] if self._extents else 0

    def _merge(self, start: int, end: int) -> None:
        apart = [(s, e) for s, e in self._extents if e < start or s > end]
        touching = [(s, e) for s, e in self._extents if e >= start and s <= end]
        start = min([start, *(s for s, _ in touching)])
        end = max([end, *(e for _, e in touching)])
        self._extents = sorted([*apart, (start, end)])
