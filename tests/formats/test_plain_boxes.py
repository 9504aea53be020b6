"""Plain boxes take a short way, to the same end as the long one."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from formats.goldens import read_tree
from formats.pictures_rig import annotation, box, convert_tasks, task
from hypothesis import given, settings
from hypothesis import strategies as st

from ls_tools.formats.plain_boxes import read_plain_box
from ls_tools.geometry import Size
from ls_tools.models import Result
from ls_tools.regions import Region, read_drawing

IMAGE = Size(200, 100)
PERCENTS = (
    st.sampled_from(
        [0, -0.0, 1e-9, 0.0005, 1, 33.3, 50, 99.9995, 100, 100.1, "7", None]
    )
    | st.floats(0, 100)
    | st.floats(-5, 105)
)
BOXES = st.builds(
    box,
    PERCENTS,
    PERCENTS,
    PERCENTS,
    PERCENTS,
    st.sampled_from([0, 0, 0, 0.0, -0.0, 90, 360, 1e-300, "0", None]),
    st.sampled_from(["Car", "Car", "Person", "Lorry", ""]),
    original_width=st.sampled_from([200, 200, 200.0, 333, None]),
)
OTHERS = st.builds(
    box,
    st.just(10),
    st.just(10),
    st.floats(1, 95),
    st.just(20),
    st.just(0),
    st.just("Car"),
    st.sampled_from(["Person", "Car"]),
    meta=st.sampled_from([None, {}, {"text": ["note"]}]),
    score=st.sampled_from([None, 0, 0.5]),
)


def region(**fields: Any) -> Region:
    made = {**box(10, 10, 20, 40), **fields}
    decoded = msgspec.json.decode(json.dumps(made).encode(), type=Result)
    return Region(decoded.id, (decoded,))


def spoiled(result: dict[str, Any]) -> dict[str, Any]:
    """The same with a field that says nothing, for which the short way gives up."""
    return {**result, "value": {**result["value"], "unknown": 1}}


@pytest.mark.parametrize("to", ["coco", "yolo", "yolo_segment", "voc"])
@pytest.mark.parametrize("clip", [True, False])
@settings(max_examples=15, deadline=None)
@given(results=st.lists(BOXES | BOXES | OTHERS, max_size=40))
def test_the_short_way_ends_where_the_long_one_does(
    to: str, results: list[dict[str, Any]], *, clip: bool
) -> None:
    made = []
    for found in (results, [spoiled(result) for result in results]):
        drawn = annotation(*found, id=1, created_at=None, updated_at=None)
        with TemporaryDirectory() as folder:
            done = convert_tasks(Path(folder), to, [task(1, drawn)], clip=clip)
            made.append((read_tree(done.root), done.skipped(), done.degraded()))
    assert made[0] == made[1]


def test_a_plain_box_is_what_is_drawn() -> None:
    drawn = region()
    found = read_plain_box(drawn, IMAGE)
    assert found
    drawing, ltwh = found
    assert drawing == read_drawing(drawn, IMAGE)
    assert ltwh == (20, 10, 40, 40)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "rectangle"},
        {"score": 0.5},
        {"meta": {"text": ["note"]}},
        {"original_width": 201},
        {"original_height": None},
        {"value": box(10, 10, 20, 40, 45)["value"]},
        {"value": box(90, 10, 20, 40)["value"]},
        {"value": box(-1, 10, 20, 40)["value"]},
        {"value": box(10, 10, 0, 40)["value"]},
        {"value": box(10, 10, 20, 40, 0, "Car", "Person")["value"]},
        {"value": {**box(10, 10, 20, 40)["value"], "text": "Ford"}},
        {"value": {}},
        {"value": 7},
    ],
    ids=str,
)
def test_what_needs_a_second_look_is_not_plain(fields: dict[str, Any]) -> None:
    assert read_plain_box(region(**fields), IMAGE) is None


def test_a_region_of_several_results_is_not_plain() -> None:
    (result,) = region().results
    choices = Result(type="choices", id=result.id)
    assert read_plain_box(Region(result.id, (result, choices)), IMAGE) is None
