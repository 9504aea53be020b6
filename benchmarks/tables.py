"""Results as Markdown."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from results import Results, Row, Spread

_HEAD = (
    "| what | ls_tools | beside it | | times as good | wanted | reached |",
    "|---|--:|---|--:|--:|--:|---|",
)
_SHORT_HEAD = (
    "| what | ls_tools | beside it | | times as good |",
    "|---|--:|---|--:|--:|",
)
_THOUSAND = 1000


def whole_table(results: Results) -> str:
    """Every row, by section, and on what they were measured."""
    lines = [about_line(results), "", versions_line(results)]
    for section in dict.fromkeys(row.section for row in results.rows):
        rows = [row for row in results.rows if row.section == section]
        lines += ["", f"### {section}", "", *_HEAD, *_lines_of(results, rows)]
    if results.missing:
        lines += ["", "Not measured:", ""]
        lines += [f"- {name}: {why}" for name, why in results.missing.items()]
    return "\n".join(lines) + "\n"


def about_line(results: Results) -> str:
    """A sentence about the machine and the run."""
    about = results.about
    quick = (
        "**A quick run: the inputs are small, so that starting up weighs most; what "
        "is wanted holds for full runs.** "
        if about["quick"]
        else ""
    )
    return (
        f"{quick}{about['cores']} cores ({about['processor']}), "
        f"{about['memory_gb']:.0f} GB, Python {about['python']}, {about['system']}, "
        f"files on {about['files_on']}; {about['date']}; medians (lowest to highest), "
        f"rounds by turns: {about['rounds']}; "
        f"{sum(results.took_s.values()) / 60:.0f} minutes in all."
    )


def versions_line(results: Results) -> str:
    """What was measured."""
    versions = results.about["versions"].items()
    return ", ".join(f"{name} {version}" for name, version in versions) + "."


def short_table(results: Results, quoted: Iterable[tuple[str, str, str]]) -> str:
    """Some of the rows, for pages that quote a few.

    Args:
        results: Of a run.
        quoted: The section and name of each row, and how what stands beside begins;
            the first row that fits, or none.
    """
    lines = [*_SHORT_HEAD]
    for section, name, beside in quoted:
        found = (
            row
            for row in results.rows
            if (row.section, row.name) == (section, name)
            if row.beside.startswith(beside)
        )
        lines += [_line(_cells(row)) for row in itertools.islice(found, 1)]
    return "\n".join(lines) + "\n"


def _lines_of(results: Results, rows: Iterable[Row]) -> Iterator[str]:
    """One line a row; what is as in the line above is left empty."""
    above = ""
    for row in rows:
        reached = {True: "yes", False: "**no**", None: ""}[results.reached(row)]
        cells = [*_cells(row), _wanted_of(row), reached]
        if row.what == above:
            cells[:2] = ["", ""]
        above = row.what
        yield _line(cells)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    return [
        row.what,
        with_unit(row.ours, row.unit),
        row.beside,
        with_unit(row.theirs, row.unit) if row.theirs else "",
        _times_of(row.ratio),
    ]


def with_unit(spread: Spread, unit: str) -> str:
    """A median with its unit, and between what it was."""
    text = f"{number(spread.median)} {unit}"
    if spread.rounds == 1 or number(spread.low) == number(spread.high):
        return text
    return f"{text} ({number(spread.low)}–{number(spread.high)})"


def number(value: float) -> str:
    """Three digits that count, or all before the point."""
    if abs(value) >= _THOUSAND or value == 0:
        return f"{value:,.0f}"
    digits = f"{value:.3g}"
    return f"{float(digits):g}"


def _times_of(ratio: Spread | None) -> str:
    if ratio is None:
        return ""
    text = f"{number(ratio.median)}×"
    if ratio.rounds == 1 or number(ratio.low) == number(ratio.high):
        return text
    return f"{text} ({number(ratio.low)}–{number(ratio.high)})"


def _wanted_of(row: Row) -> str:
    if row.wanted is None:
        return ""
    sign = "≥" if row.wanted.bound == "at least" else "≤"
    unit = "×" if row.wanted.figure == "ratio" else f" {row.unit}"
    return f"{sign} {number(row.wanted.value)}{unit}"
