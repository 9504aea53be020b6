from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.geometry import (
    Size,
    convert_from_ls,
    convert_to_ls,
    ltwh_to_pct,
    ltwh_to_px,
    points_to_pct,
    points_to_px,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PERCENT = st.floats(-50, 150)
SIDE_PX = st.integers(1, 20_000)
SIZES = st.builds(Size, SIDE_PX, SIDE_PX)
GUIDE_RESULT: dict[str, Any] = {
    "original_width": 600,
    "original_height": 403,
    "image_rotation": 0,
    "value": {
        "x": 5.33,
        "y": 23.57,
        "width": 29.16,
        "height": 31.26,
        "rotation": 0,
        "rectanglelabels": ["Airplane"],
    },
}


def test_the_export_guides_example_gives_its_pixels() -> None:
    assert convert_from_ls(GUIDE_RESULT) == pytest.approx(
        (31.98, 94.9871, 174.96, 125.9778)
    )


def test_the_export_guides_example_comes_back_to_its_percent() -> None:
    pixels = convert_from_ls(GUIDE_RESULT)
    assert pixels is not None
    assert convert_to_ls(*pixels, 600, 403) == pytest.approx(
        (5.33, 23.57, 29.16, 31.26)
    )


@pytest.mark.parametrize("missing", ["original_width", "original_height"])
def test_a_result_without_image_size_has_no_pixels(missing: str) -> None:
    assert convert_from_ls({**GUIDE_RESULT, missing: None}) is None
    assert (
        convert_from_ls({k: v for k, v in GUIDE_RESULT.items() if k != missing}) is None
    )


@pytest.mark.parametrize("value", [None, {}, {"x": 1, "y": 2}, {"points": [[1, 2]]}])
def test_a_result_without_a_box_has_no_pixels(value: Any) -> None:
    assert convert_from_ls({**GUIDE_RESULT, "value": value}) is None


@calm
@given(ltwh=st.tuples(PERCENT, PERCENT, PERCENT, PERCENT), size=SIZES)
def test_boxes_survive_the_way_to_pixels_and_back(
    ltwh: tuple[float, float, float, float], size: Size
) -> None:
    assert ltwh_to_pct(ltwh_to_px(ltwh, size), size) == pytest.approx(ltwh, abs=1e-9)


@calm
@given(points=st.lists(st.tuples(PERCENT, PERCENT)), size=SIZES)
def test_points_survive_the_way_to_pixels_and_back(
    points: list[tuple[float, float]], size: Size
) -> None:
    back = points_to_pct(points_to_px(points, size), size)
    assert len(back) == len(points)
    for (x, y), (back_x, back_y) in zip(points, back, strict=True):
        assert (back_x, back_y) == pytest.approx((x, y), abs=1e-9)


@calm
@given(size=SIZES)
def test_a_hundred_percent_is_the_whole_image(size: Size) -> None:
    whole = ltwh_to_px((0, 0, 100, 100), size)
    assert whole == pytest.approx((0, 0, size.width_px, size.height_px))
