"""CSV and TSV: one row per annotation, one column per data key and control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ls_tools.formats.protocol import Format, option
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
    from collections.abc import Iterable

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output
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


class CsvFormat(Format):
    """``result.csv``, RFC 4180 in UTF-8; every text is quoted, no number is."""

    name: ClassVar[str] = "csv"
    aliases: ClassVar[tuple[str, ...]] = ("CSV",)
    summary: ClassVar[str] = "one row per annotation, comma-separated"
    options_type: ClassVar[type[Any]] = TabularOptions
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    delimiter: ClassVar[str] = ","

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: TabularOptions
    ) -> None:
        """Write the table, or one per split, all with the same columns.

        They come from a first pass over the items.
        """
        del config
        columns, keys = RecordSurvey.of(items.scan()).columns()
        escapes = options.escape_formulas
        rows = _Rows(delimiter=self.delimiter, escapes_formulas=escapes)
        header = rows.encode(columns) if options.header else b""
        layout = Layout(begin=header, empty=header)
        files = RecordFiles(output, self.name, layout)
        for item in items:
            cells = _cells(build_record(item, keys), keys)
            files.write(rows.encode(cells.get(name, "") for name in columns), item)
            count_regions(item, output.tally)
        files.finish()
        keys.warn(output.tally)


class TsvFormat(CsvFormat):
    """``result.tsv``, the same with tabs."""

    name: ClassVar[str] = "tsv"
    aliases: ClassVar[tuple[str, ...]] = ("TSV",)
    summary: ClassVar[str] = "one row per annotation, tab-separated"
    delimiter: ClassVar[str] = "\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """How rows are spelled."""

    delimiter: str
    escapes_formulas: bool

    def encode(self, cells: Iterable[Any]) -> bytes:
        """A row as RFC 4180 has it, every text quoted, no number."""
        return (self.delimiter.join(map(self._spell, cells)) + "\r\n").encode()

    def _spell(self, cell: Any) -> str:
        text = str(cell)
        if not isinstance(cell, str):
            return text
        if self.escapes_formulas and text.startswith(_FORMULA_STARTS):
            text = "'" + text
        return '"' + text.replace('"', '""') + '"'


def _cells(record: Record, keys: RecordKeys) -> dict[str, Any]:
    cells = {name: _data_cell(value) for name, value in record.data.items()}
    for control, results in record.answers.items():
        cells[keys.of_answer(control)] = _answer_cell(collapse(results))
        if any(result.type in CHAT_TYPES for result in results):
            cells[keys.of_transcript(control)] = chat_transcript(results)
    if record.history:
        cells["history"] = _compact(record.history)
    cells.update((name, _data_cell(value)) for name, value in record.facts.items())
    # The server writes the annotator as text and everything else as it is.
    cells["annotator"] = str(cells["annotator"])
    return cells


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
