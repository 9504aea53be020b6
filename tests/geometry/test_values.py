from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.geometry import (
    Box,
    Ellipse,
    Keypoint,
    Polygon,
    Size,
    box_to_pct,
    box_to_px,
    convert_from_ls,
    corners,
    ellipse_to_pct,
    ellipse_to_px,
    keypoint_to_pct,
    keypoint_to_px,
    ltwh_to_pct,
    points_to_pct,
    polygon_to_pct,
    polygon_to_px,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PX = st.floats(-1e5, 1e5)
LENGTH = st.floats(0, 1e5)
ANGLE = st.floats(-360, 360)
SIDE_PX = st.integers(1, 100_000)
SIZES = st.builds(Size, SIDE_PX, SIDE_PX)


def exactly(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-300)


@calm
@given(box=st.builds(Box, PX, PX, LENGTH, LENGTH, ANGLE), size=SIZES)
def test_turned_boxes_survive_the_way_to_percent_and_back(box: Box, size: Size) -> None:
    back = box_to_px(box_to_pct(box, size), size)
    for name in ("left_px", "top_px", "width_px", "height_px"):
        assert getattr(back, name) == exactly(getattr(box, name))
    assert back.rotation_deg == box.rotation_deg


@calm
@given(ellipse=st.builds(Ellipse, PX, PX, LENGTH, LENGTH, ANGLE), size=SIZES)
def test_ellipses_survive_the_way_to_percent_and_back(
    ellipse: Ellipse, size: Size
) -> None:
    back = ellipse_to_px(ellipse_to_pct(ellipse, size), size)
    for name in ("x_px", "y_px", "radius_x_px", "radius_y_px"):
        assert getattr(back, name) == exactly(getattr(ellipse, name))
    assert back.rotation_deg == ellipse.rotation_deg


@calm
@given(point=st.builds(Keypoint, PX, PX, LENGTH), size=SIZES)
def test_keypoints_survive_the_way_to_percent_and_back(
    point: Keypoint, size: Size
) -> None:
    back = keypoint_to_px(keypoint_to_pct(point, size), size)
    for name in ("x_px", "y_px", "width_px"):
        assert getattr(back, name) == exactly(getattr(point, name))


@calm
@given(
    polygon=st.builds(
        Polygon, st.lists(st.tuples(PX, PX), max_size=20).map(tuple), st.booleans()
    ),
    size=SIZES,
)
def test_polygons_survive_the_way_to_percent_and_back(
    polygon: Polygon, size: Size
) -> None:
    back = polygon_to_px(polygon_to_pct(polygon, size), size)
    assert back.closed is polygon.closed
    for found, expected in zip(back.points_px, polygon.points_px, strict=True):
        assert found == exactly(expected)


@calm
@given(size=SIZES)
def test_the_whole_image_is_exactly_a_hundred_percent(size: Size) -> None:
    """A server that checks predictions refuses 100.00000000000001."""
    width, height = size.width_px, size.height_px
    assert ltwh_to_pct((0, 0, width, height), size) == (0, 0, 100, 100)
    assert points_to_pct([(width, height)], size) == ((100, 100),)


def test_a_box_is_what_the_export_guide_makes_of_it() -> None:
    value = {"x": 5.33, "y": 23.57, "width": 29.16, "height": 31.26, "rotation": 30}
    box = box_to_px(value, Size(600, 403))
    result = {"original_width": 600, "original_height": 403, "value": value}
    assert (box.left_px, box.top_px, box.width_px, box.height_px) == pytest.approx(
        convert_from_ls(result)
    )
    assert box.rotation_deg == 30


@pytest.mark.parametrize("damage", [None, "wide", math.nan, math.inf, [], 10**400])
@pytest.mark.parametrize(
    ("to_px", "fields"),
    [
        (box_to_px, ("x", "y", "width", "height")),
        (ellipse_to_px, ("x", "y", "radiusX", "radiusY")),
        (keypoint_to_px, ("x", "y")),
    ],
)
def test_a_value_without_finite_numbers_is_refused(
    to_px: Any, fields: tuple[str, ...], damage: Any
) -> None:
    for field in fields:
        value = dict.fromkeys(fields, 1.0) | {field: damage}
        with pytest.raises(UsageError, match=f"needs {field}, a finite number"):
            to_px(value, Size(10, 10))


@pytest.mark.parametrize("points", [None, 5, [1, 2], [[1]], [[1, 2, 3]], [[1, None]]])
def test_a_polygon_without_pairs_of_numbers_is_refused(points: Any) -> None:
    with pytest.raises(UsageError, match="points, a list of pairs"):
        polygon_to_px({"points": points}, Size(10, 10))
    with pytest.raises(UsageError, match="points, a list of pairs"):
        polygon_to_px({}, Size(10, 10))


def test_models_boxes_are_read_in_the_three_usual_layouts() -> None:
    expected = Box(10.0, 20.0, 40.0, 10.0)
    assert Box.from_ltwh((10, 20, 40, 10)) == expected
    assert Box.from_ltrb((10, 20, 50, 30)) == expected
    assert Box.from_centre((30, 25, 40, 10)) == expected


@pytest.mark.parametrize(
    "row", [(1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3, None), 5, "1234a"]
)
def test_a_row_that_is_no_four_numbers_is_refused(row: Any) -> None:
    for read in (Box.from_ltwh, Box.from_ltrb, Box.from_centre):
        with pytest.raises(UsageError, match="four numbers"):
            read(row)


def test_a_row_of_an_array_is_read_into_plain_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    (row,) = numpy.asarray([[10, 20, 50, 30]], dtype="float32")
    box = Box.from_ltrb(row)
    assert box == Box(10.0, 20.0, 40.0, 10.0)
    assert {type(box.left_px), type(box.width_px)} == {float}


@calm
@given(PX, PX, LENGTH, LENGTH, ANGLE)
def test_a_box_turned_about_its_centre_keeps_it(
    x: float, y: float, width: float, height: float, rotation_deg: float
) -> None:
    box = Box.from_centre((x, y, width, height), rotation_deg)
    xs, ys = zip(*corners(box), strict=True)
    assert (sum(xs) / 4, sum(ys) / 4) == pytest.approx((x, y), abs=1e-6)
    assert (box.width_px, box.height_px) == (width, height)
