"""Files of records that are written in runs, maybe by several processes.

Knows no format. What stands before, between and after the records is stated once,
so that a run can be written without knowing what comes before it.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_COPY_BYTES = 2**20


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of records holds beside them.

    Attributes:
        begin: Before the first record.
        between: Between two of them.
        end: After the last.
        empty: The whole file where there is no record.
    """

    begin: bytes = b""
    between: bytes = b""
    end: bytes = b""
    empty: bytes = b""


JSON_ARRAY = Layout(begin=b"[\n", between=b",\n", end=b"\n]\n", empty=b"[]\n")
"""A JSON array, one entry a line."""


class RecordStream:
    """Records that come one after the other.

    Args:
        file: Where they go.
        layout: What stands beside them.
        is_part: They continue what other processes write: nothing stands before
            or after them.

    Attributes:
        layout: What stands beside them.
        is_empty: There is none yet.
    """

    def __init__(
        self, file: IO[bytes], layout: Layout, *, is_part: bool = False
    ) -> None:
        self.layout: Layout = layout
        self.is_empty: bool = True
        self._file = file
        self._before = b"" if is_part else layout.begin
        self._is_finished = is_part

    def write(self, records: bytes) -> None:
        """Write one record, or several with what stands between them.

        Raises:
            OutputError: They cannot be written.
        """
        self._file.write(self._before + records)
        if self.is_empty:
            self.is_empty = False
            self._before = self.layout.between

    def append(self, part: Path) -> None:
        """Write the records that another process wrote, at least one.

        Raises:
            OSError: They cannot be read.
            OutputError: They cannot be written.
        """
        import shutil  # for who joins parts, not for who writes them

        self.write(b"")
        with part.open("rb") as file:
            shutil.copyfileobj(file, self._file, _COPY_BYTES)

    def finish(self) -> IO[bytes]:
        """Write what stands after the last record, once.

        Returns:
            The file, for what comes behind.

        Raises:
            OutputError: It cannot be written.
        """
        if not self._is_finished:
            self._is_finished = True
            self._file.write(self.layout.empty if self.is_empty else self.layout.end)
        return self._file
