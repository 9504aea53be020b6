from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.geometry import (
    Box,
    Ltwh,
    Point,
    Size,
    are_on_image,
    clip_ltwh,
    clip_points,
    corners,
    points_hull,
    polygon_area,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SIZE = Size(200, 100)
COORDINATE = st.floats(-300, 300)
LENGTH = st.floats(0.01, 500)
LTWH = st.tuples(COORDINATE, COORDINATE, LENGTH, LENGTH)
TURNED = st.builds(Box, COORDINATE, COORDINATE, LENGTH, LENGTH, st.floats(0, 360))


@pytest.mark.parametrize(
    ("given_ltwh", "expected"),
    [
        ((10, 10, 20, 20), (10, 10, 20, 20)),
        ((-5, 10, 20, 20), (0, 10, 15, 20)),
        ((10, -5, 20, 20), (10, 0, 20, 15)),
        ((190, 90, 30, 30), (190, 90, 10, 10)),
        ((-10, -10, 500, 500), (0, 0, 200, 100)),
        ((-30, 10, 20, 20), None),
        ((10, 100, 20, 20), None),
        ((10, 10, 0, 20), None),
    ],
)
def test_a_box_is_cut_at_the_images_edges(
    given_ltwh: Ltwh, expected: Ltwh | None
) -> None:
    """F16."""
    assert clip_ltwh(given_ltwh, SIZE) == expected


@calm
@given(ltwh=LTWH)
def test_a_clipped_box_is_on_the_image(ltwh: Ltwh) -> None:
    clipped = clip_ltwh(ltwh, SIZE)
    if clipped is not None:
        left, top, width, height = clipped
        assert 0 <= left <= left + width <= 200 + 1e-9
        assert 0 <= top <= top + height <= 100 + 1e-9
        assert width > 0 < height


@calm
@given(ltwh=LTWH)
def test_clipping_a_box_as_a_polygon_gives_the_same(ltwh: Ltwh) -> None:
    clipped = clip_ltwh(ltwh, SIZE)
    points = clip_points(corners(Box(*ltwh)), SIZE)
    expected = clipped[2] * clipped[3] if clipped else 0
    assert polygon_area(points) == pytest.approx(expected, abs=1e-6)
    if expected > 1e-3 and clipped is not None:
        assert points_hull(points) == pytest.approx(clipped, abs=1e-6)


@calm
@given(box=TURNED)
def test_a_clipped_polygon_is_on_the_image_and_no_larger(box: Box) -> None:
    points = clip_points(corners(box), SIZE)
    assert all(-1e-9 <= x <= 200 + 1e-9 for x, _ in points)
    assert all(-1e-9 <= y <= 100 + 1e-9 for _, y in points)
    assert polygon_area(points) <= min(box.width_px * box.height_px, 20_000) + 1e-6


@calm
@given(box=TURNED)
def test_what_is_cut_off_on_both_sides_adds_up(box: Box) -> None:
    """The parts left and right of x = 200, each clipped to a huge image."""
    huge = 1e4
    shifted = [(x + huge / 2, y + huge / 2) for x, y in corners(box)]
    left = clip_points(shifted, Size(huge / 2, huge))
    mirrored = [(huge - x, y) for x, y in shifted]
    right = clip_points(mirrored, Size(huge / 2, huge))
    total = polygon_area(left) + polygon_area(right)
    assert total == pytest.approx(box.width_px * box.height_px, abs=1e-4)


def test_a_polygon_on_the_image_stays_as_it_is() -> None:
    triangle = ((0.0, 0.0), (200.0, 0.0), (200.0, 100.0))
    assert clip_points(triangle, SIZE) == triangle


@pytest.mark.parametrize(
    ("point", "is_on_image"),
    [((0, 0), True), ((200, 100), True), ((200.1, 50), False), ((5, -0.1), False)],
)
def test_the_edges_of_the_image_belong_to_it(
    point: Point, *, is_on_image: bool
) -> None:
    assert are_on_image([(1.0, 1.0), point], SIZE) == is_on_image


def test_a_concave_polygon_keeps_its_area_on_the_image() -> None:
    comb: list[Point] = [(150, 10), (250, 10), (250, 40), (190, 40), (190, 60)]
    comb += [(250, 60), (250, 90), (150, 90)]
    assert polygon_area(clip_points(comb, SIZE)) == pytest.approx(50 * 80 - 10 * 20)


def test_a_polygon_beside_the_image_leaves_nothing() -> None:
    assert clip_points([(300.0, 0.0), (400.0, 0.0), (350.0, 50.0)], SIZE) == ()
