"""Reading alone: every task checked and typed, as all conversions do first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from conversions import FLOORS
from measuring import Side, compare
from results import Topic, figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measuring import Cost
    from plan import Export, Plan
    from results import Row

READ = """
import sys
from ls_tools.reading import read_tasks
with read_tasks(sys.argv[1]) as reader:
    for task in reader:
        pass
"""
LOAD = """
import json, sys
with open(sys.argv[1], "rb") as file:
    json.load(file)
"""


def rows(plan: Plan) -> Iterator[Row]:
    """Exports of boxes and of texts."""
    for kind in ("detection", "ner"):
        export = plan.export(kind, plan.size(50_000, 2_000))
        yield from _rows_of(plan, export)


def _rows_of(plan: Plan, export: Export) -> Iterator[Row]:
    sides = [
        _side("ours", READ, export),
        _side("`json.load`", LOAD, export),
        *(_side(name, text, export, tells_s=True) for name, text in FLOORS.items()),
    ]
    runs = compare(sides, plan.rounds, plan.folder)
    ours = figures(runs.pop("ours"), _wall_s)
    topic = Topic("Reading", "reading", f"{export} read", "s")
    for name, costs in runs.items():
        yield topic.beside(name, ours, figures(costs, _wall_s))


def _side(name: str, script: str, export: Export, *, tells_s: bool = False) -> Side:
    command = [sys.executable, "-c", script, str(export.path)]
    return Side(name, lambda _: command, tells_s=tells_s)


def _wall_s(cost: Cost) -> float:
    return cost.wall_s
