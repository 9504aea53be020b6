"""A file of records, or one per split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ls_tools.output.destination import Output
    from ls_tools.output.items import Item
    from ls_tools.output.streams import Layout, RecordStream


class RecordFiles:
    """Writes records; files appear with their first one.

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
        self._streams: dict[str, RecordStream] = {}

    def write(self, record: bytes, item: Item) -> None:
        """Write a record into the file of its item's split.

        Raises:
            OutputError: It cannot be written.
        """
        split = self._output.split_of(item)
        stream = self._streams.get(split)
        if stream is None:
            stream = self._streams[split] = self._open(item)
        stream.write(record)

    def finish(self) -> None:
        """Make the one file where there is none."""
        if not self._output.has_records:
            self._open(None)

    def _open(self, item: Item | None) -> RecordStream:
        name = self._output.file_name(self._base, self._extension, item)
        return self._output.records(name, self._layout)
