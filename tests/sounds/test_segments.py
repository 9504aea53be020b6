from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.models import Annotation, Result
from ls_tools.regions import Region
from ls_tools.sounds import (
    NO_LENGTH,
    NO_TIMES,
    OUTSIDE,
    Segment,
    clip_segment,
    read_segment,
    recorded_length_s,
    was_clipped,
)


def result(kind: str, value: Any, name: str = "c", **fields: Any) -> Result:
    raw = msgspec.Raw(json.dumps(value).encode())
    return Result(type=kind, id="r", from_name=name, value=raw, **fields)


def read(*results: Result) -> Segment:
    found = read_segment(Region("r", results))
    assert isinstance(found, Segment)
    return found


def test_the_results_of_a_region_are_one_segment() -> None:
    times = {"start": 1, "end": 2.5, "channel": 1}
    found = read(
        result("labels", {**times, "labels": ["Speech"]}, "seg"),
        result("textarea", {**times, "text": ["hi", "there"]}, "words"),
        result("choices", {**times, "choices": ["en"]}, "language"),
    )
    assert (found.start_s, found.end_s, found.channel) == (1, 2.5, 1)
    assert found.labels == ["Speech"]
    assert found.texts == {"words": ["hi", "there"]}
    assert found.choices == {"language": ["en"]}


def test_an_answer_without_times_is_about_the_whole() -> None:
    found = read(result("textarea", {"text": "hi"}))
    assert (found.start_s, found.end_s, found.channel) == (None, None, None)
    assert found.texts == {"c": ["hi"]}


def test_one_result_with_times_is_enough() -> None:
    found = read(
        result("textarea", {"text": "hi"}), result("labels", {"start": 0, "end": 1})
    )
    assert (found.start_s, found.end_s) == (0, 1)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"start": 1}, NO_TIMES),
        ({"start": 1, "end": "x"}, NO_TIMES),
        ({"start": 1e300, "end": 1e301}, NO_TIMES),
        ({"start": 2, "end": 1}, NO_LENGTH),
        ({"start": 2, "end": 2 + 1e-9}, NO_LENGTH),
    ],
)
def test_times_that_make_no_sense_have_a_reason(
    times: dict[str, Any], reason: str
) -> None:
    assert read_segment(Region("r", (result("labels", times),))) == reason


@pytest.mark.parametrize("channel", [None, -1, 0.5, "x", True, [0]])
def test_a_channel_that_is_none_is_none(channel: Any) -> None:
    found = read(result("labels", {"start": 0, "end": 1, "channel": channel}))
    assert found.channel is None


@given(st.floats(-5, 20), st.floats(1e-6, 20), st.one_of(st.none(), st.floats(0.1, 10)))
def test_what_is_left_of_a_segment_is_on_its_recording(
    start_s: float, length_s: float, recorded_s: float | None
) -> None:
    end_s = start_s + length_s
    found = clip_segment(start_s, end_s, recorded_s)
    if isinstance(found, str):
        assert found == OUTSIDE
        return
    assert 0 <= found[0] <= found[1]
    assert recorded_s is None or found[1] <= recorded_s
    if start_s >= 0 and (recorded_s is None or end_s <= recorded_s):
        assert found == (start_s, end_s)
        assert not was_clipped((start_s, end_s), found)


def test_the_length_is_of_the_recording_that_was_asked_for() -> None:
    odd = [None, 0, -1, float("inf")]
    results = [result("labels", {}, to_name="a", original_length=x) for x in odd]
    results.append(result("labels", {}, to_name="b", original_length=3))
    results.append(result("labels", {}, to_name="a", original_length=2.5))
    annotation = Annotation(result=results)
    assert recorded_length_s(annotation, "a") == 2.5
    assert recorded_length_s(annotation, "z") is None
