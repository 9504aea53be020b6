from __future__ import annotations

import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UnreadableMediaError
from ls_tools.geometry import (
    Box,
    Ellipse,
    Polygon,
    Size,
    area,
    ellipse_points,
    rotate_point,
)
from ls_tools.raster import mask_of, mask_of_rings, whole_size
from ls_tools.settings import Bounds

np = pytest.importorskip("numpy")

SIZE = Size(40, 30)
NUMBER = st.floats(-30, 70, allow_nan=False)


def brute_force(rings: list[Any], size: Size) -> Any:
    """The non-zero rule at the centre of each pixel, pixel by pixel."""
    width, height = whole_size(size)
    mask = np.zeros((height, width), bool)
    for row in range(height):
        for column in range(width):
            x, y, turns = column + 0.5, row + 0.5, 0
            for ring in rings:
                for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
                    if (y0 < y) != (y1 < y):
                        crossing = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                        turns += (1 if y1 > y0 else -1) * (crossing <= x)
            mask[row, column] = turns != 0
    return mask


def on_edge(points: list[Any], size: Size) -> Any:
    """Pixels whose centre is on an edge, as far as numbers tell."""
    rows, columns = np.mgrid[0.5 : size.height_px, 0.5 : size.width_px]
    found = np.zeros(rows.shape, bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        along_x, along_y = x1 - x0, y1 - y0
        square = along_x**2 + along_y**2
        share = ((columns - x0) * along_x + (rows - y0) * along_y) / (square or 1)
        share = share.clip(0, 1)
        away = np.hypot(columns - x0 - share * along_x, rows - y0 - share * along_y)
        found |= away < 1e-6
    return found


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=3, max_size=7))
def test_a_pixel_is_inside_a_polygon_where_its_centre_is(points: list[Any]) -> None:
    size = Size(12, 9)
    mask = mask_of(Polygon(tuple(points)), size)
    expected = brute_force([points], size)
    # A centre that is on an edge may fall either way.
    assert not ((mask != expected) & ~on_edge(points, size)).any()


def test_whole_pixels_are_counted_exactly() -> None:
    mask = mask_of(Box(2, 3, 10, 4), SIZE)
    assert mask.dtype == bool
    assert mask.shape == (30, 40)
    assert mask[3:7, 2:12].all()
    assert mask.sum() == 40


@pytest.mark.parametrize("rotation_deg", [0, 15, 45, 90, 200])
@pytest.mark.parametrize("scale", [1, 4, 16])
def test_areas_converge(rotation_deg: float, scale: int) -> None:
    size = Size(60 * scale, 60 * scale)
    middle = 30.2 * scale
    left, top = _turned(middle, scale, rotation_deg)
    box = Box(left, top, 22.6 * scale, 13.4 * scale, rotation_deg)
    oval = Ellipse(middle, middle, 18.3 * scale, 7.1 * scale, rotation_deg)
    ring = Polygon(ellipse_points(oval, 1e-3))
    for shape in (box, oval, ring):
        exact = area(shape)
        error = abs(int(mask_of(shape, size).sum()) - exact)
        assert error / exact < 0.06 / scale


def _turned(middle: float, scale: int, rotation_deg: float) -> tuple[float, float]:
    corner = (middle - 11.3 * scale, middle - 6.7 * scale)
    return rotate_point(corner, (middle, middle), rotation_deg)


@given(
    st.floats(-20, 60),
    st.floats(-20, 60),
    st.floats(1, 40),
    st.floats(1, 40),
    st.floats(0, 360),
)
def test_an_ellipse_is_the_polygon_of_many_corners(
    x: float, y: float, radius_x: float, radius_y: float, rotation_deg: float
) -> None:
    oval = Ellipse(x, y, radius_x, radius_y, rotation_deg)
    mask = mask_of(oval, SIZE)
    polygon = mask_of(Polygon(ellipse_points(oval, 1e-4)), SIZE)
    assert (mask != polygon).sum() <= 8


def test_two_halves_share_no_pixel_and_leave_none_out() -> None:
    whole = mask_of(Box(1.3, 2.7, 20.1, 9.9), SIZE)
    left = mask_of(Box(1.3, 2.7, 10.2, 9.9), SIZE)
    right = mask_of(Box(11.5, 2.7, 9.9, 9.9), SIZE)
    assert not (left & right).any()
    assert (left | right == whole).all()


def test_a_polygon_that_crosses_itself_is_filled_as_the_editor_fills_it() -> None:
    star = [
        (
            15 + 14 * math.sin(step * 0.8 * math.pi),
            15 - 14 * math.cos(step * 0.8 * math.pi),
        )
        for step in range(5)
    ]
    assert mask_of(Polygon(tuple(star)), SIZE)[15, 15]


def test_rings_that_run_the_other_way_are_holes() -> None:
    outer = [(2, 2), (20, 2), (20, 20), (2, 20)]
    hole = [(5, 5), (5, 10), (10, 10), (10, 5)]
    mask = mask_of_rings([outer, hole], SIZE)
    assert mask.sum() == 18 * 18 - 25
    assert not mask[5:10, 5:10].any()


@pytest.mark.parametrize(
    "shape",
    [
        Box(-50, -50, 10, 10),
        Box(100, 5, 10, 10),
        Ellipse(-100, 5, 10, 10),
        Ellipse(5, 5, 0, 10),
        Ellipse(5, 5, 10, 1e-300),
        Polygon(((100.0, 100.0), (110.0, 100.0), (110.0, 110.0))),
        Polygon(((3.0, 3.0),)),
        Polygon(((3.6, 3.6), (3.7, 3.6), (3.7, 3.7))),
        Box(1e8, 1e8, 1e8, 1e8, 33),
    ],
)
def test_what_has_no_pixel_on_the_image_is_empty(shape: Any) -> None:
    assert not mask_of(shape, SIZE).any()


def test_shapes_larger_than_the_image_cover_it() -> None:
    assert mask_of(Box(-1e8, -1e8, 3e8, 3e8), SIZE).all()
    assert mask_of(Ellipse(20, 15, 1e8, 1e8), SIZE).all()
    huge = ((-1e8, -1e8), (1e8, -1e8), (1e8, 1e8), (-1e8, 1e8))
    assert mask_of(Polygon(huge), SIZE).all()


def test_too_large_a_mask_is_refused() -> None:
    with pytest.raises(UnreadableMediaError, match="too large"):
        mask_of(Box(0, 0, 1, 1), SIZE, bounds=Bounds(image_pixels=100))


def test_memory_does_not_grow_with_the_crossings_of_an_outline() -> None:
    corners = [(float(n % 7), 600.0 * (n % 2)) for n in range(20_000)]
    tracemalloc.start()
    mask_of(Polygon(tuple(corners)), Size(8, 600))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 150 * 2**20
