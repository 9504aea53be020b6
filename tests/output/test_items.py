"""Items join tasks with what was selected, and count it once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ls_tools.models import Annotation, Problem, Result, Task
from ls_tools.output import Item, Items, Report, Tally
from ls_tools.output.items import PREFETCH_ITEMS
from ls_tools.selection import Selection


class Source(list[Task]):
    """Tasks with the problems of reading them, as a TaskReader has them."""

    def __init__(self, tasks: Sequence[Task], problems: Sequence[Problem] = ()) -> None:
        super().__init__(tasks)
        self.problems = list(problems)


def annotation(number: int, *region_ids: str | None, **fields: Any) -> Annotation:
    return Annotation(id=number, result=[Result(id=r) for r in region_ids], **fields)


def task(number: int, *annotations: Annotation, **fields: Any) -> Task:
    return Task(id=number, index=number, annotations=list(annotations), **fields)


def run(
    tasks: Sequence[Task], policy: str = "latest", **options: Any
) -> tuple[list[Item], Report]:
    """Write every region of every item."""
    tally = Tally()
    items = list(Items(tasks, Selection.parse(policy), tally, **options))
    tally.wrote(sum(len(item.regions) for item in items))
    report = tally.report("test", files_written=0)
    report.check()
    return items, report


def reasons(report: Report) -> dict[str, int]:
    return {loss.reason: loss.count for loss in report.tasks_skipped}


def test_regions_of_the_selected_annotations_are_counted() -> None:
    tasks = [task(1, annotation(10, "a", "a", "b"), annotation(11, "c"))]
    items, report = run(tasks)
    assert [item.annotation.id for item in items if item.annotation] == [11]
    assert (report.annotations_in, report.annotations_selected) == (2, 1)
    assert report.regions_in == 1
    _, report = run(tasks, "all")
    assert report.regions_in == 3


def test_unlabeled_is_not_negative() -> None:
    tasks = [
        task(1, annotation(10)),
        task(2),
        task(3, annotation(11, was_cancelled=True)),
        task(4, predictions=[annotation(12, "p")]),
        task(5, bare_drafts=1),
        task(6, bare_predictions=2, drafts=[annotation(13)]),
    ]
    items, report = run(tasks)
    assert [item.task.id for item in items] == [1]
    assert items[0].annotation is not None
    assert not items[0].regions
    assert report.tasks_written == 1
    assert reasons(report) == {
        "no annotation": 1,
        "only skipped annotations": 1,
        "only predictions": 1,
        "only drafts": 1,
        "only predictions and drafts": 1,
    }
    assert report.lossless


def test_unlabeled_tasks_come_without_annotation_where_asked() -> None:
    skipped = annotation(2, was_cancelled=True)
    tasks = [task(1), task(2, annotation(1, "a")), task(3, skipped)]
    items, report = run(tasks, unlabeled="all")
    found = [(item.task.id, item.annotation is None) for item in items]
    assert found == [(1, True), (2, False), (3, True)]
    assert (report.tasks_written, report.tasks_skipped) == (3, [])
    items, report = run(tasks, unlabeled="untouched")
    assert [item.task.id for item in items] == [1, 2]
    assert reasons(report) == {"only skipped annotations": 1}


@pytest.mark.parametrize(
    ("policy", "left_out", "reason"),
    [
        ("predictions", task(1, annotation(1, "a")), "no prediction"),
        ("drafts", task(1), "no draft"),
        ("ground-truth", task(1, annotation(1)), "no selected annotation"),
        ("by:7", task(1, annotation(1, completed_by=8)), "no selected annotation"),
        (
            "predictions:v2",
            task(1, predictions=[annotation(1, model_version="v1")]),
            "no selected prediction",
        ),
        (
            "predictions",
            task(1, bare_predictions=1),
            "predictions exported as ids only",
        ),
        ("drafts", task(1, bare_drafts=1), "drafts exported as ids only"),
    ],
)
def test_what_was_left_out_has_its_reason(
    policy: str, left_out: Task, reason: str
) -> None:
    _, report = run([left_out], policy)
    assert reasons(report) == {reason: 1}
    assert report.lossless is not reason.endswith("ids only")


def test_a_task_with_several_items_counts_once() -> None:
    items, report = run([task(1, annotation(10, "a"), annotation(11, "b"))], "all")
    assert [(item.part, item.parts) for item in items] == [(0, 2), (1, 2)]
    assert (report.tasks_in, report.tasks_written) == (1, 1)


def test_scanning_counts_nothing_and_counting_happens_once() -> None:
    tally = Tally()
    items = Items([task(1, annotation(1, "a"))], Selection(), tally)
    scanned = list(items.scan())
    assert tally.tasks_in == tally.regions_in == 0
    assert list(items) == scanned
    assert (tally.tasks_in, tally.regions_in) == (1, 1)
    with pytest.raises(RuntimeError, match="scan"):
        iter(items)


def test_media_are_asked_for_ahead_in_batches() -> None:
    number = 2 * PREFETCH_ITEMS + 3
    asked: list[int] = []
    items = Items(
        [task(n, annotation(n)) for n in range(number)],
        Selection(),
        Tally(),
        prefetch=lambda batch: asked.append(len(batch)),
    )
    iterator: Iterator[Item] = iter(items)
    next(iterator)
    assert asked == [PREFETCH_ITEMS]
    assert len(list(iterator)) == number - 1
    assert asked == [PREFETCH_ITEMS, PREFETCH_ITEMS, 3]


def test_a_task_that_cannot_be_read_is_skipped_with_its_reason() -> None:
    lost = Problem(reason="not a JSON object", index=1, task_id=9, tasks=1)
    garbage = Problem(reason="text between tasks")
    _, report = run(Source([task(1, annotation(1))], [lost, garbage]))
    assert report.warnings == ["Text between tasks: once."]
    assert (report.tasks_in, report.tasks_written) == (2, 1)
    assert reasons(report) == {"unreadable: not a JSON object": 1}
    assert not report.lossless


def problem(**fields: Any) -> Problem:
    fields.setdefault("kind", "annotations")
    return Problem(reason="oddity", task_id=1, index=1, **fields)


def test_a_region_that_cannot_be_read_counts_where_it_was_selected() -> None:
    old, new = annotation(10, "a"), annotation(11, "b")
    lost = problem(position=1, region_id="x", regions=1)
    items, report = run([task(1, old, new, problems=(lost,))])
    assert items[0].annotation is new
    assert (report.regions_in, report.regions_written) == (2, 1)
    assert report.skipped[0].reason == "unreadable: oddity"
    assert report.skipped[0].examples[0].region_id == "x"
    elsewhere = problem(position=0, region_id="x", regions=1)
    _, report = run([task(1, old, new, problems=(elsewhere,))])
    assert report.regions_in == 1
    assert report.lossless


def test_a_field_that_cannot_be_read_degrades_its_region() -> None:
    lost = problem(position=0, region_id="a")
    _, report = run([task(1, annotation(10, "a"), problems=(lost,))])
    assert report.degraded[0].reason == "read in part: oddity"
    assert report.skipped == []


def test_an_annotation_that_cannot_be_read_is_a_loss() -> None:
    _, report = run([task(1, annotation(10, "a"), problems=(problem(annotations=1),))])
    assert (report.annotations_in, report.annotations_selected) == (2, 1)
    assert report.degraded[0].reason == "annotation unreadable: oddity"


def test_oddities_beside_the_selection_are_no_loss() -> None:
    problems = (
        Problem(reason="duplicate id", task_id=1, index=1),
        problem(position=0),
        problem(position=7, regions=1),
        problem(kind="drafts", position=0, regions=2),
    )
    _, report = run(
        Source([task(1, annotation(10, "a"), problems=problems)], [*problems])
    )
    assert report.lossless
    assert report.regions_in == 1
    assert len(report.warnings) == 2
