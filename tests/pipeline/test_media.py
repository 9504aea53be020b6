from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import Stages, Workshop, task

from ls_tools import fetch_media
from ls_tools.errors import NotAnExportError
from ls_tools.output.report import MediaFailure
from ls_tools.pipeline.media import MediaOutcome
from ls_tools.resolver import batch


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
    monkeypatch.setattr(batch, "_AHEAD", 2)
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


def test_failures_are_told_in_the_order_of_the_tasks(workshop: Workshop) -> None:
    for number in range(0, 60, 3):
        workshop.add_picture(number)
    outcome = fetch(workshop, [task(number) for number in range(60)])
    assert [one.task_id for one in outcome.failed] == [n for n in range(60) if n % 3]
    assert outcome.references == 60


def failure(reference: str, cause: str, kind: str = "not-found") -> MediaFailure:
    return MediaFailure(task_id=1, reference=reference, kind=kind, cause=cause)


def test_failures_are_grouped_by_cause() -> None:
    outcome = MediaOutcome(
        failed=[
            failure("https://h/1.png", "h is down.", "network"),
            *(
                failure(f"s3://b/{n} x.png", f"There is no object s3://b/{n} x.png. A.")
                for n in range(5)
            ),
            failure(
                "/data/upload/1/q.png", "Nothing at 'http://s/data/upload/1/q.png'."
            ),
            failure(
                "/data/upload/1/r.png", "Nothing at 'http://s/data/upload/1/r.png'."
            ),
        ]
    )
    told = [(one.kind, one.count, one.cause) for one in outcome.causes()]
    assert told == [
        ("not-found", 5, "There is no object … A."),
        ("not-found", 2, "Nothing at …"),
        ("network", 1, "h is down."),
    ]
    assert [one.reference for one in outcome.causes()[0].examples] == [
        "s3://b/0 x.png",
        "s3://b/1 x.png",
        "s3://b/2 x.png",
    ]
