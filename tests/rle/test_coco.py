from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import BadRleError
from ls_tools.rle import coco_area, coco_ltwh, decode_coco, encode_coco

np = pytest.importorskip("numpy")


@st.composite
def masks(draw: st.DrawFn) -> Any:
    height, width = draw(st.tuples(st.integers(1, 15), st.integers(1, 15)))
    bits = draw(st.integers(0, 2 ** (height * width) - 1))
    flat = [bits >> at & 1 for at in range(height * width)]
    return np.array(flat, bool).reshape(height, width)


@given(masks())
def test_codes_are_those_of_pycocotools(mask: Any) -> None:
    judge = pytest.importorskip("pycocotools.mask")
    theirs = judge.encode(np.asfortranarray(mask.astype(np.uint8)))
    ours = encode_coco(mask)
    assert ours["counts"].encode() == theirs["counts"]
    assert ours["size"] == theirs["size"]
    assert coco_area(ours) == judge.area(theirs)
    assert list(coco_ltwh(ours)) == judge.toBbox(theirs).tolist()


@given(masks(), st.sampled_from([1, 20, 2**20]))
def test_masks_survive_the_way_there_and_back(mask: Any, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ls_tools.rle.coco._PIXELS_AT_ONCE", at_once)
        rle = encode_coco(mask)
    assert (decode_coco(rle) == mask).all()
    assert coco_area(rle) == mask.sum()


def test_large_masks_are_coded_as_pycocotools_does() -> None:
    judge = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(2)
    mask = np.kron(rng.random((30, 40)) < 0.4, np.ones((50, 37), bool))
    theirs = judge.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_coco(mask)["counts"].encode() == theirs["counts"]


def test_plain_counts_are_read() -> None:
    mask = decode_coco({"size": [2, 3], "counts": [1, 3, 2]})  # type: ignore[typeddict-item]
    assert mask.tolist() == [[False, True, False], [True, True, False]]


def test_the_box_of_nothing_is_nothing() -> None:
    assert coco_ltwh(encode_coco(np.zeros((3, 4), bool))) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [2, 3]},
        {"size": [2], "counts": "6"},
        {"size": [2, 3], "counts": "7"},
        {"size": [2, 3], "counts": "5"},
        {"size": [2, 3], "counts": "é"},
        {"size": [2, 3], "counts": "P"},
        {"size": [2, 3], "counts": "PPPPPPPPPPPP0"},
        {"size": [2, 3], "counts": [9, -3]},
        {"size": [2, 3], "counts": [2**70]},
        {"size": [2, 3], "counts": 6},
        {"size": [-2, -3], "counts": "6"},
        {"size": [2**40, 2**40], "counts": "6"},
        None,
    ],
)
def test_what_is_no_code_is_a_clear_error(rle: Any) -> None:
    with pytest.raises(BadRleError):
        decode_coco(rle)


@given(st.text(max_size=30), st.integers(0, 50), st.integers(0, 50))
def test_no_text_makes_it_crash(counts: str, height: int, width: int) -> None:
    try:
        mask = decode_coco({"size": [height, width], "counts": counts})
    except BadRleError:
        return
    assert mask.shape == (height, width)


def test_too_many_pixels_are_refused() -> None:
    rle = encode_coco(np.zeros((100, 100), bool))
    with pytest.raises(BadRleError, match="100 times 100"):
        decode_coco(rle, max_values=9999)


def test_masks_of_other_shapes_are_refused() -> None:
    with pytest.raises(BadRleError, match="dimensions"):
        encode_coco(np.zeros(4, bool))


def test_noise_is_coded_in_time() -> None:
    mask = np.random.default_rng(3).random((1000, 1000)) < 0.5
    start = time.perf_counter()
    assert (decode_coco(encode_coco(mask)) == mask).all()
    assert time.perf_counter() - start < 5
