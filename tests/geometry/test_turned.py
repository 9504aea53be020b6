from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.geometry import (
    Box,
    convex_hull,
    corners,
    polygon_area,
    rotate_point,
    smallest_box,
)

COORDINATES = st.integers(-1000, 1000).map(float)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=30)


@given(
    st.floats(1, 500),
    st.floats(1, 500),
    st.floats(-50, 50),
    st.floats(0, 359),
)
def test_a_turned_box_is_its_own_smallest_box(
    width: float, height: float, left: float, rotation: float
) -> None:
    box = Box(left, 7.0, width, height, rotation)
    found = smallest_box(corners(box))
    assert found.width_px * found.height_px == pytest.approx(width * height)
    assert sorted((found.width_px, found.height_px)) == pytest.approx(
        sorted((width, height))
    )
    tolerance = 1e-4 * max(1, width, height)
    for mine in corners(found):
        assert min(math.dist(mine, theirs) for theirs in corners(box)) < tolerance


@given(POINTS)
def test_all_points_are_in_the_smallest_box(points: list[tuple[float, float]]) -> None:
    box = smallest_box(points)
    assert 0 <= box.rotation_deg < 90
    origin = (box.left_px, box.top_px)
    for point in points:
        x, y = rotate_point(point, origin, -box.rotation_deg)
        assert -1e-6 <= x - box.left_px <= box.width_px + 1e-6
        assert -1e-6 <= y - box.top_px <= box.height_px + 1e-6


@given(POINTS)
def test_no_upright_box_is_smaller(points: list[tuple[float, float]]) -> None:
    box = smallest_box(points)
    xs, ys = zip(*points, strict=True)
    upright = (max(xs) - min(xs)) * (max(ys) - min(ys))
    assert box.width_px * box.height_px <= upright + 1e-3


@given(POINTS)
def test_the_hull_is_convex_and_around_all_points(
    points: list[tuple[float, float]],
) -> None:
    hull = convex_hull(points)
    assert set(hull) <= set(points)
    for point in points:
        assert polygon_area(convex_hull([*hull, point])) == pytest.approx(
            polygon_area(hull)
        )


def test_points_on_a_line_have_a_box_without_area() -> None:
    box = smallest_box([(0.0, 0.0), (3.0, 4.0), (6.0, 8.0)])
    assert box.width_px * box.height_px == pytest.approx(0)
    assert max(box.width_px, box.height_px) == pytest.approx(10)
