from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.models import Result
from ls_tools.regions import Region
from ls_tools.tracks import Track, last_frame, positions, read_track


def key(frame: Any, x: Any = 10.0, **more: Any) -> dict[str, Any]:
    box = {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0}
    return {"frame": frame, "enabled": True, **box, **more}


def region(value: Any, kind: str = "videorectangle") -> Region:
    raw = msgspec.Raw(json.dumps(value).encode())
    return Region("r", (Result(type=kind, id="r", value=raw),))


def read(
    *sequence: Any, count: Any = None, limit: int = 1000, **more: Any
) -> Track | str:
    value = {"sequence": list(sequence), "framesCount": count, **more}
    return read_track(region(value), max_frames=limit)


def track(*sequence: Any, count: Any = None, limit: int = 1000, **more: Any) -> Track:
    found = read(*sequence, count=count, limit=limit, **more)
    assert isinstance(found, Track)
    return found


def drawn(found: Track, every: int = 1) -> list[tuple[int, float]]:
    """Frames with the x of the box on each."""
    shown = positions(found, last_frame(found), every=every)
    return [(one.frame, one.ltwh_pct[0]) for one in shown]


def test_boxes_move_in_a_straight_line_between_key_frames() -> None:
    found = track(key(2, 10), key(5, 40, enabled=False))
    assert drawn(found) == [(2, 10), (3, 20), (4, 30), (5, 40)]


def test_all_of_a_box_is_interpolated() -> None:
    ends = {"y": 60, "width": 50, "height": 20, "rotation": 90, "enabled": False}
    found = track(key(1, 0), key(3, 10, **ends))
    _, middle, _ = positions(found, 3)
    assert list(middle.ltwh_pct) == [5, 40, 40, 30]
    assert middle.rotation_deg == 45


def test_the_last_key_frame_is_held_to_the_end_of_the_video() -> None:
    found = track(key(3, 7), count=6, duration=1)
    assert drawn(found) == [(3, 7), (4, 7), (5, 7), (6, 7)]


def test_nothing_is_drawn_after_a_key_frame_that_is_not_enabled() -> None:
    found = track(
        key(1, 1), key(3, 3, enabled=False), key(6, 6), key(7, 8), count=8, duration=1
    )
    assert drawn(found) == [(1, 1), (2, 2), (3, 3), (6, 6), (7, 8), (8, 8)]


def test_nothing_is_drawn_before_the_first_key_frame() -> None:
    assert drawn(track(key(4), count=4, duration=1)) == [(4, 10)]


def test_without_a_length_the_last_key_frame_is_the_end() -> None:
    found = track(key(2), key(3))
    assert drawn(found) == [(2, 10), (3, 10)]
    assert last_frame(found, 9) == 9


def test_the_order_of_the_sequence_does_not_matter() -> None:
    keys = [key(1, 1), key(4, 4), key(9, 0, enabled=False)]
    assert drawn(track(*keys)) == drawn(track(*reversed(keys)))


def test_of_two_key_frames_of_a_frame_the_first_that_was_drawn_counts() -> None:
    found = track(key(1, 50, auto=True), key(1, 1), key(1, 2))
    assert drawn(found) == [(1, 1)]
    assert found.losses == ("second key frame of one frame dropped",)
    assert track(key(1, 50, auto=True), key(1, 1)).losses == ()


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 90), st.booleans()),
        min_size=1,
        max_size=6,
        unique_by=lambda made: made[0],
    )
)
def test_an_interpolated_export_is_not_interpolated_twice(
    made: list[tuple[int, int, bool]],
) -> None:
    keys = [key(frame, x, enabled=enabled) for frame, x, enabled in made]
    plain = track(*keys, count=45, duration=2)
    own = {frame for frame, _, _ in made}
    filled = [key(frame, x, auto=True) for frame, x in drawn(plain) if frame not in own]
    again = track(*keys, *filled, count=45, duration=2)
    assert dict(drawn(again)) == pytest.approx(dict(drawn(plain)))


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True),
    st.integers(1, 9),
)
def test_every_so_many_frames_are_those_of_all_frames(
    frames: list[int], every: int
) -> None:
    found = track(*(key(frame, frame) for frame in frames), count=70, duration=3)
    wanted = [one for one in drawn(found) if (one[0] - 1) % every == 0]
    assert drawn(found, every) == wanted


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        [],
        {},
        key(0),
        key(-1),
        key(1.5),
        key("true"),
        key("x"),
        key(1, "x"),
        key(1, None),
        key(1, 1e300),
        key(1, rotation=[]),
        key(1, width={}),
    ],
)
def test_key_frames_that_make_no_sense_are_dropped_and_told(entry: Any) -> None:
    assert read(entry) == "malformed value: a track needs a sequence of key frames"
    found = track(entry, key(5), key(6, enabled=False))
    assert drawn(found) == [(5, 10), (6, 10)]
    assert found.losses == ("malformed key frame dropped",)


@pytest.mark.parametrize(
    "value", [None, 3, [], {}, {"sequence": None}, {"sequence": 1}]
)
def test_a_value_without_a_sequence_is_no_track(value: Any) -> None:
    found = read_track(region(value), max_frames=9)
    assert found == "malformed value: a track needs a sequence of key frames"


def test_numbers_may_be_spelled_as_text() -> None:
    assert drawn(track(key("2", "5"), count="3", duration="1")) == [(2, 5), (3, 5)]


def test_a_missing_rotation_or_enabled_is_none_and_yes() -> None:
    entry = key(1)
    del entry["rotation"], entry["enabled"]
    (shown, _) = positions(track(entry, count=2), 2)
    assert shown.rotation_deg == 0


@pytest.mark.parametrize("count", [1e12, 1e300, 2**70, "9" * 400, -3, "nan"])
def test_an_absurd_number_of_frames_is_not_believed(count: Any) -> None:
    found = track(key(3), count=count, limit=10**6)
    assert found.frames_count is None
    assert drawn(found) == [(3, 10)]


def test_no_frame_comes_after_the_last_one_allowed() -> None:
    found = track(key(3), key(10**8), count=10**8, duration=10**7, limit=5)
    assert drawn(found) == [(3, 10), (4, 10), (5, 10)]
    assert found.losses == ("frames after the last one allowed left out",)
    late = read(key(10**8), limit=5)
    assert late == "frames after the last one allowed left out"


def test_the_frame_rate_is_what_the_key_frames_tell() -> None:
    assert track(key(50, time=2), key(100, time=4)).frame_rate == 25
    assert track(key(1), count=60, duration=2).frame_rate == 30
    assert track(key(1)).frame_rate is None
    assert track(key(1, time=1e-300)).frame_rate is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["frame", "x", "y", "width", "height", "enabled", "auto"]),
            inner,
            max_size=7,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JUNK, max_size=4), JUNK, JUNK)
def test_any_sequence_is_a_bounded_track_or_a_reason(
    sequence: list[Any], count: Any, duration: Any
) -> None:
    value = {"sequence": sequence, "framesCount": count, "duration": duration}
    raw = json.dumps(value).replace("NaN", "null").replace("Infinity", "1e999")
    made = Region(
        "r", (Result(type="videorectangle", value=msgspec.Raw(raw.encode())),)
    )
    found = read_track(made, max_frames=200)
    if isinstance(found, Track):
        frames = [one.frame for one in positions(found, last_frame(found))]
        assert frames == sorted(set(frames))
        assert all(1 <= frame <= 200 for frame in frames)
