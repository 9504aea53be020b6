"""What formats of many files share: a table of them, ``index.csv``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ls_tools.output import Layout, RecordFiles
from ls_tools.output.records import annotator_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.formats.pictures import Labelled
    from ls_tools.output import Item, Output

_SPECIAL = re.compile('[",\r\n]')


class IndexFiles:
    """One CSV file per split, or one for everything: RFC 4180, UTF-8.

    Args:
        output: Where to.
        columns: The names of the columns.
    """

    def __init__(self, output: Output, columns: Sequence[str]) -> None:
        head = _line(columns)
        layout = Layout(begin=head, empty=head)
        self._output = output
        self._files = RecordFiles(output, "csv", layout, base="index")

    def add(self, item: Item, row: Sequence[Any]) -> None:
        """Append a row to the file of an item's split; None is an empty cell."""
        self._files.write(_line(row), item)

    def finish(self) -> None:
        """Complete the tables; an empty one where there was no row at all.

        At once, since they stand in the manifest before the lists of classes.
        """
        self._files.finish()
        self._output.tree.close_records()


def _line(row: Sequence[Any]) -> bytes:
    """A row; Python's own writer refuses NUL before 3.11."""
    cells = ("" if cell is None else _cell(str(cell)) for cell in row)
    return (",".join(cells) + "\r\n").encode("utf-8", "replace")


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


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
