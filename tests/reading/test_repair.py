"""What is almost JSON is read, and said to be repaired."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ls_tools.models import Problem, Task
from ls_tools.reading import read_task, read_tasks

GOOD = b'{"id": 1, "data": {}}'


def read(data: bytes) -> tuple[list[Task], list[Problem]]:
    with read_tasks(io.BytesIO(data)) as reader:
        return list(reader), reader.problems


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (b"NaN", None, "NaN or Infinity became null"),
        (b"-Infinity", None, "NaN or Infinity became null"),
        (b"1e999", None, "number out of range became null"),
        (b"1" * 5000, None, "number out of range became null"),
        (b'"\\ud800"', "\N{REPLACEMENT CHARACTER}", "lone surrogate was replaced"),
        (b'"\\udc00x"', "\N{REPLACEMENT CHARACTER}x", "lone surrogate was replaced"),
        (b'"a\x00\tb"', "a\x00\tb", "control character was escaped"),
        (b'"\xff"', "\N{REPLACEMENT CHARACTER}", "invalid UTF-8 was replaced"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_almost_json_is_repaired(
    text: bytes, value: Any, reason: str, *, is_list: bool
) -> None:
    odd = b'{"id": 2, "data": {"v": ' + text + b"}}"
    data = b"[%s, %s, %s]" if is_list else b"%s\n%s\n%s"
    tasks, problems = read(data % (GOOD, odd, GOOD))
    assert [task.id for task in tasks] == [1, 2, 1]
    assert tasks[1].data == {"v": value}
    assert [(p.reason, p.index, p.task_id) for p in problems[:1]] == [(reason, 1, 2)]
    assert problems[0].tasks == problems[0].regions == 0


def test_raw_of_a_repaired_task_is_json() -> None:
    (task, *_), _ = read(b'[{"id": 1, "data": {"v": NaN, "t": "\x07\xff"}}]')
    assert json.loads(task.raw) == {"id": 1, "data": {"v": None, "t": "\x07�"}}


def test_invalid_utf8_in_a_value_is_repaired_too() -> None:
    raw = b'{"id": 1, "data": {}, "annotations": [{"result": [{"value": "\xff"}]}]}'
    task = read_task(raw)
    assert isinstance(task, Task)
    assert bytes(task.annotations[0].result[0].value) == '"�"'.encode()


def test_escaped_surrogate_pairs_are_no_fault() -> None:
    (task,), problems = read(b'[{"data": {"v": "\\ud83d\\ude42"}}]')
    assert task.data == {"v": "🙂"}
    assert problems == []


def test_emoji_are_no_fault() -> None:
    (task,), problems = read('[{"data": {"v": "🙂 日本"}}]'.encode())
    assert task.data == {"v": "🙂 日本"}
    assert problems == []


@pytest.mark.parametrize(
    "odd",
    [
        b'{"id": 2 "data": {}}',
        b'{"id": 2, "data": {},}',
        b'{"id": 2, "data": {"v": "\\x"}}',
        b"{'id': 2}",
        b'{"id": 02}',
    ],
)
def test_task_that_is_no_json_is_lost_alone(odd: bytes) -> None:
    tasks, problems = read(b"[%s, %s, %s]" % (GOOD, odd, GOOD))
    assert [task.index for task in tasks] == [0, 2]
    assert [(p.reason, p.index, p.tasks) for p in problems if p.tasks] == [
        ("unreadable task", 1, 1)
    ]
    assert "malformed JSON at byte" in problems[0].detail


def test_entries_that_are_no_tasks_are_lost_alone() -> None:
    junk = b'1, "a,b", null, [], {}, {"a": 1}'
    tasks, problems = read(b"[%s, %s, %s]" % (GOOD, junk, GOOD))
    assert [task.index for task in tasks] == [0, 7]
    lost = [(p.index, p.detail) for p in problems if p.tasks]
    assert lost == [
        (1, "a number"),
        (2, "a string"),
        (3, "a null"),
        (4, "a list"),
        (5, "an empty object"),
        (6, "an object with the keys a"),
    ]


@pytest.mark.parametrize("junk", [b'1, "a,b", null', b'"\\"", NaN'])
def test_entries_are_counted_alike_where_the_split_fails(junk: bytes) -> None:
    whole = b'[%s, %s, {"data": {"v": NaN}}]' % (GOOD, junk)
    tasks, _ = read(whole)
    assert tasks[-1].index == 1 + len(json.loads(b"[%s]" % junk.replace(b"NaN", b"1")))


def test_trailing_comma_of_the_list_is_no_fault() -> None:
    tasks, problems = read(b"[%s,\n]" % GOOD)
    assert len(tasks) == 1
    assert problems == []


@pytest.mark.parametrize("odd", [b"[" * 100_000, b'{"a":' * 100_000, b'"x", 1'])
def test_line_of_brackets_is_lost_alone(odd: bytes) -> None:
    tasks, problems = read(b"\n".join([GOOD, odd, GOOD]))
    assert [task.index for task in tasks] == [0, 2]
    assert [p.index for p in problems if p.tasks] == [1]


def test_text_between_lists_is_lost_alone() -> None:
    tasks, problems = read(b'[%s] "a \\" [", 5 [%s]' % (GOOD, GOOD))
    assert len(tasks) == 2
    assert [p.detail for p in problems if p.tasks] == ["a string", "a number"]


def test_broken_line_is_lost_alone() -> None:
    tasks, problems = read(b"\n".join([GOOD, b'{"id": 2, "data', GOOD]))
    assert [task.index for task in tasks] == [0, 2]
    assert [(p.index, p.tasks) for p in problems if p.tasks] == [(1, 1)]
