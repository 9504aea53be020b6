"""A file of records, or one per split: what stands before, between and after them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ls_tools.output.destination import Output
    from ls_tools.output.items import Item


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


class RecordFiles:
    """Writes records in a ``with`` statement; files appear with their first one.

    Where no record comes at all there is one file, that of no split.

    Args:
        output: Where the files are.
        extension: Of their names, without the dot.
        layout: What stands beside the records.
        base: The name of the file where there is no split.
    """

    def __init__(
        self, output: Output, extension: str, layout: Layout, *, base: str = "result"
    ) -> None:
        self._output = output
        self._base, self._extension = base, extension
        self._layout = layout
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def write(self, record: bytes, item: Item) -> None:
        """Write a record into the file of its item's split.

        Raises:
            OutputError: It cannot be written.
        """
        split = self._output.split_of(item)
        file = self._files.get(split)
        if file is None:
            file = self._files[split] = self._open(item)
            file.write(self._layout.begin + record)
        else:
            file.write(self._layout.between + record)

    def __enter__(self) -> Self:
        """The files, to be completed on leaving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the files, unless something failed, and close them."""
        try:
            if kind is None:
                self._complete()
        except BaseException as exc:
            self._stack.__exit__(type(exc), exc, exc.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def _complete(self) -> None:
        for file in self._files.values():
            file.write(self._layout.end)
        if not self._files:
            self._open(None).write(self._layout.empty)

    def _open(self, item: Item | None) -> IO[bytes]:
        name = self._output.file_name(self._base, self._extension, item)
        return self._stack.enter_context(self._output.open(name))
