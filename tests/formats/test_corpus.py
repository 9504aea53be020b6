"""What a real server exports of every control, and a real browser draws, in every
format.

``corpus`` holds the exports; ``tests/live/record_corpus.py`` and
``tests/live/record_browser.py`` write it, and live tests hold it against the server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Report, Settings, convert
from ls_tools.errors import MissingDependencyError
from ls_tools.formats import FORMATS, load_format
from services.corpus import regions_of

CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.json"))
POLICIES = ("all", "predictions", "drafts")

every_export = pytest.mark.parametrize("name", NAMES)
every_format = pytest.mark.parametrize("to", list(FORMATS))


def run(name: str, to: str, out: Path, select: str, cache_dir: Path) -> Report:
    settings = Settings(cache_dir=cache_dir, mode="offline")
    config = CORPUS / f"{name}.xml"
    source = CORPUS / f"{name}.json"
    try:
        return convert(source, to, out, config=config, settings=settings, select=select)
    except MissingDependencyError as error:
        pytest.skip(error.hint)


def selected_regions(name: str, to: str, select: str) -> int:
    """The truth, counted without ls_tools: regions of all that ``select`` takes."""
    kind = "annotations" if select == "all" else select
    keeps_cancelled = load_format(to).keeps_cancelled
    tasks: list[dict[str, Any]] = json.loads((CORPUS / f"{name}.json").read_bytes())
    return sum(
        regions_of(entry)
        for task in tasks
        for entry in task[kind]
        if keeps_cancelled or not entry.get("was_cancelled")
    )


def content_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@every_export
@every_format
def test_every_region_of_real_exports_is_written_or_listed(
    tmp_path: Path, name: str, to: str
) -> None:
    for select in POLICIES:
        report = run(name, to, tmp_path / select, select, tmp_path / "cache")
        report.check()
        assert report.regions_in == selected_regions(name, to, select)
        written = content_of(tmp_path / select)
        assert report.files_written == len(written) - 2
    assert {path.name for path in tmp_path.iterdir()} <= {*POLICIES, "cache"}


@every_export
@every_format
def test_real_exports_give_the_same_bytes_each_time(
    tmp_path: Path, name: str, to: str
) -> None:
    for out in ("once", "again"):
        run(name, to, tmp_path / out, "all", tmp_path / "cache")
    assert content_of(tmp_path / "once") == content_of(tmp_path / "again")


def test_the_corpus_is_small() -> None:
    assert len(NAMES) > 12
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < 400_000
