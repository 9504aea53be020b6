"""The Report adds up, is the same every time, and names what was lost."""

from __future__ import annotations

import json

import pytest

from ls_tools.errors import NotFoundError
from ls_tools.models import Annotation, Result, Task
from ls_tools.output import Item, Report, Tally
from ls_tools.output.tally import MAX_FAILURES, MAX_REASONS, MAX_WARNINGS, OTHER_REASONS
from ls_tools.regions import group_regions


def item_of(task_id: int, regions: int = 0, part: int = 0, parts: int = 1) -> Item:
    annotation = Annotation(
        result=[Result(id=f"r{number}") for number in range(regions)]
    )
    return Item(
        task=Task(id=task_id, index=task_id),
        annotation=annotation,
        regions=group_regions(annotation),
        part=part,
        parts=parts,
    )


def report_of(tally: Tally) -> Report:
    return tally.report("yolo", files_written=0)


def test_json_has_the_documented_shape() -> None:
    tally = Tally()
    tally.tasks_in, tally.annotations_in, tally.annotations_selected = 4, 6, 4
    tally.regions_in, tally.references, tally.fetched = 11, 4, 4
    tally.wrote(9)
    tally.skip("control not expressible: Choices", task_id=1, region_id="a1", count=2)
    tally.degrade("rotation dropped", task_id=2, region_id="b7")
    report = tally.report("yolo", files_written=11, seconds=0.4)
    report.check()
    expected = {
        "schema_version": 1,
        "format": "yolo",
        "tasks_in": 4,
        "tasks_written": 4,
        "tasks_skipped": [],
        "annotations_in": 6,
        "annotations_selected": 4,
        "regions_in": 11,
        "regions_written": 9,
        "skipped": [
            {
                "reason": "control not expressible: Choices",
                "count": 2,
                "examples": [{"task_id": 1, "region_id": "a1"}],
            }
        ],
        "degraded": [
            {
                "reason": "rotation dropped",
                "count": 1,
                "examples": [{"task_id": 2, "region_id": "b7"}],
            }
        ],
        "warnings": [],
        "media": {"references": 4, "failed": []},
        "files_written": 11,
        "run": {"seconds": 0.4, "fetched": 4, "from_cache": 0},
    }
    assert json.loads(report.to_json()) == expected
    assert list(json.loads(report.to_json())) == list(expected)
    del expected["run"]
    assert json.loads(report.to_json(run=False)) == expected


def test_report_without_run_does_not_depend_on_the_clock() -> None:
    fast, slow = Tally().report("x", files_written=0), Tally()
    slow.fetched = 3
    again = slow.report("x", files_written=0, seconds=9.0)
    assert fast.to_json(run=False) == again.to_json(run=False)


def test_counts_that_do_not_add_up_are_a_bug() -> None:
    tally = Tally()
    tally.tasks_in, tally.regions_in = 1, 2
    tally.wrote()
    with pytest.raises(AssertionError, match="2 regions in, 1 written, 0 skipped"):
        report_of(tally).check()
    tally.skip("no area", task_id=1)
    report_of(tally).check()
    tally.skip_task("x", task_id=1)
    tally.skip_task("x", task_id=1)
    with pytest.raises(AssertionError, match="1 tasks in"):
        report_of(tally).check()


def test_examples_are_the_first_five() -> None:
    tally = Tally()
    for number in range(50):
        tally.skip("no area", task_id=number, region_id=f"r{number}")
    (loss,) = report_of(tally).skipped
    assert loss.count == 50
    assert [example.task_id for example in loss.examples] == [0, 1, 2, 3, 4]


def test_a_region_without_an_id_is_null_and_a_task_example_has_no_region() -> None:
    tally = Tally()
    tally.skip("relation", task_id=1)
    tally.skip_task("no annotation", task_id=None)
    document = json.loads(report_of(tally).to_json())
    assert document["skipped"][0]["examples"] == [{"task_id": 1, "region_id": None}]
    assert document["tasks_skipped"][0]["examples"] == [{"task_id": None}]


def test_what_data_may_fill_is_bounded() -> None:
    tally = Tally()
    for number in range(10 * MAX_REASONS):
        tally.skip(f"reason {number}", task_id=number)
        tally.warn(f"warning {number}")
        tally.media_failed(f"/data/{number}", "gone", task_id=number)
    tally.warn("warning 0")
    report = report_of(tally)
    assert "1800 more warnings are not listed." in report.warnings
    assert len(report.skipped) == MAX_REASONS + 1
    assert report.skipped[-1].reason == OTHER_REASONS
    assert sum(loss.count for loss in report.skipped) == 10 * MAX_REASONS
    assert len(report.warnings) == MAX_WARNINGS + 2
    assert len(report.media.failed) == MAX_FAILURES
    assert "1000 more failed media" in report.warnings[-1]


def test_a_warning_is_given_once() -> None:
    tally = Tally()
    tally.warn("One thing.")
    tally.warn("One thing.")
    assert report_of(tally).warnings == ["One thing."]


def test_oddities_of_the_input_are_one_warning_per_reason() -> None:
    tally = Tally()
    for task_id in (7, 8, 9):
        tally.note("duplicate id", task_id=task_id)
    report = report_of(tally)
    assert report.warnings == ["Duplicate id: 3 times, first in task 7."]
    assert report.lossless


def test_a_failed_medium_names_task_and_cause_and_no_secret() -> None:
    """F32."""
    tally = Tally()
    url = "https://user:pw@h.org/x.jpg?X-Amz-Signature=SECRET&X-Amz-Date=1"
    tally.media_failed(url, NotFoundError("It is gone.", hint="Look."), task_id=3)
    report = report_of(tally)
    (failure,) = report.media.failed
    assert (failure.task_id, failure.kind) == (3, "not-found")
    assert failure.cause == "It is gone. Look."
    assert failure.reference == "https://h.org/x.jpg"
    assert b"SECRET" not in report.to_json()
    assert not report.lossless


def test_leaving_out_what_nobody_labeled_is_no_loss() -> None:
    tally = Tally()
    tally.tasks_in = 2
    tally.skip_task("no annotation", task_id=1)
    assert report_of(tally).lossless
    tally.skip_task("unreadable: not JSON", task_id=2)
    assert not report_of(tally).lossless


def test_losing_nothing_is_no_loss() -> None:
    tally = Tally()
    tally.skip("no area", task_id=1, count=0)
    tally.degrade("rotation dropped", task_id=1, count=0)
    assert report_of(tally).lossless


@pytest.mark.parametrize("count", ["skip", "degrade"])
def test_a_region_lost_in_whole_or_in_part_is_a_loss(count: str) -> None:
    tally = Tally()
    getattr(tally, count)("reason", task_id=1)
    assert not report_of(tally).lossless


def test_skipping_an_item_skips_its_regions_and_its_task() -> None:
    tally = Tally()
    tally.tasks_in, tally.regions_in = 1, 3
    tally.skip_item("no image", item_of(5, regions=3))
    report = report_of(tally)
    report.check()
    assert (report.tasks_written, report.skipped[0].count) == (0, 3)
    assert report.skipped[0].examples[0].region_id == "r0"


def test_a_task_is_written_when_one_of_its_items_is() -> None:
    tally = Tally()
    tally.tasks_in = 2
    for part in range(2):
        tally.skip_item("no image", item_of(1, part=part, parts=3))
    for part in range(3):
        tally.skip_item("no image", item_of(2, part=part, parts=3))
    report = report_of(tally)
    report.check()
    assert report.tasks_written == 1
    assert [e.task_id for e in report.tasks_skipped[0].examples] == [2]
