"""Real exports are messier than any document: what can be read is read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from reading.samples import make_task

from ls_tools.models import Annotation, Problem, Result, Task
from ls_tools.reading import read_task


def read(found: Any) -> Task:
    task = read_task(json.dumps(found).encode(), 4)
    assert isinstance(task, Task), task
    return task


def read_result(**fields: Any) -> tuple[Result, tuple[Problem, ...]]:
    """Read a result with some fields replaced; the second result is clean."""
    found = make_task(1)
    clean = found["annotations"][0]["result"][0]
    odd = {k: v for k, v in {**clean, **fields}.items() if v is not ...}
    found["annotations"][0]["result"] = [odd, clean]
    task = read(found)
    first, second = task.annotations[0].result
    assert second == read(make_task(1)).annotations[0].result[0]
    return first, task.problems


def read_annotation(
    key: str = "annotations", **fields: Any
) -> tuple[Annotation, tuple[Problem, ...]]:
    found = make_task(1)
    (annotation,) = found.pop("annotations")
    task = read({**found, key: [{**annotation, **fields}]})
    return task.annotations[0], task.problems


def test_clean_task_has_no_problems() -> None:
    task = read(make_task(1))
    assert task.problems == ()
    assert task.index == 4
    assert msgspec.json.decode(task.annotations[0].result[0].value)["width"] == 3


@pytest.mark.parametrize("missing", ["id", "data", "annotations"])
def test_task_without_one_of_its_parts_is_read(missing: str) -> None:
    """F29: a missing data key aborted the export."""
    found = make_task(1)
    del found[missing]
    task = read(found)
    assert task.problems == ()
    assert (task.id, task.data, len(task.annotations)) == (
        None if missing == "id" else 1,
        {} if missing == "data" else found["data"],
        0 if missing == "annotations" else 1,
    )


@pytest.mark.parametrize(
    "key", ["id", "data", "annotations", "predictions", "drafts", "meta", "project"]
)
def test_null_is_what_is_not_there(key: str) -> None:
    """F29: a null aborted the export."""
    assert read({**make_task(1), key: None}).problems == ()


def test_completions_are_annotations_and_skipped_is_cancelled() -> None:
    annotation, problems = read_annotation("completions", skipped=True, id="1001")
    assert (type(annotation), annotation.id) == (Annotation, "1001")
    assert annotation.was_cancelled
    assert problems == ()


def test_annotations_win_over_completions() -> None:
    found = {**make_task(1), "completions": [{"id": 5}]}
    assert [a.id for a in read(found).annotations] == [101]
    assert read({**found, "completions": 7}).problems == ()
    assert [a.id for a in read({**found, "annotations": []}).annotations] == [5]


def test_times_before_version_one_are_seconds() -> None:
    annotation, problems = read_annotation("completions", created_at=1600000000)
    assert annotation.created_at == "2020-09-13T12:26:40+00:00"
    assert problems == ()


@pytest.mark.parametrize("kind", ["predictions", "drafts"])
@pytest.mark.parametrize("bare", [[7, 8], ["7", "8"], [7.5, "8"]])
def test_bare_ids_are_counted(kind: str, bare: list[Any]) -> None:
    full = {"id": 1, "result": []}
    task = read({**make_task(1), kind: [bare[0], full, bare[1]]})
    assert [entry.id for entry in getattr(task, kind)] == [1]
    assert getattr(task, f"bare_{kind}") == 2
    assert task.problems == ()


def test_annotations_as_bare_ids_are_problems() -> None:
    task = read({**make_task(1), "annotations": [7, 8]})
    assert [(p.reason, p.annotations, p.detail) for p in task.problems] == [
        ("annotation exported as bare id", 1, "7"),
        ("annotation exported as bare id", 1, "8"),
    ]


@pytest.mark.parametrize(
    "who", [1, "ann@example.org", {"id": 1, "email": "ann@example.org"}, None]
)
def test_annotator_is_kept_as_it_stands(who: Any) -> None:
    annotation, problems = read_annotation(completed_by=who)
    assert annotation.completed_by == who
    assert problems == ()


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        ("id", 12, "12"),
        ("id", None, None),
        ("original_width", "640", 640),
        ("original_width", "640.5", 640.5),
        ("original_width", None, None),
        ("original_width", ..., None),
        ("original_width", 2**53 + 2, float(2**53 + 2)),
        ("score", "0.5", 0.5),
        ("item_index", "2", 2),
        ("item_index", 2.0, 2),
        ("from_name", None, ""),
        ("from_name", ..., ""),
        ("from_name", 3, "3"),
        ("type", ..., ""),
        ("labels", "met", ["met"]),
        ("labels", ["a", 1, None], ["a", "1"]),
        ("value", ..., b"{}"),
        ("value", None, b"null"),
        ("value", "text", b'"text"'),
    ],
)
def test_odd_spelling_of_a_result_is_read(
    field: str, written: object, read: object
) -> None:
    result, problems = read_result(**{field: written})
    found = getattr(result, field)
    assert (bytes(found) if field == "value" else found) == read
    assert problems == ()


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("original_width", "wide"),
        ("original_width", "nan"),
        ("original_width", "1e999"),
        ("original_width", True),
        ("original_width", [640]),
        ("item_index", 1.5),
        ("id", {"a": 1}),
        ("id", True),
        ("from_name", ["a"]),
        ("labels", [["a"]]),
        ("parentID", {}),
    ],
)
def test_unreadable_field_of_a_result_is_a_problem_and_the_rest_is_kept(
    field: str, written: object
) -> None:
    result, (problem,) = read_result(**{field: written})
    attribute = {"parentID": "parent_id"}.get(field, field)
    assert getattr(result, attribute) == getattr(Result(), attribute)
    assert problem.reason == f"unreadable field: {field}"
    assert problem.regions == 0
    assert problem.task_id == 1
    assert (problem.kind, problem.position) == ("annotations", 0)
    assert problem.annotation_id == 101
    assert problem.region_id == (None if field == "id" else "r1")
    assert problem.index == 4


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        ("was_cancelled", 1, True),
        ("was_cancelled", "false", False),
        ("was_cancelled", None, False),
        ("ground_truth", "yes", True),
        ("lead_time", "12.5", 12.5),
        ("model_version", 2, "2"),
        ("id", 1.0, 1),
        ("id", 10**30, 10**30),
        ("created_at", None, None),
    ],
)
def test_odd_spelling_of_an_annotation_is_read(
    field: str, written: object, read: object
) -> None:
    annotation, problems = read_annotation(**{field: written})  # type: ignore[arg-type]
    assert getattr(annotation, field) == read
    assert len(annotation.result) == 1
    assert problems == ()


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("was_cancelled", "perhaps"),
        ("lead_time", "long"),
        ("created_at", 1e30),
        ("created_at", {}),
        ("id", []),
    ],
)
def test_unreadable_field_of_an_annotation_is_a_problem(
    field: str, written: object
) -> None:
    annotation, (problem,) = read_annotation(**{field: written})  # type: ignore[arg-type]
    assert getattr(annotation, field) == getattr(Annotation(), field)
    assert problem.reason == f"unreadable field: {field}"
    assert (problem.annotations, problem.regions) == (0, 0)


@pytest.mark.parametrize("item", [None, 5, "x", [], True])
def test_result_entry_that_is_no_object_is_a_lost_region(item: object) -> None:
    found = make_task(1)
    found["annotations"][0]["result"].insert(0, item)
    task = read(found)
    (problem,) = task.problems
    assert len(task.annotations[0].result) == 1
    assert (problem.reason, problem.regions) == ("result entry is not an object", 1)
    assert problem.annotation_id == 101


def test_result_that_is_one_object_is_a_list_of_one() -> None:
    found = make_task(1)
    found["annotations"][0]["result"] = found["annotations"][0]["result"][0]
    task = read(found)
    assert [result.id for result in task.annotations[0].result] == ["r1"]
    assert task.problems == ()


@pytest.mark.parametrize("result", ["x", 5, True, {"a": 1}])
def test_result_that_is_no_list_is_a_lost_region(result: object) -> None:
    annotation, (problem,) = read_annotation(result=result)
    assert annotation.result == []
    assert (problem.reason, problem.regions) == ("result is not a list", 1)


def test_null_result_is_an_empty_one() -> None:
    annotation, problems = read_annotation(result=None)
    assert annotation.result == []
    assert problems == ()


@pytest.mark.parametrize("entry", [None, True, []])
def test_annotation_that_is_no_object_is_lost_alone(entry: object) -> None:
    found = make_task(1)
    found["annotations"].insert(0, entry)
    task = read(found)
    (problem,) = task.problems
    assert [a.id for a in task.annotations] == [101]
    assert (problem.reason, problem.annotations) == ("annotation is not an object", 1)
    assert problem.position is None


def test_position_counts_the_annotations_that_were_read() -> None:
    found = make_task(1)
    odd = {"id": 7, "result": [None]}
    found["annotations"] = [None, *found["annotations"], odd]
    _, problem = read(found).problems
    assert (problem.position, problem.annotation_id) == (1, 7)


@pytest.mark.parametrize("written", ["x", 5, {"a": 1}])
def test_annotations_that_are_no_list_are_a_problem(written: object) -> None:
    task = read({**make_task(1), "annotations": written})
    (problem,) = task.problems
    assert (problem.reason, problem.annotations) == ("annotations is not a list", 1)


@pytest.mark.parametrize("data", ["x", ["x"], 5])
def test_data_that_is_no_object_is_a_problem(data: object) -> None:
    task = read({**make_task(1), "data": data})
    (problem,) = task.problems
    assert (task.data, problem.reason) == ({}, "unreadable field: data")
    assert len(task.annotations) == 1


def test_huge_numbers_in_data_are_kept() -> None:
    assert read({"data": {"n": 10**30}}).data == {"n": 10**30}


def test_unknown_fields_cost_nothing() -> None:
    found = {**make_task(1), "index": 9, "raw": "x", "problems": [1], "tasks_in": 3}
    task = read(found)
    assert (task.index, task.problems) == (4, ())


def test_history_is_kept() -> None:
    annotation, _ = read_annotation(history=[{"a": 1}])
    assert bytes(annotation.history) == b'[{"a": 1}]'
    assert bytes(read_annotation()[0].history) == b"null"


def test_regions_of_predictions_are_told_from_those_of_annotations() -> None:
    found = {**make_task(1), "predictions": [3, {"id": 101, "result": [None]}]}
    (problem,) = read(found).problems
    assert (problem.kind, problem.position) == ("predictions", 0)


def test_signature_of_a_reference_is_not_in_a_problem() -> None:
    task = read({"id": 1, "data": "https://h/x?X-Amz-Signature=secret"})
    assert "secret" not in repr(task.problems)
