"""Digests of files, computed as the bytes pass by or from an open file."""

from __future__ import annotations

import hashlib
import os
from threading import Lock
from typing import TYPE_CHECKING

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

BLOCK_BYTES = 1 << 20
"""Size of the blocks in which files are read."""

_HASHLIB = frozenset({"md5", "sha1", "sha256", "sha512"})


def new_digest(algorithm: str) -> hashlib._Hash:
    """A fresh digest: md5, sha1, sha256 or sha512.

    Raises:
        UsageError: No such algorithm.
    """
    if algorithm not in _HASHLIB:
        msg = f"Files cannot be checked by {algorithm!r}."
        raise UsageError(msg, hint=f"Known: {', '.join(sorted(_HASHLIB))}.")
    return hashlib.new(algorithm, usedforsecurity=False)


def digest_file(fd: int, algorithms: Collection[str]) -> dict[str, str]:
    """Hex digests by algorithm of the open file ``fd``, read from its start.

    Raises:
        OSError: The file cannot be read.
        UsageError: An algorithm is not known.
    """
    digests = {algorithm: new_digest(algorithm) for algorithm in algorithms}
    offset = 0
    while digests and (block := os.pread(fd, BLOCK_BYTES, offset)):
        offset += len(block)
        for digest in digests.values():
            digest.update(block)
    return {algorithm: digest.hexdigest() for algorithm, digest in digests.items()}


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Hex sha256 of the file ``path``, read in blocks.

    Raises:
        OSError: The file cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return digest_file(fd, ("sha256",))["sha256"]
    finally:
        os.close(fd)


class WriteRecord:
    """Which bytes of a file were written, and their sha256 if in order.

    Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._restart()

    def _restart(self) -> None:
        self._digest: hashlib._Hash | None = new_digest("sha256")
        self._extents: list[tuple[int, int]] = []

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
            elif size_bytes < self._end():
                self._digest = None
                self._extents = [
                    (start, min(end, size_bytes))
                    for start, end in self._extents
                    if start < size_bytes
                ]

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
