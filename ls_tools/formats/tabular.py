"""CSV and TSV: one row per annotation, one column per data key and control."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ls_tools.formats.protocol import ClassIds, option
from ls_tools.output.records import (
    CHAT_TYPES,
    build_record,
    chat_transcript,
    collapse,
    count_record,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output
    from ls_tools.output.items import Item
    from ls_tools.output.records import Record

ALWAYS = ("annotation_id", "annotator", "created_at", "lead_time", "updated_at")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularOptions:
    """Options of CSV and TSV.

    Attributes:
        header: Write the column names first.
        escape_formulas: Put an apostrophe before text that a spreadsheet would
            run as a formula. Off, since it changes the text.
    """

    header: bool = option(default=True, help="Write the column names first.")
    escape_formulas: bool = option(
        default=False, help="Defuse cells that a spreadsheet would run as formulas."
    )


class CsvFormat:
    """``result.csv``, RFC 4180 in UTF-8; every text is quoted, no number is."""

    name: ClassVar[str] = "csv"
    aliases: ClassVar[tuple[str, ...]] = ("CSV",)
    summary: ClassVar[str] = "one row per annotation, comma-separated"
    controls: ClassVar[frozenset[str]] = frozenset()
    objects: ClassVar[frozenset[str]] = frozenset()
    extra: ClassVar[str] = ""
    options_type: ClassVar[type[Any]] = TabularOptions
    default_selection: ClassVar[str] = "all"
    keeps_cancelled: ClassVar[bool] = False
    keeps_unlabeled: ClassVar[bool] = True
    places_media: ClassVar[bool] = False
    class_ids: ClassVar[ClassIds] = "none"

    delimiter: ClassVar[str] = ","

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: TabularOptions
    ) -> None:
        """Write the table; the columns come from a first pass over the items."""
        controls = frozenset(config.controls)
        columns = _find_columns(items.scan(), controls)
        with output.open(f"result.{self.name}") as file:
            table = _Table(file, columns, self.delimiter, options)
            for item in items:
                record = build_record(item, controls)
                count_record(item, record, output.tally)
                table.write(record)
            table.flush()


class TsvFormat(CsvFormat):
    """``result.tsv``, the same with tabs."""

    name: ClassVar[str] = "tsv"
    aliases: ClassVar[tuple[str, ...]] = ("TSV",)
    summary: ClassVar[str] = "one row per annotation, tab-separated"
    delimiter: ClassVar[str] = "\t"


def _find_columns(items: Iterator[Item], controls: Collection[str]) -> list[str]:
    found = set(ALWAYS)
    for item in items:
        record = build_record(item, controls)
        found.update(record.data, record.facts, record.answers)
        found.update(f"{name}_transcript" for name in _chats(record))
        if record.history:
            found.add("history")
    return sorted(found)


def _chats(record: Record) -> list[str]:
    return [
        name
        for name, results in record.answers.items()
        if any(result.type in CHAT_TYPES for result in results)
    ]


class _Table:
    """Rows encoded to CSV in memory and written in large pieces."""

    _FLUSH_CHARACTERS = 1 << 20

    def __init__(
        self,
        file: BinaryIO,
        columns: list[str],
        delimiter: str,
        options: TabularOptions,
    ) -> None:
        self._file = file
        self._columns = columns
        self._escape = options.escape_formulas
        self._buffer = io.StringIO()
        self._writer = csv.writer(
            self._buffer,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONNUMERIC,
            lineterminator="\r\n",
        )
        if options.header:
            self._writer.writerow(map(self._safe, columns))

    def write(self, record: Record) -> None:
        """Add one row."""
        cells = self._cells(record)
        self._writer.writerow([self._safe(cells.get(x, "")) for x in self._columns])
        if self._buffer.tell() >= self._FLUSH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Hand what is buffered to the file."""
        self._file.write(self._buffer.getvalue().encode())
        self._buffer.seek(0)
        self._buffer.truncate()

    def _cells(self, record: Record) -> dict[str, Any]:
        cells = {name: _data_cell(value) for name, value in record.data.items()}
        for name, results in record.answers.items():
            cells[name] = _answer_cell(collapse(results))
        for name in _chats(record):
            cells[f"{name}_transcript"] = chat_transcript(record.answers[name])
        if record.history:
            cells["history"] = _compact(record.history)
        for name, value in record.facts.items():
            cells[name] = "" if value is None else value
        # The server writes the annotator as text and everything else as it is.
        cells["annotator"] = str(cells["annotator"])
        return cells

    def _safe(self, cell: Any) -> Any:
        if self._escape and isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
            return "'" + cell
        return cell


def _data_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return value


def _answer_cell(answer: bytes) -> str:
    if answer.startswith(b'"'):
        return msgspec.json.decode(answer, type=str)
    return _compact(answer)


def _compact(text: bytes) -> str:
    return msgspec.json.encode(msgspec.json.decode(text)).decode()
