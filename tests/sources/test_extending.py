"""The worked example of a source in docs/extending.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ls_tools import Resolver, Settings
from ls_tools.errors import NotFoundError
from ls_tools.sources import SOURCES, routes

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOURCES, "_targets", dict(SOURCES._targets))
    monkeypatch.setattr(routes, "_ROUTES", dict(routes._ROUTES))
    _, block = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102 -- our own page


@pytest.mark.usefixtures("_registered")
def test_the_source_of_the_page_feeds_the_cache(tmp_path: Path) -> None:
    with Resolver(Settings(cache_dir=tmp_path)) as resolver:
        path = resolver.path("shelf://first/hello.txt")
        assert path.read_bytes() == b"hello"
        assert path.is_relative_to(tmp_path)
        assert resolver.resolve("shelf://first/hello.txt").source == "shelf"
        with pytest.raises(NotFoundError, match="Look what is on the shelf"):
            resolver.path("shelf://first/other.txt")
