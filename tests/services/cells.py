"""The table of what came of each source under each fault."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Cell(NamedTuple):
    """One case and what came of it; ``number`` is the place of its fault."""

    number: int
    fault: str
    source: str
    outcome: str


def table(cells: Iterable[Cell]) -> str:
    """A line per fault and outcome, with the sources that it came of."""
    groups: dict[tuple[int, str, str], list[str]] = {}
    for cell in sorted(cells):
        key = (cell.number, cell.fault, cell.outcome)
        groups.setdefault(key, []).append(cell.source)
    count = len({source for found in groups.values() for source in found})
    rows = [
        (fault, outcome, _name_all(found, count))
        for (_, fault, outcome), found in groups.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(
        f"{fault:{widths[0]}}  {outcome:{widths[1]}}  {found}\n"
        for fault, outcome, found in rows
    )


def _name_all(sources: list[str], count: int) -> str:
    return f"all {count}" if len(sources) == count else ", ".join(sources)
