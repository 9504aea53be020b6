from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import Stages, Workshop, task

from ls_tools import fetch_media
from ls_tools.errors import NotAnExportError
from ls_tools.pipeline import media
from ls_tools.pipeline.media import MediaOutcome


def fetch(
    workshop: Workshop, tasks: list[dict[str, Any]], **options: Any
) -> MediaOutcome:
    path = workshop.folder / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return fetch_media(path, settings=workshop.settings, **options)


def test_each_reference_is_fetched_once(workshop: Workshop) -> None:
    sizes = [workshop.add_picture(n).stat().st_size for n in (1, 2)]
    tasks = [task(1), task(2), task(1, more=["/data/local-files/?d=p2.png"])]
    outcome = fetch(workshop, tasks)
    assert outcome.references == 2
    assert outcome.fetched + outcome.from_cache == 2
    assert outcome.failed == []
    assert outcome.size_bytes == sum(sizes)


def test_a_failure_names_its_task_and_stops_no_other(workshop: Workshop) -> None:
    workshop.add_picture(2)
    outcome = fetch(workshop, [task(1), task(2)])
    (failed,) = outcome.failed
    assert (failed.task_id, failed.kind) == (1, "wrong-root")
    assert outcome.fetched + outcome.from_cache == 1
    assert outcome.to_document()["failed"][0]["task_id"] == 1


def test_only_the_keys_asked_for_are_looked_at(workshop: Workshop) -> None:
    workshop.add_picture(1)
    tasks = [task(1, other="/data/local-files/?d=p9.png")]
    assert fetch(workshop, tasks, keys=["image"]).references == 1
    assert fetch(workshop, tasks).references == 2


def test_text_is_no_reference(workshop: Workshop) -> None:
    tasks = [{"id": 1, "data": {"text": "see https for more", "n": 3}}]
    assert fetch(workshop, tasks).references == 0


def test_progress_is_one_stage_over_all_batches(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "BATCH", 2)
    tasks = [task(n) for n in range(5)]
    for number in range(4):
        workshop.add_picture(number)
    stages = Stages()
    fetch(workshop, tasks, progress=stages)
    assert stages.log == [("media", 5)]
    assert stages.done == [5]
    assert stages.open == []


def test_a_pipe_is_read_once(workshop: Workshop) -> None:
    workshop.add_picture(1)
    path = workshop.folder / "tasks.json"
    path.write_text(json.dumps([task(1)]))
    with path.open("rb") as file:
        outcome = fetch_media(file, settings=workshop.settings)
    assert outcome.references == 1


def test_what_is_no_export_is_an_error(tmp_path: Path, workshop: Workshop) -> None:
    path = tmp_path / "x.json"
    path.write_text("[1, 2]")
    stages = Stages()
    with pytest.raises(NotAnExportError):
        fetch_media(path, settings=workshop.settings, progress=stages)
    assert stages.open == []
