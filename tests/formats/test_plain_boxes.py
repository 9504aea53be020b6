"""Plain boxes take a short way, to the same end as the long one."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from formats.goldens import read_tree
from formats.pictures_rig import BOXES as BOXES_XML
from formats.pictures_rig import annotation, box, convert_tasks, task
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ls_tools.formats.pictures import PictureReader
from ls_tools.formats.plain_boxes import read_plain_box
from ls_tools.geometry import Box, Size
from ls_tools.models import Result
from ls_tools.regions import Drawing, Region, read_drawing

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


NAN = {"x": float("nan"), "y": 10, "width": 20, "height": 20}
ODD = st.sampled_from(
    [
        {"value": {**NAN, "rotation": 0, "rectanglelabels": ["Car"]}},
        {"value": 7},
        {"value": {}},
        {"value": {"rectanglelabels": ["Car"]}},
        {"type": "choices", "value": {"choices": ["Car"]}},
        {"type": "relation", "from_id": "a", "to_id": "b", "id": None},
        {"type": "rectangle"},
        {"to_name": "nothing"},
        {"to_name": ""},
        {"to_name": "other"},
        {"parentID": "a"},
        {"original_width": 0, "original_height": 0},
        {"original_width": "200", "original_height": 1e300},
    ]
)
ELSEWHERE = st.sampled_from(
    [
        {"id": "a"},
        {"id": "b"},
        {"id": None},
        {"to_name": "other"},
        {"item_index": 0},
        {"item_index": 1},
        {"item_index": 2},
        {"original_width": 333},
    ]
)
SIDES = st.integers(1, 30)
PLAIN = st.builds(box, SIDES, SIDES, SIDES, SIDES)
CHANGED = st.builds(lambda made, changes: {**made, **changes}, PLAIN, ODD | ELSEWHERE)
ANNOTATIONS = st.lists(PLAIN | CHANGED | CHANGED | BOXES | OTHERS, max_size=8)
SEVERAL = BOXES_XML.replace("<Rect", '<Image name="other" value="$other"/><Rect')


def plain(**fields: Any) -> Result:
    made = {**box(10, 10, 20, 40), **fields}
    return msgspec.json.decode(json.dumps(made).encode(), type=Result)


def converted(to: str, tasks: list[dict[str, Any]], **options: Any) -> Any:
    with TemporaryDirectory() as folder:
        done = convert_tasks(Path(folder), to, tasks, xml=SEVERAL, **options)
        return read_tree(done.root)


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


@pytest.mark.parametrize("to", ["coco", "yolo", "yolo_segment", "voc"])
@settings(max_examples=60, deadline=None)
@example(
    [[box(1, 1, 9, 9, id="a"), box(5, 5, 9, 9), box(1, 1, 9, 9, 0, "Person", id="a")]]
)
@example([[box(1, 1, 9, 9)], [box(1, 1, 9, 9, original_width=333), box(5, 5, 9, 9)]])
@given(drawn=st.lists(ANNOTATIONS, min_size=1, max_size=2))
def test_boxes_read_together_are_those_read_one_by_one(
    to: str, drawn: list[list[dict[str, Any]]]
) -> None:
    """Whatever stands between them, on however many images, drawn by whomever."""
    images = {"image": ["a.jpg", "b.jpg"], "other": "c.jpg"}
    first = annotation(box(1, 1, 2, 2), box(1, 1, 2, 2, 0, "Person"))  # meets labels
    made = [
        task(1, first, **images),
        task(2, *(annotation(*results) for results in drawn), **images),
    ]
    together = converted(to, made, select="all")
    with patch.object(PictureReader, "read_plain", return_value=None):
        one_by_one = converted(to, made, select="all")
    with (
        patch("ls_tools.formats.pictures.read_plain_box", return_value=None),
        patch("ls_tools.formats.plain_boxes.read_plain_box", return_value=None),
    ):
        long_way = converted(to, made, select="all")
    assert together == one_by_one == long_way


@pytest.mark.parametrize("to", ["coco", "yolo", "voc"])
@pytest.mark.parametrize(
    ("spoiled_at", "expected"), [(None, 3), (0, None), (1, 1), (2, 2)]
)
def test_boxes_are_read_together_up_to_the_first_that_is_not_plain(
    to: str, spoiled_at: int | None, expected: int | None, tmp_path: Path
) -> None:
    results = [box(10, 10, 20, 40) for _ in range(3)]
    if spoiled_at is not None:
        results[spoiled_at] = spoiled(results[spoiled_at])
    counts = []
    read_plain = PictureReader.read_plain

    def watched(*args: Any) -> Any:
        found = read_plain(*args)
        counts.append(None if found is None else len(found.boxes))
        return found

    # The first task is where the label is met.
    tasks = [task(1, annotation(box(1, 1, 2, 2))), task(2, annotation(*results))]
    with patch.object(PictureReader, "read_plain", watched):
        convert_tasks(tmp_path, to, tasks)
    assert counts == [None, expected]


def test_a_plain_box_is_what_is_drawn() -> None:
    drawn = plain()
    found = read_plain_box(drawn, IMAGE)
    drawing = read_drawing(Region(drawn.id, (drawn,)), IMAGE)
    assert isinstance(drawing, Drawing)
    assert found
    label, ltwh = found
    assert list(ltwh) == [20, 10, 40, 40]
    assert drawing.shape == Box(*ltwh)
    assert drawing.labels == [label] == ["Car"]


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
    assert read_plain_box(plain(**fields), IMAGE) is None
