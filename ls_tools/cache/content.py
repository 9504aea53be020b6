"""The bytes of one file under way: held in memory while few, then on the disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ls_tools.cache.write_record import WriteRecord
from ls_tools.digests import digest_blocks, digest_file
from ls_tools.disk import write_all_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HELD_BYTES = 1 << 20
"""Most bytes of one file that are held: no more than come at once, so that holding
them takes little memory that is not taken already."""


class Held:
    """Bytes from the start of a file on, in the order in which they came.

    Attributes:
        size_bytes: Their number.
    """

    is_whole = True
    """Nothing is missing in between."""

    def __init__(self) -> None:
        self.size_bytes: int = 0
        self._pieces: list[bytes] = []

    def add(self, offset: int, chunk: bytes) -> bool:
        """Hold ``chunk`` too, if it comes next and is not too much; whether it is."""
        size_bytes = offset + len(chunk)
        if offset != self.size_bytes or size_bytes > HELD_BYTES:
            return False
        self._pieces.append(chunk)
        self.size_bytes = size_bytes
        return True

    def digests(self, algorithms: Collection[str]) -> dict[str, str]:
        """Hex digests by algorithm.

        Raises:
            UsageError: An algorithm is not known.
        """
        return digest_blocks(self._pieces, algorithms)

    def located(self) -> Iterator[tuple[int, bytes]]:
        """The pieces, and where they belong."""
        offset = 0
        for piece in self._pieces:
            yield offset, piece
            offset += len(piece)

    def write_to(self, fd: int) -> None:
        """Write it all to the open file ``fd``.

        Raises:
            OSError: It cannot be written.
        """
        for offset, piece in self.located():
            write_all_at(fd, piece, offset)


class Written:
    """Bytes that are written to a file as they come. Safe for many threads.

    Args:
        fd: The file, open for reading and writing.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._record = WriteRecord(self._read)

    def write_at(self, offset: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``offset`` bytes from the start.

        Raises:
            OSError: It cannot be written.
        """
        write_all_at(self._fd, chunk, offset)
        self._record.add(offset, chunk)

    def truncate(self, size_bytes: int) -> None:
        """Drop everything from ``size_bytes`` on.

        Raises:
            OSError: It cannot be written.
        """
        os.ftruncate(self._fd, size_bytes)
        self._record.truncate(size_bytes)

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return self._record.size_bytes

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing in between."""
        return self._record.covers(self.size_bytes)

    def digests(self, algorithms: Collection[str]) -> dict[str, str]:
        """Hex digests by algorithm; sha256 was computed while it was written.

        Raises:
            OSError: It cannot be read.
            UsageError: An algorithm is not known.
        """
        sha256 = self._record.sha256()
        known = {"sha256": sha256} if sha256 else {}
        return digest_file(self._fd, {*algorithms} - {*known}) | known

    def close(self) -> None:
        """End what digests; the file is not read any more."""
        self._record.close()

    def _read(self, size_bytes: int, offset: int) -> bytes:
        return os.pread(self._fd, size_bytes, offset)
