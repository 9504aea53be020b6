from __future__ import annotations

import cmath
import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ls_tools.geometry import (
    Box,
    Ellipse,
    Ltwh,
    Point,
    Polygon,
    area,
    corners,
    ellipse_points,
    hull,
    outline,
    points_hull,
    polygon_area,
    rotate_point,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

COORDINATE = st.floats(-1e4, 1e4)
LENGTH = st.floats(0, 1e4)
ANGLE = st.floats(-720, 720)
BOXES = st.builds(Box, COORDINATE, COORDINATE, LENGTH, LENGTH, ANGLE)
ELLIPSES = st.builds(
    Ellipse, COORDINATE, COORDINATE, st.floats(0.1, 1e4), st.floats(0.1, 1e4), ANGLE
)


def turn_as_complex(point: Point, about: Point, angle_deg: float) -> Point:
    """Rotation by another way: a product of complex numbers.

    With y down, the turn that complex numbers call counterclockwise is
    clockwise on the screen.
    """
    turned = complex(*about) + (complex(*point) - complex(*about)) * cmath.exp(
        1j * math.radians(angle_deg)
    )
    return turned.real, turned.imag


def hull_as_complex(box: Box) -> Ltwh:
    anchor = (box.left_px, box.top_px)
    right, bottom = box.left_px + box.width_px, box.top_px + box.height_px
    upright = [anchor, (right, box.top_px), (right, bottom), (box.left_px, bottom)]
    turned = [turn_as_complex(p, anchor, box.rotation_deg) for p in upright]
    xs, ys = zip(*turned, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def test_a_square_turned_by_45_degrees_has_its_true_hull() -> None:
    """F1: 40 x 40 px on an image of 200 x 100."""
    found = hull(Box(100, 10, 40, 40, 45))
    assert found == pytest.approx((71.72, 10, 56.57, 56.57), abs=5e-3)


def test_a_quarter_turn_is_clockwise_on_the_screen() -> None:
    assert corners(Box(100, 10, 40, 20, 90)) == (
        (100, 10),
        (100, 50),
        (80, 50),
        (80, 10),
    )


def test_corners_start_at_the_top_left_and_go_clockwise() -> None:
    assert corners(Box(1, 2, 3, 4)) == ((1, 2), (4, 2), (4, 6), (1, 6))


@pytest.mark.parametrize("turns", [-4, 0, 4, 8])
def test_whole_turns_change_nothing(turns: int) -> None:
    assert corners(Box(1, 2, 3, 4, 90.0 * turns)) == corners(Box(1, 2, 3, 4))


@calm
@given(box=BOXES)
def test_the_hull_of_a_turned_box_equals_another_computation(box: Box) -> None:
    assert hull(box) == pytest.approx(hull_as_complex(box), abs=1e-6)


@calm
@given(point=st.tuples(COORDINATE, COORDINATE), about=st.tuples(COORDINATE, COORDINATE))
def test_turning_there_and_back_leaves_a_point_where_it_was(
    point: Point, about: Point
) -> None:
    there = rotate_point(point, about, 33.3)
    assert rotate_point(there, about, -33.3) == pytest.approx(point, abs=1e-6)


@calm
@given(box=BOXES)
def test_turning_keeps_the_area(box: Box) -> None:
    expected = box.width_px * box.height_px
    assert area(box) == expected
    assert polygon_area(corners(box)) == pytest.approx(expected, rel=1e-6, abs=1e-3)


def test_a_box_of_no_width_has_a_hull() -> None:
    """F3: no division by zero, whatever the rotation."""
    found = hull(Box(10, 10, 0, 20, 30))
    assert found == pytest.approx((0, 10, 10, 20 * math.cos(math.radians(30))))


@calm
@given(
    points=st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=8),
    shift=st.tuples(COORDINATE, COORDINATE),
)
def test_a_polygons_area_depends_neither_on_place_nor_on_direction(
    points: list[Point], shift: Point
) -> None:
    moved = [(x + shift[0], y + shift[1]) for x, y in points]
    expected = polygon_area(points)
    assert polygon_area(moved) == pytest.approx(expected, rel=1e-6, abs=1e-3)
    assert polygon_area(points[::-1]) == pytest.approx(expected, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("points", [[], [(1.0, 1.0)], [(1.0, 1.0), (5.0, 7.0)]])
def test_points_and_lines_have_no_area(points: list[Point]) -> None:
    assert polygon_area(points) == 0


@calm
@given(
    points=st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1)
)
def test_the_hull_of_points_runs_from_the_least_to_the_greatest(
    points: list[Point],
) -> None:
    xs, ys = zip(*points, strict=True)
    left, top = min(xs), min(ys)
    assert points_hull(points) == (left, top, max(xs) - left, max(ys) - top)


@calm
@given(ellipse=ELLIPSES)
def test_an_ellipses_hull_touches_it_on_all_sides(ellipse: Ellipse) -> None:
    fine = [turn_on_ellipse(ellipse, 2 * math.pi * k / 3600) for k in range(3600)]
    size = max(ellipse.radius_x_px, ellipse.radius_y_px)
    assert hull(ellipse) == pytest.approx(points_hull(fine), abs=1e-5 * size)


@calm
@given(ellipse=ELLIPSES, tolerance_px=st.floats(0.01, 5))
def test_an_ellipses_polygon_is_as_near_as_asked(
    ellipse: Ellipse, tolerance_px: float
) -> None:
    points = ellipse_points(ellipse, tolerance_px)
    size = max(ellipse.radius_x_px, ellipse.radius_y_px)
    assume(size * (1 - math.cos(math.pi / 720)) < tolerance_px)
    for index, start in enumerate(points):
        end = points[(index + 1) % len(points)]
        middle = turn_on_ellipse(ellipse, 2 * math.pi * (index + 0.5) / len(points))
        assert distance_to_line(middle, start, end) <= tolerance_px + 1e-6


@calm
@given(ellipse=ELLIPSES)
def test_an_ellipses_polygon_lies_inside_it_and_is_not_much_smaller(
    ellipse: Ellipse,
) -> None:
    covered = polygon_area(ellipse_points(ellipse, 0.25))
    assert 0.9 * area(ellipse) <= covered <= area(ellipse) * (1 + 1e-9)


@pytest.mark.parametrize("radius_px", [0.0, 1e-300, 1e-6, 1.0, 1e6, 1e12])
def test_the_number_of_an_ellipses_points_is_bounded(radius_px: float) -> None:
    found = ellipse_points(Ellipse(0, 0, radius_px, radius_px), 0.5)
    assert 8 <= len(found) <= 720
    assert len(found) % 4 == 0


def test_every_shape_has_an_outline() -> None:
    triangle = ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0))
    assert outline(Polygon(triangle)) == triangle
    assert area(Polygon(triangle)) == 6
    assert hull(Polygon(triangle)) == (0, 0, 4, 3)
    assert outline(Box(0, 0, 1, 1)) == corners(Box(0, 0, 1, 1))
    ellipse = Ellipse(5, 5, 3, 2, 10)
    assert outline(ellipse, 0.1) == ellipse_points(ellipse, 0.1)


def turn_on_ellipse(ellipse: Ellipse, angle: float) -> Point:
    upright = (
        ellipse.x_px + ellipse.radius_x_px * math.cos(angle),
        ellipse.y_px + ellipse.radius_y_px * math.sin(angle),
    )
    centre = (ellipse.x_px, ellipse.y_px)
    return turn_as_complex(upright, centre, ellipse.rotation_deg)


def distance_to_line(point: Point, start: Point, end: Point) -> float:
    along = complex(*end) - complex(*start)
    off = complex(*point) - complex(*start)
    return abs((off * along.conjugate()).imag) / abs(along)
