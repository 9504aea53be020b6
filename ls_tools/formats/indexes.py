"""What formats of many files share: a table of them, ``index.csv``."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ls_tools.output.records import annotator_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from ls_tools.formats.pictures import Labelled
    from ls_tools.output import Item, Output


class IndexFiles:
    """One CSV file per split, or one for everything: RFC 4180, UTF-8.

    Args:
        output: Where to.
        columns: The names of the columns.
        stack: Closes the files.
    """

    def __init__(
        self, output: Output, columns: Sequence[str], stack: ExitStack
    ) -> None:
        self._output = output
        self._columns = columns
        self._stack = stack
        self._rows: dict[str, Any] = {}

    def add(self, item: Item, row: Sequence[Any]) -> None:
        """Append a row to the file of an item's split; None is an empty cell."""
        self._writer(self._output.file_name("index", "csv", item)).writerow(row)

    def finish(self) -> None:
        """Write an empty table where there was no row at all."""
        if not self._rows:
            self._writer("index.csv")

    def _writer(self, name: str) -> Any:
        writer = self._rows.get(name)
        if writer is None:
            file = self._stack.enter_context(self._output.open(name))
            text = io.TextIOWrapper(
                file, "utf-8", errors="replace", newline="", write_through=True
            )
            self._stack.callback(text.detach)
            writer = self._rows[name] = csv.writer(text)
            writer.writerow(self._columns)
        return writer


REGION_COLUMNS = ("task_id", "annotation_id", "annotator", "region_id", "from_name")
"""The columns of ``region_cells``."""


def region_cells(found: Labelled, item: Item) -> tuple[Any, ...]:
    """Whose region it is, and which one."""
    annotation = item.annotation
    return (
        item.task.id,
        annotation.id if annotation else None,
        annotator_of(annotation),
        found.region.id,
        found.drawing.result.from_name,
    )
