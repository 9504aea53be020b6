from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.geometry import Ellipse, Size, polygon_area
from ls_tools.raster import Outline, mask_of, mask_of_rings, outlines_of, patches

np = pytest.importorskip("numpy")


@st.composite
def masks(draw: st.DrawFn) -> Any:
    height, width = draw(st.tuples(st.integers(1, 10), st.integers(1, 10)))
    bits = draw(st.integers(0, 2 ** (height * width) - 1))
    flat = [bits >> at & 1 for at in range(height * width)]
    return np.array(flat, bool).reshape(height, width)


def refill(outlines: list[Outline], mask: Any) -> Any:
    size = Size(mask.shape[1], mask.shape[0])
    filled = np.zeros(mask.shape, bool)
    for outline in outlines:
        filled |= mask_of_rings([outline.exterior, *outline.holes], size)
    return filled


def net_area(outline: Outline) -> float:
    return polygon_area(outline.exterior) - sum(map(polygon_area, outline.holes))


@given(masks())
def test_outlines_filled_are_the_mask(mask: Any) -> None:
    outlines = outlines_of(mask)
    assert (refill(outlines, mask) == mask).all()
    assert sum(map(net_area, outlines)) == mask.sum()


@given(masks())
def test_each_part_is_one_outline_and_holds_its_own_holes(mask: Any) -> None:
    size = Size(mask.shape[1], mask.shape[0])
    for outline in outlines_of(mask):
        without_holes = mask_of_rings([outline.exterior], size)
        assert mask_of_rings([outline.exterior, *outline.holes], size).sum() == (
            net_area(outline)
        )
        for hole in outline.holes:
            inside = mask_of_rings([hole], size)
            assert (without_holes | inside == without_holes).all()
            assert not (mask & inside & ~refill(outlines_of(mask & inside), mask)).any()


@given(masks())
def test_parts_are_as_many_as_scipy_or_opencv_count(mask: Any) -> None:
    judge = pytest.importorskip("cv2")
    count, _ = judge.connectedComponents(mask.astype(np.uint8), connectivity=8)
    assert len(outlines_of(mask)) == count - 1


def test_a_hole_stays_a_hole() -> None:
    """F25: 841 pixels with the holes filled, 800 without."""
    mask = np.zeros((40, 40), bool)
    mask[3:32, 4:33] = True
    mask[10, 5:30] = False
    mask[20, 5:21] = False
    outlines = outlines_of(mask)
    assert mask.sum() == 800
    assert len(outlines) == 1
    assert len(outlines[0].holes) == 2
    assert net_area(outlines[0]) == 800


def test_exteriors_run_clockwise_and_holes_the_other_way() -> None:
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    (outline,) = outlines_of(mask)
    assert list(outline.exterior) == [(0, 0), (3, 0), (3, 3), (0, 3)]
    assert list(outline.holes[0]) == [(1, 2), (2, 2), (2, 1), (1, 1)]


def test_pixels_that_touch_at_a_corner_are_one_part() -> None:
    assert len(outlines_of(np.eye(5, dtype=bool))) == 1


def test_an_island_in_a_hole_is_a_part_of_its_own() -> None:
    mask = np.ones((7, 7), bool)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    assert [len(outline.holes) for outline in outlines_of(mask)] == [1, 0]


def test_nothing_has_no_outline() -> None:
    assert outlines_of(np.zeros((4, 5), bool)) == []
    assert outlines_of(np.zeros((0, 0), bool)) == []


@pytest.mark.parametrize("tolerance_px", [0.5, 1.0, 3.0])
def test_fewer_corners_stay_within_the_tolerance(tolerance_px: float) -> None:
    size = Size(300, 200)
    mask = mask_of(Ellipse(140.3, 100.7, 90, 60, 20), size)
    exact, rough = outlines_of(mask)[0], outlines_of(mask, tolerance_px)[0]
    assert len(rough.exterior) < len(exact.exterior)
    assert set(rough.exterior) <= set(exact.exterior)
    for point in exact.exterior:
        assert _distance(point, rough.exterior) <= tolerance_px + 1e-9


def _distance(point: Any, ring: Any) -> float:
    at, ends = np.array(point), np.array(ring)
    along = np.roll(ends, -1, axis=0) - ends
    share = ((at - ends) * along).sum(axis=1) / (along**2).sum(axis=1)
    nearest = ends + np.clip(share, 0, 1)[:, None] * along
    return float(np.hypot(*(nearest - at).T).min())


@given(masks(), st.floats(0.1, 20))
def test_no_part_and_no_hole_is_lost_to_the_tolerance(
    mask: Any, tolerance_px: float
) -> None:
    exact, rough = outlines_of(mask), outlines_of(mask, tolerance_px)
    assert [len(o.holes) for o in rough] == [len(o.holes) for o in exact]
    for outline in rough:
        for ring in (outline.exterior, *outline.holes):
            assert polygon_area(ring) > 0


@given(masks())
def test_outlines_run_on_from_one_band_of_rows_to_the_next(mask: Any) -> None:
    whole = outlines_of(mask)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "PIXELS_AT_ONCE", 10)
        assert outlines_of(mask) == whole


def test_memory_of_a_large_outline_is_that_of_few_masks() -> None:
    mask = np.ones((6000, 6000), bool)
    tracemalloc.start()
    outlines_of(mask)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2 * mask.size + 100 * 2**20


def test_noise_is_outlined_in_time() -> None:
    mask = np.random.default_rng(1).random((300, 300)) < 0.5
    assert sum(map(net_area, outlines_of(mask))) == mask.sum()
