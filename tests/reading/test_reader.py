"""A reader is iterated again and again, and tells what it could not read."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reading.samples import make_task

from ls_tools.errors import UsageError
from ls_tools.reading import Problem, TaskReader, problem_log, read_tasks

Tasks = list[dict[str, Any]]
Write = Callable[..., Path]


def reader_of(found: Any, **options: Any) -> TaskReader:
    return read_tasks(io.BytesIO(json.dumps(found).encode()), **options)


class _Result(msgspec.Struct):
    id: str = ""


class _Annotation(msgspec.Struct):
    result: list[_Result] = []


class _Quick(msgspec.Struct):
    annotations: list[_Annotation] = []


def region_ids(found: Any, **options: Any) -> list[list[str]]:
    return [
        [result.id for annotation in quick.annotations for result in annotation.result]
        for quick in reader_of(found, **options).scan(_Quick)
    ]


def test_reader_may_be_iterated_again(tasks: Tasks) -> None:
    with reader_of(tasks) as reader:
        assert list(reader) == list(reader)


def test_two_passes_at_once_do_not_disturb_each_other(tasks: Tasks) -> None:
    with reader_of(tasks) as reader:
        pairs = list(zip(reader, reader, strict=True))
    assert all(a == b for a, b in pairs)


def test_problems_are_those_of_the_last_pass() -> None:
    with reader_of([{"id": 1, "data": 5}, 7]) as reader:
        assert reader.problems == []
        for _ in range(2):
            list(reader)
            assert [p.reason for p in reader.problems] == [
                "unreadable field: data",
                "not a task",
            ]


def test_problems_of_a_task_are_known_when_it_is_yielded() -> None:
    with reader_of([{"id": 1, "data": 5}, {"id": 2, "data": 5}]) as reader:
        for number, task in enumerate(reader, 1):
            assert len(reader.problems) == number
            assert task.problems == (reader.problems[-1],)


def test_limit_ends_every_pass(tasks: Tasks) -> None:
    with reader_of(tasks, limit=2) as reader:
        assert [task.id for task in reader] == [1, 2]
        assert reader.count == 2
    assert len(region_ids(tasks, limit=2)) == 2
    with reader_of(tasks, limit=0) as reader:
        assert list(reader) == []


def test_count_is_known_before_reading(tasks: Tasks) -> None:
    with reader_of(tasks) as reader:
        assert reader.count == 3


def test_closed_reader_says_so(tasks: Tasks) -> None:
    with reader_of(tasks) as reader:
        kept = next(iter(reader))
    with pytest.raises(UsageError, match="closed"):
        list(reader)
    assert json.loads(kept.raw) == tasks[0]
    assert kept.annotations[0].result[0].value


def test_tasks_can_be_pickled(tasks: Tasks) -> None:
    with reader_of([*tasks, {"id": 9, "data": 5}]) as reader:
        found = list(reader)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 -- our own


def test_both_of_two_tasks_with_one_id_are_kept() -> None:
    found = [make_task(n) for n in (1, 2, 5, 3, 2, 2**70, 2**70)] + [{"data": {}}] * 2
    found += [{"id": "2", "data": {}}, {"id": "x", "data": {}}, {"id": "x", "data": {}}]
    with reader_of(found) as reader:
        tasks = list(reader)
        assert len(tasks) == len(found)
        assert [(p.reason, p.index) for p in reader.problems] == [
            ("duplicate task id", 4),
            ("duplicate task id", 6),
            ("duplicate task id", 11),
        ]
    assert tasks[4].problems[0].tasks == 0


def test_scan_decodes_only_what_is_asked(tasks: Tasks) -> None:
    assert region_ids(tasks) == [["r1"], ["r2"], ["r3"]]


def test_scan_sees_what_the_main_pass_sees() -> None:
    old = make_task(1)
    old["completions"] = old.pop("annotations")
    odd = make_task(2)
    odd["annotations"].append(None)
    nan = make_task(3)
    nan["data"]["x"] = float("nan")
    assert region_ids([old, odd, nan, 5]) == [["r1"], ["r2"], ["r3"]]


def test_scan_gives_defaults_for_a_task_that_does_not_fit() -> None:
    class Numbered(msgspec.Struct):
        id: int = 0

    with reader_of([{"id": 1, "data": {}}, {"id": "x", "data": {}}]) as reader:
        assert [found.id for found in reader.scan(Numbered)] == [1, 0]


def test_scan_leaves_the_problems_alone() -> None:
    with reader_of([{"id": 1, "data": 5}]) as reader:
        list(reader)
        before = list(reader.problems)
        list(reader.scan(_Quick))
        assert reader.problems == before


def test_scan_gives_instances_of_the_struct(tasks: Tasks) -> None:
    with reader_of(tasks) as reader:
        assert all(isinstance(quick, _Quick) for quick in reader.scan(_Quick))


def test_problems_beyond_a_bound_are_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(problem_log, "MOST_KEPT", 2)
    lost = {"annotations": [{"id": 1, "result": [None, None, 5]}], "id": 1}
    with reader_of([lost, 7, 8]) as reader:
        list(reader)
        kept = reader.problems
    assert len(kept) == 4
    assert sum(problem.regions for problem in kept) == 3
    assert sum(problem.tasks for problem in kept) == 2
    assert kept[-1] == Problem(reason="not a task", detail="2 more", tasks=2)


def test_file_that_is_replaced_while_read_harms_nothing(
    write: Write, tasks: Tasks
) -> None:
    path = write(tasks * 20_000)
    with read_tasks(path) as reader:
        walk = iter(reader)
        next(walk)
        path.unlink()
        write([], path.name)
        assert sum(1 for _ in walk) == 59_999
