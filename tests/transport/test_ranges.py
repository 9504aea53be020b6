"""What an answer to a download is good for."""

from __future__ import annotations

import pytest
from transport.faults import Sink

from ls_tools.errors import IntegrityError
from ls_tools.progress import NullProgress
from ls_tools.transfer import Validator
from ls_tools.transport.copying import Copy
from ls_tools.transport.ranges import (
    Action,
    Head,
    SoFar,
    decide,
    is_same_version,
    read_head,
)

FIRST = Head(status=206, start=0, end=50, total=100)


def so_far(position: int, first: Head | None, *, ranged: bool = True) -> SoFar:
    total = first.total if first else None
    return SoFar(position=position, first=first, total=total, ranged=ranged)


@pytest.mark.parametrize(
    ("answer", "state", "action"),
    [
        (Head(status=200), so_far(0, None), "whole"),
        (Head(status=200), so_far(50, FIRST), "whole"),
        (Head(status=200), so_far(0, None, ranged=False), "whole"),
        (FIRST, so_far(0, None), "append"),
        (Head(status=206, start=50, end=90, total=100), so_far(50, FIRST), "append"),
        (Head(status=206, start=50, end=90, total=101), so_far(50, FIRST), "changed"),
        (Head(status=206, start=49, end=90, total=100), so_far(50, FIRST), "plain"),
        (Head(status=206), so_far(50, FIRST), "plain"),
        (FIRST, so_far(0, None, ranged=False), "nonsense"),
        (Head(status=206, start=5, end=9, encoding="gzip"), so_far(5, None), "changed"),
        (Head(status=206, start=0, end=9, encoding="gzip"), so_far(0, None), "append"),
        (Head(status=416, total=0), so_far(0, None), "complete"),
        (Head(status=416, total=100), so_far(100, FIRST), "complete"),
        (Head(status=416, total=50), so_far(50, FIRST), "changed"),
        (Head(status=416, total=70), so_far(70, None), "complete"),
        (Head(status=416, total=70), so_far(71, None), "changed"),
        (Head(status=416, total=70), so_far(0, None), "plain"),
        (Head(status=416), so_far(70, None), "plain"),
        (Head(status=416, total=0), so_far(0, None, ranged=False), "nonsense"),
        (Head(status=424), so_far(0, None), "plain"),
    ],
)
def test_each_answer_is_good_for_one_thing(
    answer: Head, state: SoFar, action: Action
) -> None:
    assert decide(answer, state) == action


@pytest.mark.parametrize(
    ("headers", "total", "has_length"),
    [
        ({"Content-Length": "70"}, 70, True),
        ({"Content-Length": "7" * 5000}, None, False),
        ({"Content-Length": "-1"}, None, False),
        ({"Content-Length": "70, 70"}, None, False),
        ({"Content-Length": "70", "Transfer-Encoding": "chunked"}, None, True),
        ({"Content-Range": "bytes 0-9/10"}, None, False),
        ({}, None, False),
    ],
)
def test_the_total_of_a_whole_file_is_its_length(
    headers: dict[str, str], total: int | None, *, has_length: bool
) -> None:
    whole = read_head(200, headers)
    assert (whole.total, whole.has_length, whole.start) == (total, has_length, None)


def head(etag: str | None = None, date: str | None = None, encoding: str = "") -> Head:
    validator = Validator(etag=etag, last_modified=date)
    return Head(status=206, validator=validator, encoding=encoding)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (head(), head(), True),
        (head('"1"'), head('"1"'), True),
        (head('"1"'), head('W/"1"'), True),
        (head('"1"'), head('"2"'), False),
        (head('"1"', "Monday"), head('"1"', "Tuesday"), True),
        (head(None, "Monday"), head('"1"', "Tuesday"), False),
        (head(None, "Monday"), head(None, "Monday"), True),
        (head('"1"'), head(), True),
        (head('"1"'), head('"1"', encoding="gzip"), False),
    ],
)
def test_validators_tell_versions_apart(one: Head, other: Head, *, same: bool) -> None:
    assert is_same_version(one, other) is same
    assert is_same_version(other, one) is same


def test_a_total_that_is_not_reached_is_an_error() -> None:
    copy = Copy(Sink(), start=0, bound_bytes=100, progress=NullProgress())
    copy.adopt(Head(status=200, total=9))
    copy.write(b"12345")
    with pytest.raises(IntegrityError, match="5 bytes came where 9 were announced"):
        copy.finish()
