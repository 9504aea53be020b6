"""Every format against files that were checked by hand, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.goldens import Golden, golden, goldens, read_tree, rendered

from ls_tools.errors import MissingDependencyError
from ls_tools.formats import FORMATS

REPO = Path(__file__).parents[2]
PAGES = REPO / "docs" / "formats"
JUDGES = REPO / "tests" / "judges"


@pytest.mark.parametrize("one", goldens(), ids=lambda one: one.name)
def test_the_output_equals_the_files_checked_by_hand(
    one: Golden, tmp_path: Path
) -> None:
    try:
        one.convert(tmp_path / "out").check()
    except MissingDependencyError as exc:
        pytest.skip(str(exc))
    found, expected = rendered(read_tree(tmp_path / "out")), one.expected()
    assert sorted(found) == sorted(expected)
    for path, body in expected.items():
        assert found[path] == body, path


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_has_files_checked_by_hand(name: str) -> None:
    assert golden(name).expected()


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_has_a_page_that_loads_what_it_wrote(name: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")]
    named = [text for text in pages if f"`{name}`" in text]
    assert any("\n## Load it\n" in text for text in named)


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_has_a_judge(name: str) -> None:
    tests = [p.read_text(encoding="utf-8") for p in JUDGES.glob("test_*.py")]
    assert any(f'"{name}"' in text for text in tests)
