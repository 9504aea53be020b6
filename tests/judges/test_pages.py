"""Each page of a format: the program under "Load it" prints what the page says.

The page ``yolo.md`` shows ``dataset/`` as made from ``tests/formats/golden/yolo``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ls_tools import Report

PAGES = Path(__file__).parents[2] / "docs" / "formats"

SECTION = re.compile(r"^## Load it\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def loading_pages() -> list[str]:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    return sorted(name for name, text in texts.items() if SECTION.search(text))


@pytest.mark.parametrize("name", loading_pages())
def test_the_program_of_a_page_prints_what_the_page_says(
    name: str,
    converted: Callable[[str], tuple[Path, Report]],
    tmp_path: Path,
    judge: Callable[[str], object],
) -> None:
    program, expected = blocks(name)
    for module in re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE):
        judge(module)
    folder, _ = converted(name)
    folder.rename(tmp_path / "dataset")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert strip_lines(done.stdout) == strip_lines(expected)


def blocks(name: str) -> tuple[str, str]:
    """The program of a page, and what it prints."""
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    section = SECTION.search(text)
    assert section is not None
    found = FENCE.findall(section[1])
    assert [language for language, _ in found] == ["python", "text"], (
        'below "## Load it" stand one python block and one text block'
    )
    return found[0][1], found[1][1]


def strip_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
