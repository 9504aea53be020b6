from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.geometry import Box, Ellipse, EncodedMask, Polygon, Shape, Size
from ls_tools.raster import crop, filling, mask_of, patch_of, patches
from ls_tools.raster.patches import crop_in_place
from ls_tools.rle import encode_brush

np = pytest.importorskip("numpy")

NUMBER = st.floats(-30, 70, allow_nan=False)
SIZE = Size(40, 30)
HUGE = Size(30_000, 30_000)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    if draw(st.booleans()):
        count = draw(st.integers(1, 7))
        return Polygon(tuple((draw(NUMBER), draw(NUMBER)) for _ in range(count)))
    x, y, width, height = (draw(NUMBER) for _ in range(4))
    rotation_deg = draw(st.sampled_from([0.0, 90.0]) | st.floats(0, 360))
    if draw(st.booleans()):
        return Box(x, y, width, height, rotation_deg)
    return Ellipse(x, y, width, height, rotation_deg)


def peak_of(shape: Shape, size: Size, read: Any) -> int:
    tracemalloc.start()
    read(shape, size)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak_bytes


@given(shapes())
def test_a_patch_is_the_mask_where_the_shape_is(shape: Shape) -> None:
    mask = mask_of(shape, SIZE)
    patch = patch_of(shape, SIZE)
    assert (patch.spread(40, 30) == mask).all()
    smallest = patch.trim()
    assert (smallest.spread(40, 30) == mask).all()
    assert smallest.inside.shape == crop(mask).inside.shape


def test_a_brush_has_the_patch_that_is_painted() -> None:
    alpha = np.zeros((30, 40), np.uint8)
    alpha[5:8, 10:20] = 9
    brush = EncodedMask("rle", bytes(encode_brush(alpha)))
    rows, columns, inside = patch_of(brush, SIZE)
    assert (rows, columns) == (slice(5, 8), slice(10, 20))
    assert inside.dtype == bool
    assert inside.all()


def test_nothing_has_an_empty_patch() -> None:
    assert not crop(np.zeros((4, 5), np.uint8)).inside.size
    assert not patch_of(Box(3.6, 3.6, 0.1, 0.1), SIZE).trim().inside.size


@given(shape=shapes())
def test_bands_of_rows_are_filled_as_the_whole(shape: Shape) -> None:
    whole = mask_of(shape, SIZE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "PIXELS_AT_ONCE", 100)
        patched.setattr(filling, "_CROSSINGS_AT_ONCE", 5)
        assert (mask_of(shape, SIZE) == whole).all()
        parts = list(patch_of(shape, SIZE).bands())
    again = np.zeros_like(whole)
    for rows, columns, inside in parts:
        assert inside.size <= 100
        again[rows, columns] |= inside
    assert (again == whole).all()


@pytest.mark.parametrize(
    "shape",
    [
        Box(20_000, 20_000, 30, 30),
        Box(20_000, 20_000, 30, 30, 33),
        Ellipse(20_000, 20_000, 30, 20, 33),
        Polygon(((9e3, 9e3), (9.1e3, 9e3), (9.1e3, 9.1e3))),
    ],
)
def test_memory_does_not_grow_with_the_image_around_a_shape(shape: Shape) -> None:
    assert peak_of(shape, HUGE, patch_of) < 2**19


def test_memory_of_a_large_polygon_is_that_of_its_mask() -> None:
    square = Box(-1000, 3000, 8000, 8000, -40)
    size = Size(6000, 6000)
    assert peak_of(square, size, patch_of) < 6000 * 6000 + 2**26


@given(st.binary(min_size=30, max_size=30))
def test_a_mask_is_cropped_in_its_own_memory_as_elsewhere(values: bytes) -> None:
    mask = np.frombuffer(values, np.uint8).reshape(5, 6) // 64 * np.uint8(60)
    expected = crop(mask)
    found = crop_in_place(mask)
    assert np.shares_memory(found.inside, mask) == bool(mask.any())
    assert (found.rows, found.columns) == (expected.rows, expected.columns)
    assert found.inside.dtype == bool
    assert (found.inside == expected.inside).all()
