from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import (
    CONFIG,
    Stages,
    Workshop,
    box,
    mood,
    task,
    usable_formats,
)

from ls_tools import Settings, convert
from ls_tools.errors import (
    LabelConfigError,
    LossError,
    NotAnExportError,
    NotFoundError,
    OutputError,
    UsageError,
)
from ls_tools.label_config import parse_label_config
from ls_tools.resolver.lazy import LazyResolver

TASKS = [task(1, box()), task(2, box(), mood()), task(3)]
INFERRED = "No label config was given: it was inferred from the results."
ALL = usable_formats()


@pytest.mark.parametrize("to", ALL)
def test_two_runs_give_the_same_bytes(workshop: Workshop, to: str) -> None:
    for number in (1, 2, 3):
        workshop.add_picture(number)
    media = "copy" if to in {"coco", "yolo"} else "none"
    workshop.convert(TASKS, to, config=CONFIG, media=media)
    first = workshop.tree()
    report = json.loads((workshop.out / "report.json").read_text())
    workshop.convert(TASKS, to, config=CONFIG, media=media)
    assert workshop.tree() == first
    assert "run" not in report
    assert {"manifest.jsonl", "report.json"} < set(first)
    assert report["files_written"] == len(first) - 2


@pytest.mark.parametrize("to", ALL)
def test_a_dry_run_writes_nothing_and_opens_no_connection(
    workshop: Workshop, to: str
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        sizeless = box(original_width=None, original_height=None)
        tasks = [
            task(1, sizeless, image=f"{url}/a.png"),
            task(2, sizeless, image="/data/upload/1/a.png"),
        ]
        settings = Settings(
            url=url,
            token="t",
            cache_dir=workshop.folder / "cache",
            read_timeout_s=0.1,
            retry_attempts=1,
        )
        before = sorted(workshop.folder.iterdir())
        report = workshop.convert(
            tasks,
            to,
            media="copy",
            dry_run=True,
            settings=settings,
            split="train=0.5,val=0.5",
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert report.tasks_in == 2
    assert report.media.failed == []
    assert sorted(workshop.folder.iterdir()) == before
    assert not workshop.out.exists()


def test_strict_publishes_nothing_where_something_is_lost(workshop: Workshop) -> None:
    workshop.convert(TASKS[:1], "coco", config=CONFIG, strict=True)
    before = workshop.tree()
    with pytest.raises(LossError, match=r"skipped: 1\. Nothing") as caught:
        workshop.convert(TASKS, "coco", config=CONFIG, strict=True)
    assert workshop.tree() == before
    assert caught.value.data["report"].tasks_in == 3
    assert "Choices" in caught.value.hint


def test_strict_counts_media_that_failed(workshop: Workshop) -> None:
    with pytest.raises(LossError, match="strict: media failed: 1"):
        workshop.convert(TASKS[:1], "yolo", config=CONFIG, media="copy", strict=True)
    assert not workshop.out.exists()


def test_strict_counts_tasks_that_could_not_be_read(workshop: Workshop) -> None:
    export = json.dumps([*TASKS[:1], 5]).encode()
    with pytest.raises(LossError, match="strict: tasks left out: 1") as caught:
        workshop.convert(export, "coco", config=CONFIG, strict=True)
    assert "not a task" in caught.value.hint


def test_tasks_that_nobody_labeled_are_no_loss(workshop: Workshop) -> None:
    tasks = [*TASKS[:1], {"id": 9, "data": {}}]
    report = workshop.convert(tasks, "coco", config=CONFIG, strict=True)
    assert (report.tasks_in, report.tasks_written) == (2, 1)


def test_limit_reads_only_so_many_tasks(workshop: Workshop) -> None:
    assert workshop.convert(TASKS, "coco", config=CONFIG, limit=2).tasks_in == 2
    assert workshop.convert(TASKS, "csv", config=CONFIG, limit=0).tasks_in == 0


def test_an_inferred_config_is_told(workshop: Workshop) -> None:
    assert workshop.convert(TASKS, "coco").warnings[0] == INFERRED
    assert INFERRED not in workshop.convert(TASKS, "coco", config=CONFIG).warnings


def test_a_config_may_be_a_value(workshop: Workshop) -> None:
    config = parse_label_config(CONFIG)
    given = json.dumps(TASKS).encode()
    path = workshop.folder / "tasks.json"
    path.write_bytes(given)
    report = convert(path, "coco", workshop.out, config=config)
    assert report.tasks_written == 3
    assert INFERRED not in report.warnings


def test_a_config_that_is_missing_or_broken_is_named(workshop: Workshop) -> None:
    with pytest.raises(NotFoundError, match=r"no\.xml"):
        workshop.convert(TASKS, "coco", config=workshop.folder / "no.xml")
    with pytest.raises(LabelConfigError):
        workshop.convert(TASKS, "coco", config="<View>")
    assert not workshop.out.exists()


@pytest.mark.parametrize("name", [".", "result.json", "deeper/../result.json"])
def test_an_input_in_the_output_is_not_replaced(workshop: Workshop, name: str) -> None:
    workshop.convert(TASKS, "json", config=CONFIG)
    (workshop.out.parent / "link").symlink_to(workshop.out)
    before = workshop.tree()
    for out in (workshop.out, workshop.out.parent / "link"):
        with pytest.raises(UsageError, match="output folder"):
            convert(workshop.out / name, "csv", out, settings=Settings())
    assert workshop.tree() == before


def test_an_output_in_the_input_folder_is_not_read_as_input(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS))
    with pytest.raises(UsageError, match="output folder"):
        convert(tmp_path, "json", tmp_path / "out", settings=Settings())
    assert not (tmp_path / "out").exists()
    report = convert(
        tmp_path, "json", tmp_path / "out", settings=Settings(), dry_run=True
    )
    assert report.tasks_in == len(TASKS)


def test_no_more_of_a_config_is_read_than_may_be(workshop: Workshop) -> None:
    path = workshop.folder / "huge.xml"
    path.touch()
    os.truncate(path, 2**42)
    with pytest.raises(LabelConfigError):
        workshop.convert(TASKS, "coco", config=path)


def test_untouched_tasks_are_written_on_request(workshop: Workshop) -> None:
    untouched = {"id": 9, "data": {"image": "/data/local-files/?d=x.png"}}
    tasks = [*TASKS, untouched]
    report = workshop.convert(tasks, "coco", config=CONFIG)
    assert (report.tasks_written, report.tasks_skipped[0].reason) == (
        3,
        "no annotation",
    )
    report = workshop.convert(tasks, "coco", config=CONFIG, include_unlabeled=True)
    assert report.tasks_written == 4


def test_media_are_copied(workshop: Workshop) -> None:
    source = workshop.add_picture(1)
    report = workshop.convert(TASKS[:1], "yolo", config=CONFIG, media="copy")
    copy = workshop.out / "images" / "p1.png"
    assert copy.read_bytes() == source.read_bytes()
    assert not copy.is_symlink()
    assert (report.media.references, report.media.failed) == (1, [])


def test_media_are_linked(workshop: Workshop) -> None:
    source = workshop.add_picture(1)
    workshop.convert(TASKS[:1], "yolo", config=CONFIG, media="symlink")
    link = workshop.out / "images" / "p1.png"
    assert link.is_symlink()
    assert Path(os.path.realpath(link)) == source.resolve()


def test_no_media_are_placed_unless_asked_for(workshop: Workshop) -> None:
    workshop.add_picture(1)
    workshop.convert(TASKS[:1], "yolo", config=CONFIG)
    assert not (workshop.out / "images").exists()
    workshop.convert(TASKS[:1], "YOLO_WITH_IMAGES", config=CONFIG)
    assert (workshop.out / "images" / "p1.png").exists()
    workshop.convert(TASKS[:1], "YOLO_WITH_IMAGES", config=CONFIG, media="none")
    assert not (workshop.out / "images").exists()


def test_a_medium_that_failed_is_in_the_report(workshop: Workshop) -> None:
    """F32."""
    workshop.add_picture(1)
    report = workshop.convert(TASKS[:2], "yolo", config=CONFIG, media="copy")
    (failed,) = report.media.failed
    assert failed.task_id == 2
    assert "p2.png" in failed.reference
    assert failed.cause


def test_a_failed_run_leaves_the_old_output(workshop: Workshop) -> None:
    workshop.convert(TASKS, "json")
    before, beside = workshop.tree(), sorted(workshop.folder.iterdir())
    whole = json.dumps(TASKS).encode()
    for broken in (b"", whole[:-40], b"<html>"):
        with pytest.raises(NotAnExportError):
            workshop.convert(broken, "json")
        assert workshop.tree() == before
        assert sorted(workshop.folder.iterdir()) == beside


def test_a_run_replaces_the_output_of_another_format(workshop: Workshop) -> None:
    workshop.convert(TASKS, "coco", config=CONFIG)
    workshop.convert(TASKS, "csv", config=CONFIG)
    assert set(workshop.tree()) == {"result.csv", "manifest.jsonl", "report.json"}


def test_a_folder_of_someone_else_is_refused_before_reading(workshop: Workshop) -> None:
    workshop.out.mkdir()
    (workshop.out / "mine.txt").write_text("x")
    with pytest.raises(OutputError):
        workshop.convert(workshop.folder / "no.json", "csv")
    assert [path.name for path in workshop.out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("to", ALL)
def test_progress_is_one_stage_at_a_time(workshop: Workshop, to: str) -> None:
    for number in (1, 2, 3):
        workshop.add_picture(number)
    stages = Stages()
    options = {"media": "copy"} if to in {"coco", "yolo"} else {}
    workshop.convert(TASKS, to, config=CONFIG, progress=stages, **options)
    assert stages.open == []
    assert stages.deepest == 1
    assert {label for label, _ in stages.log} == {"tasks"}
    assert all(done == 3 for done in stages.done)


def test_progress_ends_with_a_failure(workshop: Workshop) -> None:
    stages = Stages()
    cut = json.dumps(TASKS).encode()[:-40]
    with pytest.raises(NotAnExportError):
        workshop.convert(cut, "json", config=CONFIG, progress=stages)
    assert stages.open == []


def test_media_are_asked_for_together(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes one by one would wait for every answer."""
    asked: list[int] = []
    paths = LazyResolver.paths

    def watched(self: LazyResolver, requests: Any) -> Any:
        asked.append(len(requests))
        return paths(self, requests)

    monkeypatch.setattr(LazyResolver, "paths", watched)
    for number in range(1, 6):
        workshop.add_picture(number)
    tasks = [task(number, box()) for number in range(1, 6)]
    report = workshop.convert(tasks, "coco", config=CONFIG, media="copy")
    assert (asked, report.media.references, report.media.failed) == ([5], 5, [])
