"""Annotations that hold their task become tasks again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ls_tools.reading import read_tasks


def annotation(number: int, task: Any, **fields: Any) -> dict[str, Any]:
    result = [{"id": f"r{number}", "from_name": "r", "value": {}}]
    return {"id": number, "result": result, "task": task, **fields}


def read(*found: Any, as_lines: bool = False) -> list[Any]:
    text = "\n".join(map(json.dumps, found)) if as_lines else json.dumps(found)
    with read_tasks(io.BytesIO(text.encode())) as reader:
        return list(reader)


def test_real_target_storage_is_regrouped(exports: Path) -> None:
    with read_tasks(exports / "target_storage") as reader:
        tasks = list(reader)
        assert reader.problems == []
        assert list(reader) == tasks
    assert [task.id for task in tasks] == [1, 2]
    assert tasks[0].data == {"image": "s3://imgs/set/a b.jpg"}
    assert [a.id for a in tasks[0].annotations] == [3]
    assert tasks[0].annotations[0].completed_by["email"] == "admin@example.com"


@pytest.mark.parametrize("as_lines", [True, False])
def test_annotations_of_one_task_come_together(*, as_lines: bool) -> None:
    one, two = {"id": 1, "data": {"a": 1}}, {"id": 2, "data": {"a": 2}}
    tasks = read(
        annotation(10, one), annotation(11, two), annotation(12, one), as_lines=as_lines
    )
    assert [(t.id, t.data, [a.id for a in t.annotations]) for t in tasks] == [
        (1, {"a": 1}, [10, 12]),
        (2, {"a": 2}, [11]),
    ]
    assert [task.index for task in tasks] == [0, 1]


def test_raw_of_a_regrouped_task_is_a_task() -> None:
    (task,) = read(annotation(10, {"id": 1, "data": {}}))
    whole = json.loads(task.raw)
    assert whole["annotations"] == [annotation(10, 1)]
    assert whole["data"] == {}


def test_task_may_be_an_id_only() -> None:
    (task,) = read(annotation(10, 5), annotation(11, 5))
    assert (task.id, task.data, len(task.annotations)) == (5, {}, 2)


@pytest.mark.parametrize("task", [None, True, {"data": {}}])
def test_annotations_of_unknown_tasks_are_not_mixed_up(task: Any) -> None:
    assert [len(t.annotations) for t in read(*[annotation(1, task)] * 2)] == [1, 1]


def test_predictions_and_drafts_are_told_apart() -> None:
    (task,) = read(
        annotation(1, 5, completed_by=1),
        annotation(2, 5, model_version="m"),
        annotation(3, 5, was_postponed=False),
    )
    found = (task.annotations, task.predictions, task.drafts)
    assert [[entry.id for entry in kind] for kind in found] == [[1], [2], [3]]


@pytest.mark.parametrize(("held", "count"), [([7], 2), (7, 1), (None, 1)])
def test_predictions_that_the_task_brings_are_kept(held: Any, count: int) -> None:
    (task,) = read(annotation(2, {"id": 5, "predictions": held}, model_version="m"))
    assert len(task.predictions) + task.bare_predictions == count


def test_annotation_among_tasks_is_a_task_of_its_own() -> None:
    tasks = read({"id": 1, "data": {}}, annotation(10, {"id": 2, "data": {"a": 1}}))
    assert [(task.id, len(task.annotations)) for task in tasks] == [(1, 0), (2, 1)]


def test_task_among_annotations_is_read() -> None:
    tasks = read(annotation(10, {"id": 2, "data": {}}), {"id": 1, "data": {}})
    assert [task.id for task in tasks] == [1, 2]


def test_broken_annotation_is_lost_alone() -> None:
    good = json.dumps(annotation(10, {"id": 1, "data": {}}))
    odd = good.replace('"value": {}', '"value": {"x": NaN}')
    text = f'{good}\n{{"id": 11, "result": [}}\n{odd}'
    with read_tasks(io.BytesIO(text.encode())) as reader:
        (task,) = reader
        (problem,) = (p for p in reader.problems if p.tasks)
    assert len(task.annotations) == 2
    assert problem.reason == "unreadable task"


def test_limit_counts_tasks_not_annotations() -> None:
    found = [annotation(n, {"id": n // 2, "data": {}}) for n in range(6)]
    data = io.BytesIO(json.dumps(found).encode())
    with read_tasks(data, limit=2) as reader:
        assert reader.count is None
        assert [len(task.annotations) for task in reader] == [2, 2]
