"""What is valid reads the same, whichever way it is read."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading.strategies import (
    broken_export,
    clean_task_objects,
    clean_tasks,
    json_values,
    messy_export,
    messy_tasks,
    to_text,
)

from ls_tools.errors import LsToolsError
from ls_tools.models import Problem, Result, Task
from ls_tools.reading import read_task, read_tasks
from ls_tools.reading.documents import split
from ls_tools.reading.repair import repair
from ls_tools.reading.scanner import scan_elements
from ls_tools.reading.tolerant import read_tolerantly
from ls_tools.reading.wire import build_task, decode_task

examples = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def read(data: bytes) -> tuple[list[Task], list[Problem]]:
    with read_tasks(io.BytesIO(data)) as reader:
        return list(reader), reader.problems


def attempt(data: bytes) -> tuple[list[Task], list[Problem]] | LsToolsError:
    try:
        return read(data)
    except LsToolsError as exc:
        return exc


@given(clean_task_objects)
@examples
def test_field_by_field_reading_gives_the_task_of_the_fast_path(
    found: dict[str, Any],
) -> None:
    raw = to_text(found).encode()
    fast = build_task(decode_task(raw), raw, 7)
    wire, notes = read_tolerantly(raw, Problem(reason=""))
    assert not notes
    assert build_task(wire, raw, 7) == fast


@pytest.fixture
def every_decoder_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the field-by-field reading go down to the single field."""

    def refuse(_: object) -> object:
        msg = "forced"
        raise msgspec.ValidationError(msg)

    for name in ("decode_annotation", "decode_completion", "decode_result"):
        monkeypatch.setattr(f"ls_tools.reading.tolerant.{name}", refuse)


@pytest.mark.usefixtures("every_decoder_refuses")
def test_every_single_field_is_read_as_on_the_fast_path() -> None:
    @given(clean_task_objects)
    @examples
    def check(found: dict[str, Any]) -> None:
        raw = to_text(found).encode()
        wire, notes = read_tolerantly(raw, Problem(reason=""))
        assert not notes
        assert build_task(wire, raw, 0) == build_task(decode_task(raw), raw, 0)

    check()


@given(clean_tasks(), st.sampled_from([None, 1]), st.booleans())
@examples
def test_scanner_finds_the_elements_that_the_fast_split_finds(
    tasks: list[dict[str, Any]], indent: int | None, escaped: object
) -> None:
    text = json.dumps(tasks, indent=indent, ensure_ascii=bool(escaped))
    data = memoryview(text.encode("utf-8", "replace"))
    scanned = [bytes(part) for part in scan_elements(data, "x")]
    assert scanned == [bytes(part) for part in split(data, "x")]


@given(clean_tasks(), json_values())
@examples
def test_one_nan_in_a_file_changes_no_other_task(
    tasks: list[dict[str, Any]], junk: Any
) -> None:
    clean = to_text(tasks).encode()
    spoiled = to_text([*tasks, {"data": {"x": float("nan"), "y": junk}}]).encode()
    expected, _ = read(clean)
    found, problems = read(spoiled)
    assert found[:-1] == expected
    assert any(problem.index == len(tasks) for problem in problems)


@given(clean_tasks())
@examples
def test_lines_read_as_the_list_does(tasks: list[dict[str, Any]]) -> None:
    listed, _ = read(to_text(tasks).encode())
    lines, _ = read("\n".join(to_text(task) for task in tasks).encode())
    assert lines == listed


@given(json_values())
@examples
def test_repaired_text_is_json_of_the_same_value(value: Any) -> None:
    text = to_text({"v": value}, is_raw=True)
    repaired, _ = repair(text.encode("utf-8", "surrogatepass"))
    assert msgspec.json.decode(repaired) is not None
    assert json.loads(repaired).keys() == {"v"}
    assert repair(repaired) == (repaired, [])


@given(messy_tasks())
@examples
def test_no_task_raises_whatever_is_in_it(found: Any) -> None:
    result = read_task(to_text(found).encode(), 3)
    assert isinstance(result, (Task, Problem))
    assert result.index == 3


@given(messy_tasks())
@examples
def test_what_is_read_is_of_the_declared_types(found: Any) -> None:
    task = read_task(to_text(found).encode())
    if isinstance(task, Task):
        copy = msgspec.json.decode(msgspec.json.encode(task), type=Task)
        assert copy.annotations == task.annotations
        assert isinstance(msgspec.json.decode(task.raw), dict)
        for annotation in task.annotations:
            assert all(type(result) is Result for result in annotation.result)


@given(messy_tasks())
@examples
def test_results_are_read_or_counted_as_lost(found: Any) -> None:
    task = read_task(to_text(found).encode())
    if not isinstance(task, Task) or not isinstance(found.get("annotations"), list):
        return
    entries = [entry for entry in found["annotations"] if isinstance(entry, dict)]
    if len(entries) != len(task.annotations) or not entries:
        return
    for position, (entry, annotation) in enumerate(
        zip(entries, task.annotations, strict=True)
    ):
        if isinstance(entry.get("result"), list):
            lost = sum(
                problem.regions
                for problem in task.problems
                if problem.kind == "annotations" and problem.position == position
            )
            assert len(annotation.result) + lost == len(entry["result"])


@given(messy_export() | broken_export())
@settings(examples, max_examples=150)
def test_no_foreign_error_escapes_whatever_the_file(data: bytes) -> None:
    outcome = attempt(data)
    if isinstance(outcome, LsToolsError):
        assert "offset" in outcome.data
        return
    tasks, problems = outcome
    assert all(isinstance(task, Task) for task in tasks)
    kept = [problem for task in tasks for problem in task.problems]
    assert [p for p in problems if p in kept] == kept


@given(messy_export())
@examples
def test_two_passes_are_equal(data: bytes) -> None:
    try:
        with read_tasks(io.BytesIO(data)) as reader:
            first, problems = list(reader), reader.problems
            assert list(reader) == first
            assert reader.problems == problems
    except LsToolsError:
        pass


class _Quick(msgspec.Struct):
    id: int | str | None = None


class _QuickData(msgspec.Struct):
    id: int | str | None = None
    data: dict[str, Any] = {}


@given(messy_export(), st.sampled_from([_Quick, _QuickData]))
@settings(examples, max_examples=150)
def test_scan_sees_the_tasks_that_iterating_yields(
    data: bytes, quick: type[_Quick | _QuickData]
) -> None:
    try:
        with read_tasks(io.BytesIO(data)) as reader:
            ids = [task.id for task in reader]
            assert [found.id for found in reader.scan(quick)] == ids
    except LsToolsError:
        pass


@given(st.binary(max_size=200))
@examples
def test_arbitrary_bytes_are_an_export_or_a_clear_error(data: bytes) -> None:
    outcome = attempt(data)
    assert isinstance(outcome, tuple) or "\n" not in str(outcome)
