"""Hostile input costs no more than the bounds say."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading.strategies import json_values

from ls_tools.errors import NotAnExportError, OutputError, RefusedError
from ls_tools.models import Problem, Task
from ls_tools.reading import read_task, read_tasks
from ls_tools.reading.nesting import is_deeper_than
from ls_tools.settings import Bounds

BOUNDS = replace(Bounds(), expanded_bytes=10_000, nesting=20, task_bytes=5_000)
BLANKS = b"[" + b" " * 50_000 + b"]"


def zip_of(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, content in enumerate(contents):
            archive.writestr(f"{place}.json", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [gzip.compress(BLANKS), zip_of(BLANKS), zip_of(*[BLANKS[:4000] + b"]"] * 9)],
    ids=["gzip", "zip", "zip of many"],
)
def test_packed_input_expands_no_further_than_allowed(data: bytes) -> None:
    with pytest.raises(RefusedError, match="10000 bytes"):
        read_tasks(io.BytesIO(data), bounds=BOUNDS)


def test_stream_is_spooled_no_further_than_allowed() -> None:
    with pytest.raises(RefusedError):
        read_tasks(io.BytesIO(BLANKS), bounds=BOUNDS)


def test_zeros_are_not_unpacked_to_their_end() -> None:
    data = gzip.compress(b"\0" * (64 * 2**20))
    bounds = replace(Bounds(), expanded_bytes=8 * 2**20)
    with pytest.raises(NotAnExportError):
        read_tasks(io.BytesIO(data), bounds=bounds)


def test_full_disk_is_an_error_that_names_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_full(**_: Any) -> Any:
        return open("/dev/full", "wb")  # noqa: PTH123 -- the real thing

    monkeypatch.setattr(tempfile, "TemporaryFile", open_full)
    with pytest.raises(OutputError, match="No space left") as caught:
        read_tasks(io.BytesIO(b"[]"))
    assert "TMPDIR" in caught.value.hint


def test_task_larger_than_allowed_is_lost_alone() -> None:
    tasks = [{"data": {"t": "x" * size}} for size in (10, 6000, 10)]
    with read_tasks(io.BytesIO(json.dumps(tasks).encode()), bounds=BOUNDS) as reader:
        with pytest.raises(RefusedError):
            read_tasks(io.BytesIO(b"[" + b" " * 10_000), bounds=BOUNDS)
        assert [task.index for task in reader] == [0, 2]
        assert [(p.detail, p.tasks) for p in reader.problems] == [
            ("larger than allowed", 1)
        ]


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * depth + closing * depth


@pytest.mark.parametrize("key", [b"data", b"annotations", b"unknown"])
@pytest.mark.parametrize("depth", [300, 950, 5_000, 100_000])
@pytest.mark.parametrize("is_list", [True, False])
def test_deep_task_is_lost_alone(key: bytes, depth: int, *, is_list: bool) -> None:
    deep = b'{"id": 2, "%s": %s}' % (key, nested(depth))
    good = b'{"data": {}}'
    template = b"[%s, %s, %s]" if is_list else b"%s\n%s\n%s"
    with read_tasks(io.BytesIO(template % (good, deep, good))) as reader:
        assert [task.index for task in reader] == [0, 2]
        (problem,) = reader.problems
    assert problem.detail == "nested deeper than allowed"


def test_nesting_up_to_the_bound_is_read() -> None:
    raw = b'{"data": {"v": ' + nested(18) + b', "t": "' + b"]" * 50 + b'"}}'
    assert isinstance(read_task(raw, bounds=BOUNDS), Task)
    deeper = raw.replace(b"[]", b"[[]]")
    assert isinstance(read_task(deeper, bounds=BOUNDS), Problem)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(json_values() | st.text('[]{}"\\', max_size=30), st.integers(0, 6))
def test_depth_is_measured_outside_of_strings(value: Any, limit: int) -> None:
    raw = json.dumps(value).encode()
    assert is_deeper_than(raw, limit) == (depth_of(value) > limit)


@pytest.mark.parametrize("depth", [1, 23, 24, 25, 26, 60, 3000])
def test_depth_is_measured_however_deep(depth: int) -> None:
    raw = b"[" * depth + b"]" * depth
    wide = b"[" + b"[[]]," * 4000 + raw + b"]"
    assert is_deeper_than(wide, depth)
    assert not is_deeper_than(wide, max(depth, 2) + 1)


@pytest.mark.parametrize("pairs", [1, 12, 23, 24, 25, 30, 49])
def test_depth_of_lists_in_objects_is_measured(pairs: int) -> None:
    """Both go at once where the innermost brackets are dropped."""
    raw = b"[" + b'{"a":[' * pairs + b"]}" * pairs + b", [[]]" * 100 + b"]"
    assert is_deeper_than(raw, 2 * pairs)
    assert not is_deeper_than(raw, max(2 * pairs, 3) + 1)


def test_a_scan_leaves_out_what_is_too_deep_or_too_large() -> None:
    class Numbered(msgspec.Struct):
        id: int = 0

    deep: Any = 0
    for _ in range(BOUNDS.nesting):
        deep = [deep]
    extra = {"deep": deep, "large": "x" * BOUNDS.task_bytes}
    tasks = [{"id": n, "data": {}, key: extra[key]} for n, key in enumerate(extra)]
    export = json.dumps([*tasks, {"id": 7, "data": {}}]).encode()
    with read_tasks(io.BytesIO(export), bounds=BOUNDS) as reader:
        assert [found.id for found in reader.scan(Numbered)] == [7]
        assert [task.id for task in reader] == [7]


def test_long_strings_of_escapes_are_scanned() -> None:
    text = '\\"\\\\\\n' * 20_000
    data = f'[{{"id": 1, "data": {{"t": "{text}", "v": NaN}}}}, {{"id": 2}}]'
    with read_tasks(io.BytesIO(data.encode())) as reader:
        tasks = list(reader)
    assert [task.id for task in tasks] == [1, 2]
    assert tasks[0].data["t"] == '"\\\n' * 20_000


def test_long_list_of_strings_is_scanned() -> None:
    texts = json.dumps(["x]"] * 5_000)
    data = f'[{{"id": 1, "data": {{"t": {texts}, "v": NaN}}}}]'
    with read_tasks(io.BytesIO(data.encode())) as reader:
        (task,) = reader
    assert len(task.data["t"]) == 5_000
