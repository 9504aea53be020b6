"""CSV and TSV: one row per annotation, one column per data key and control."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ls_tools.formats.protocol import DivisibleFormat, Writing, option
from ls_tools.output import Layout, RecordFiles
from ls_tools.output.record_survey import RecordSurvey
from ls_tools.output.records import (
    CHAT_TYPES,
    build_record,
    chat_transcript,
    collapse,
    count_regions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Output
    from ls_tools.output.records import Record, RecordKeys

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


class CsvFormat(DivisibleFormat):
    """``result.csv``, RFC 4180 in UTF-8; every text is quoted, no number is."""

    name: ClassVar[str] = "csv"
    aliases: ClassVar[tuple[str, ...]] = ("CSV",)
    summary: ClassVar[str] = "one row per annotation, comma-separated"
    options_type: ClassVar[type[Any]] = TabularOptions
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    delimiter: ClassVar[str] = ","

    looks_ahead: ClassVar[bool] = True

    def survey(self, items: Iterable[Item]) -> RecordSurvey:
        """What columns there are."""
        return RecordSurvey.of(items)

    def begin(
        self,
        config: LabelConfig,
        output: Output,
        options: TabularOptions,
        survey: RecordSurvey,
    ) -> Writing:
        """Begin the table, or one per split, all with the same columns."""
        del config
        columns, keys = survey.columns()
        spelling = _Spelling(
            delimiter=self.delimiter, escapes_formulas=options.escape_formulas
        )
        table = _Table(columns, keys, spelling)
        header = table.header() if options.header else b""
        files = RecordFiles(output, self.name, Layout(begin=header, empty=header))
        return _Rows(output, table, files)


class TsvFormat(CsvFormat):
    """``result.tsv``, the same with tabs."""

    name: ClassVar[str] = "tsv"
    aliases: ClassVar[tuple[str, ...]] = ("TSV",)
    summary: ClassVar[str] = "one row per annotation, tab-separated"
    delimiter: ClassVar[str] = "\t"


class _Rows(Writing):
    """Rows being written."""

    def __init__(self, output: Output, table: _Table, files: RecordFiles) -> None:
        self._tally = output.tally
        self._table = table
        self._files = files

    def add(self, items: Iterable[Item]) -> None:
        """Write a row for each item."""
        for item in items:
            self._files.write(self._table.row(item), item)
            count_regions(item, self._tally)

    def finish(self) -> None:
        """Complete the tables."""
        self._files.finish()
        self._table.keys.warn(self._tally)


class _Table:
    """Rows of records.

    Args:
        columns: The names of the columns.
        keys: The keys that records go by.
        spelling: How cells are written.
    """

    def __init__(
        self, columns: Sequence[str], keys: RecordKeys, spelling: _Spelling
    ) -> None:
        self._columns = columns
        self.keys = keys
        self._spelling = spelling

    def header(self) -> bytes:
        """The names of the columns."""
        return self._spelling.row(map(self._spelling.text, self._columns))

    def row(self, item: Item) -> bytes:
        """The row of an item."""
        record = build_record(item, self.keys)
        cells = self._answers(record)
        for fields in (record.data, record.facts):
            for name, value in fields.items():
                cells[name] = self._spelling.value(value)
        # The server writes the annotator as text and everything else as it is.
        annotator = record.facts["annotator"]
        if annotator is not None:
            cells["annotator"] = self._spelling.text(str(annotator))
        return self._spelling.row(map(cells.get, self._columns, _EMPTY_CELLS))

    def _answers(self, record: Record) -> dict[str, str]:
        cells: dict[str, str] = {}
        keys, text = self.keys, self._spelling.text
        for control, results in record.answers.items():
            cells[keys.of_answer(control)] = text(_text_of(collapse(results)))
            if any(result.type in CHAT_TYPES for result in results):
                cells[keys.of_transcript(control)] = text(chat_transcript(results))
        if record.history:
            cells["history"] = text(_compact(record.history))
        return cells


class _Spelling:
    """Cells as RFC 4180 has them, every text quoted, no number."""

    def __init__(self, *, delimiter: str, escapes_formulas: bool) -> None:
        self._delimiter = delimiter
        self.text = _quote_defused if escapes_formulas else _quote

    def row(self, cells: Iterable[str]) -> bytes:
        """Cells that are spelled, as a row."""
        return (self._delimiter.join(cells) + "\r\n").encode()

    def value(self, value: Any) -> str:
        """The cell of a value of JSON."""
        if isinstance(value, str):
            return self.text(value)
        if value is None:
            return _EMPTY
        if isinstance(value, dict | list):
            return self.text(_encode(value).decode())
        return str(value)


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quote_defused(text: str) -> str:
    return _quote("'" + text if text.startswith(_FORMULA_STARTS) else text)


_EMPTY = _quote("")
_EMPTY_CELLS = repeat(_EMPTY)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def _text_of(answer: bytes) -> str:
    """The text that an answer is, or its JSON."""
    if answer.startswith(b'"'):
        return msgspec.json.decode(answer, type=str)
    return _compact(answer)


def _compact(text: bytes) -> str:
    """JSON without white space; as it stands where a number is out of range."""
    try:
        return _encode(_decode(text)).decode()
    except msgspec.DecodeError:
        return text.decode()
