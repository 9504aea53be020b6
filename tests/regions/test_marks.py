"""Keypoints, masks and vectors: what is drawn without a box or a polygon."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ls_tools.geometry import EncodedMask, Keypoint, Polygon
from ls_tools.models import Annotation, Result
from ls_tools.regions import Drawing, group_regions, read_drawing


def draw(*results: tuple[str, dict[str, Any]]) -> Drawing | str:
    """Read one region of a 200 x 100 image."""
    made = [
        Result(
            type=kind,
            id="r1",
            value=msgspec.Raw(json.dumps(value).encode()),
            original_width=200,
            original_height=100,
        )
        for kind, value in results
    ]
    (region,) = group_regions(Annotation(result=made))
    return read_drawing(region)


def shape_of(kind: str, **value: Any) -> Any:
    found = draw((kind, value))
    return found if isinstance(found, str) else found.shape


def vertex(x: float, y: float, **fields: Any) -> dict[str, Any]:
    return {"x": x, "y": y, **fields}


def test_a_keypoint_is_in_pixels() -> None:
    found = draw(
        ("keypointlabels", {"x": 50, "y": 20, "width": 1, "keypointlabels": ["a"]})
    )
    assert isinstance(found, Drawing)
    assert found.shape == Keypoint(100, 20, 2)
    assert found.labels == ["a"]


def test_a_keypoint_needs_a_place() -> None:
    assert shape_of("keypointlabels", y=3) == (
        "malformed value: a keypoint needs x and y"
    )


@pytest.mark.parametrize("kind", ["brush", "brushlabels", "magicwand"])
def test_a_brush_keeps_its_code(kind: str) -> None:
    found = shape_of(kind, format="rle", rle=[0, 1, 255])
    assert found == EncodedMask("rle", b"\x00\x01\xff")


@pytest.mark.parametrize("rle", [None, "x", [256], [-1], [1.5], [None], {}, [[1]]])
def test_a_code_that_is_no_list_of_bytes_is_malformed(rle: Any) -> None:
    assert shape_of("brushlabels", rle=rle) == (
        "malformed value: a brush needs rle, a list of bytes"
    )


def test_a_bitmask_keeps_its_picture() -> None:
    found = shape_of("bitmasklabels", imageDataURL="data:image/png;base64,aGk=")
    assert found == EncodedMask("png", b"aGk=")


@pytest.mark.parametrize("url", [None, "", "http://a/b.png", "data:text/html,x"])
def test_a_bitmask_is_a_picture_in_the_value(url: Any) -> None:
    assert shape_of("bitmask", imageDataURL=url) == (
        "malformed value: a bitmask needs imageDataURL, a PNG in base64"
    )


def test_labels_and_a_brush_are_one_region() -> None:
    found = draw(("labels", {"rle": [1], "labels": ["Sky"]}), ("brush", {"rle": [1]}))
    assert isinstance(found, Drawing)
    assert found.labels == ["Sky"]
    assert found.result.type == "brush"
    assert found.shape == EncodedMask("rle", b"\x01")


def test_labels_say_by_their_value_what_was_drawn() -> None:
    assert shape_of("labels", x=10, y=10, width=1, labels=["a"]) == Keypoint(20, 10, 2)
    assert shape_of("labels", rle=[7]) == EncodedMask("rle", b"\x07")
    assert isinstance(shape_of("labels", vertices=[vertex(1, 1)]), Polygon)
    assert shape_of("labels", start=1, end=2) == "not a shape on an image"


def test_a_vector_is_an_open_polygon() -> None:
    corners = [vertex(10, 10, id="a"), vertex(20, 30, id="b", prevPointId="a")]
    assert shape_of("vectorlabels", vertices=corners, closed=False) == Polygon(
        ((20, 10), (40, 30)), closed=False
    )
    assert shape_of("vector", vertices=corners, closed=True).closed


def test_a_curve_becomes_lines_that_touch_it() -> None:
    """A quarter of a circle about (0, 0), by the usual control points."""
    k = 0.5522847498
    corners = [
        vertex(50, 0, isBezier=True, controlPoint2=vertex(50, 50 * k)),
        vertex(0, 50, isBezier=True, controlPoint1=vertex(50 * k, 50)),
    ]
    found = shape_of("vectorlabels", vertices=corners)
    assert found.curved
    assert not found.closed
    distances = [((x / 2) ** 2 + y**2) ** 0.5 for x, y in found.points_px]
    assert len(distances) == 17
    assert distances == pytest.approx([50] * 17, rel=1e-3)


def test_one_control_point_bends_its_own_end_alone() -> None:
    corners = [
        vertex(0, 0),
        vertex(100, 0, isBezier=True, controlPoint1=vertex(100, 50)),
    ]
    points = shape_of("vectorlabels", vertices=corners).points_px
    deepest = max(points, key=lambda point: point[1])
    assert deepest[0] > 100
    assert points[-1] == (200, 0)


def test_control_points_of_a_straight_corner_say_nothing() -> None:
    corners = [vertex(0, 0, isBezier=False, controlPoint2=vertex(9, 9)), vertex(50, 0)]
    found = shape_of("vectorlabels", vertices=corners)
    assert found == Polygon(((0, 0), (100, 0)), closed=False)


def test_a_skeleton_is_no_outline() -> None:
    corners = [
        vertex(0, 0, id="a"),
        vertex(5, 5, id="b", prevPointId="a"),
        vertex(9, 9, id="c", prevPointId="a"),
    ]
    assert shape_of("vectorlabels", vertices=corners) == (
        "vector with branches is no outline"
    )


@pytest.mark.parametrize(
    ("vertices", "reason"),
    [
        ([], "malformed value: a vector needs vertices"),
        ([{"x": 1}], "malformed value: vertices"),
        ([vertex(1e300, 1)], "malformed value: number out of range"),
        ("x", "malformed value: vertices"),
    ],
)
def test_a_malformed_vector_says_why(vertices: Any, reason: str) -> None:
    assert shape_of("vectorlabels", vertices=vertices) == reason
