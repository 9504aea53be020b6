"""The promises about what ls_tools depends on."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_lowest_versions_tested_are_those_promised() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block
    lowest = re.findall(r'"([\w.-]+)>=([\w.]+)"', block[1])
    constraints = ROOT / "tests" / "min-constraints.txt"
    pinned = [tuple(line.split("==")) for line in constraints.read_text().splitlines()]
    assert pinned == sorted(lowest)
