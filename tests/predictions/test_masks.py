from __future__ import annotations

from typing import Any

import pytest

from ls_tools import predictions
from ls_tools.errors import UsageError
from ls_tools.geometry import Box, Size
from ls_tools.predictions import Target
from ls_tools.rle import brush_mask

np = pytest.importorskip("numpy")

TARGET = Target(from_name="brush", to_name="image", size=Size(30, 20))


def ring(dtype: Any) -> Any:
    mask = np.zeros((20, 30), dtype=dtype)
    mask[5:15, 5:25] = 1
    mask[8:12, 10:20] = 0
    return mask


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "uint16"])
def test_a_mask_of_ones_is_painted_where_it_is_not_0(dtype: str) -> None:
    result = predictions.brush(TARGET, ring(dtype), "Road", score=0.5)
    assert result["type"] == "brushlabels"
    assert result["value"]["format"] == "rle"
    assert {type(code) for code in result["value"]["rle"]} == {int}
    alpha = brush_mask(result["value"]["rle"], (30, 20))
    assert np.array_equal(alpha, ring("uint8") * 255)


def test_a_mask_of_bytes_keeps_its_transparency() -> None:
    alpha = ring("uint8") * 127
    result = predictions.brush(TARGET, alpha)
    assert result["type"] == "brush"
    assert np.array_equal(brush_mask(result["value"]["rle"], (30, 20)), alpha)


def test_lists_are_masks_too() -> None:
    result = predictions.brush(TARGET, ring("bool").tolist(), "Road")
    assert result == predictions.brush(TARGET, ring("bool"), "Road")


def test_without_a_size_the_mask_tells_that_of_its_image() -> None:
    target = Target(from_name="brush", to_name="image")
    result = predictions.brush(target, ring("bool"), "Road")
    assert (result["original_width"], result["original_height"]) == (30, 20)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (
            np.ones((30, 20), bool),
            r"shape \(30, 20\) is not that of its image, \(20, 30\)",
        ),
        (np.ones((1, 20, 30), bool), r"needs \(height, width\)"),
        (np.zeros((20, 30), bool), "nothing in it"),
        (np.zeros((20, 30), np.uint8), "nothing in it"),
        (np.full((20, 30), 0.7), "mask > 0.5"),
        (np.full((20, 30), 7), "other values than 0 and 1"),
        (np.full((20, 30), -1), "other values than 0 and 1"),
        ("mask", "needs"),
        ([[True], [True, False]], r"mask\.detach\(\)\.cpu\(\)"),
    ],
)
def test_masks_that_are_none_are_refused(mask: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predictions.brush(TARGET, mask, "Road")


def test_numbers_of_arrays_become_plain_ones() -> None:
    row = np.asarray([3, 4, 13, 14], dtype="float32")
    score = np.asarray([0.5], dtype="float16")[0]
    result = predictions.rectangle(TARGET, Box(*row), np.asarray(["a"]), score=score)
    plain = [*result["value"].values(), result["score"]]
    assert {type(one) for one in plain} == {float, list}
    assert type(result["value"]["rectanglelabels"][0]) is str
    text = Target(from_name="ner", to_name="text", text="abc")
    span = predictions.span(text, (np.int64(0), np.uint8(2)), "PER")
    assert {type(span["value"][key]) for key in ("start", "end")} == {int}
