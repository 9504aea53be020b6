"""The promises about what ls_tools depends on."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "min-constraints.txt"


def test_lowest_versions_tested_are_those_promised() -> None:
    base = [line for line in requires("ls-tools") or [] if "extra ==" not in line]
    lowest = [re.sub(r"^([\w.-]+)>=([\w.]+)$", r"\1==\2", line) for line in base]
    assert sorted(lowest) == CONSTRAINTS.read_text().splitlines()
