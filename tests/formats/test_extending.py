"""The worked example of a format in docs/extending.md runs as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ls_tools import Settings, convert
from ls_tools.formats import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FORMATS, "_targets", dict(FORMATS._targets))
    block, _ = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102 -- our own page


@pytest.mark.usefixtures("_registered")
def test_the_format_of_the_page_lists_the_media(tmp_path: Path) -> None:
    result = [
        {"id": "a", "from_name": "b", "to_name": "i", "type": "rectanglelabels"},
        {"id": "c", "from_name": "b", "to_name": "i", "type": "rectanglelabels"},
    ]
    task = {
        "id": 1,
        "data": {"image": "/data/local-files/?d=x/a.png"},
        "annotations": [{"id": 1, "result": result}],
    }
    export = tmp_path / "tasks.json"
    export.write_text(json.dumps([task]))
    settings = Settings(cache_dir=tmp_path / "cache")
    report = convert(export, "filelist", tmp_path / "out", settings=settings)
    assert (tmp_path / "out/result.txt").read_text() == "images/a.png\n"
    assert (report.regions_in, report.regions_written) == (2, 0)
    assert report.skipped[0].reason == "labels are not listed"
