"""The page on what formats keep says what conversions of real exports give."""

from __future__ import annotations

from pathlib import Path

import pytest
from judges.fidelity import CORPUS, INTRODUCTION, OWN, PAGE, TITLES, section


@pytest.mark.parametrize("name", list(TITLES))
def test_the_page_says_what_formats_keep(name: str, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert section(name, tmp_path) in page, "run python tests/judges/fidelity.py"


def test_the_page_has_every_kind_of_object() -> None:
    found = {path.stem for path in CORPUS.glob("*.json")}
    again = {name for name in found if name.startswith("browser_")}
    assert found - again <= set(TITLES) <= found | OWN
    assert PAGE.read_text(encoding="utf-8").startswith(INTRODUCTION)
