from __future__ import annotations

import base64
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import BadRleError, UnreadableMediaError
from ls_tools.geometry import EncodedMask, Size
from ls_tools.raster import alpha_of, mask_of, own_size
from ls_tools.rle import encode_brush
from ls_tools.settings import Bounds

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")


def bitmask(alpha: Any, mode: str = "RGBA") -> EncodedMask:
    """What the editor makes: black, and transparent where nothing is drawn."""
    picture = Image.new("RGBA", alpha.shape[::-1])
    picture.putalpha(Image.fromarray(alpha))
    stream = io.BytesIO()
    picture.convert(mode).save(stream, "PNG")
    return EncodedMask("png", base64.b64encode(stream.getvalue()))


def brush(alpha: Any) -> EncodedMask:
    return EncodedMask("rle", bytes(encode_brush(alpha)))


@pytest.fixture
def alpha() -> Any:
    values = np.zeros((7, 9), np.uint8)
    values[2:5, 3:8] = 255
    values[4, 4] = 1
    return values


@pytest.mark.parametrize("make", [brush, bitmask])
def test_a_pixel_is_inside_where_anything_is_painted(make: Any, alpha: Any) -> None:
    encoded = make(alpha)
    assert (alpha_of(encoded, Size(9, 7)) == alpha).all()
    assert (mask_of(encoded, Size(9, 7)) == (alpha > 0)).all()


def test_a_bitmask_without_transparency_covers_its_image_as_in_the_editor(
    alpha: Any,
) -> None:
    assert mask_of(bitmask(alpha, "RGB"), Size(9, 7)).all()


def test_parts_of_pixels_are_rounded(alpha: Any) -> None:
    assert mask_of(brush(alpha), Size(9.2, 6.8)).shape == (7, 9)


def test_a_mask_of_another_size_is_refused(alpha: Any) -> None:
    with pytest.raises(BadRleError):
        mask_of(brush(alpha), Size(7, 9 + 1))
    with pytest.raises(UnreadableMediaError, match=r"\(9, 7\) pixels"):
        mask_of(bitmask(alpha), Size(7, 9))


def test_too_large_a_mask_is_refused(alpha: Any) -> None:
    bounds = Bounds(image_pixels=10)
    with pytest.raises(BadRleError, match="more than"):
        mask_of(brush(alpha), Size(9, 7), bounds=bounds)
    with pytest.raises(UnreadableMediaError, match="too large"):
        mask_of(bitmask(alpha), Size(9, 7), bounds=bounds)


@given(st.binary(max_size=80), st.sampled_from(["rle", "png"]))
def test_no_code_makes_it_crash(code: bytes, encoding: Any) -> None:
    encoded = EncodedMask(encoding, code)
    with suppress(BadRleError, UnreadableMediaError):
        assert alpha_of(encoded, Size(4, 3)).shape == (3, 4)
    own_size(encoded, 4, None)


def test_a_picture_that_is_cut_off_is_refused_unless_all_of_it_is_there(
    alpha: Any,
) -> None:
    whole = base64.b64decode(bitmask(alpha).code)
    refused = 0
    for length in range(len(whole)):
        encoded = EncodedMask("png", base64.b64encode(whole[:length]))
        try:
            assert (alpha_of(encoded, Size(9, 7)) == alpha).all()
        except UnreadableMediaError:
            refused += 1
    assert refused > len(whole) / 2


def test_a_brush_tells_one_side_by_the_other(alpha: Any) -> None:
    encoded = brush(alpha)
    assert own_size(encoded, 9, None) == Size(9, 7)
    assert own_size(encoded, None, 7) == Size(9, 7)
    assert own_size(encoded, 8, None) is None
    assert own_size(encoded, None, None) is None
    assert own_size(EncodedMask("rle", b"1"), 9, None) is None


def test_a_bitmask_tells_its_size(alpha: Any) -> None:
    assert own_size(bitmask(alpha), None, None) == Size(9, 7)
    assert own_size(EncodedMask("png", b"!" * 40), None, None) is None
    assert own_size(EncodedMask("png", b"A" * 40), None, None) is None
