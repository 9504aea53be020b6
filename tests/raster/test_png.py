from __future__ import annotations

import io
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.raster import Patch, encode_patch, encode_png, patches

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")


def _read(code: bytes) -> Any:
    with Image.open(io.BytesIO(code)) as picture:
        picture.load()
        return picture


@given(data=st.data())
def test_pillow_reads_the_same_pixels(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    kind = data.draw(st.sampled_from([np.uint8, np.uint16]))
    size_bytes = height * width * kind().itemsize
    raw = data.draw(st.binary(min_size=size_bytes, max_size=size_bytes))
    pixels = np.frombuffer(raw, kind).reshape(height, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "PIXELS_AT_ONCE", data.draw(st.sampled_from([7, 2**22])))
        picture = _read(encode_png(pixels))
    assert picture.mode == ("L" if kind is np.uint8 else "I;16")
    assert (np.asarray(picture) == pixels).all()


def test_a_palette_gives_each_value_its_colour() -> None:
    palette = bytes(range(256)) * 3
    picture = _read(encode_png(np.array([[0, 1], [255, 2]], np.uint8), palette))
    assert picture.mode == "P"
    assert bytes(picture.getpalette()) == palette
    assert picture.convert("RGB").getpixel((0, 1)) == (253, 254, 255)


def test_parts_of_an_array_are_written_as_they_look() -> None:
    pixels = np.arange(600, dtype=np.uint16).reshape(20, 30)
    for view in (pixels[::2, 3::3], pixels.T, (pixels % 7).astype(np.uint8).T):
        assert (np.asarray(_read(encode_png(view))) == view).all()


@pytest.mark.parametrize("at_once", [7, 25, 2**22])
def test_a_patch_is_white_where_it_is_inside(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches, "PIXELS_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    for rows, columns in ((2, 9), (3, 5)), ((0, 12), (0, 10)), ((4, 4), (2, 2)):
        shape = rows[1] - rows[0], columns[1] - columns[0]
        patch = Patch(slice(*rows), slice(*columns), rng.random(shape) < 0.5)
        picture = _read(encode_patch(patch, (10, 12)))
        assert picture.mode == "L"
        assert (np.asarray(picture) == patch.spread(10, 12) * 255).all()


def test_the_checksums_are_right() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Image.open(io.BytesIO(encode_png(np.ones((3, 4), np.uint8)))).verify()


def test_a_mask_takes_less_than_pillow_makes_of_it() -> None:
    rows, columns = np.indices((400, 500))
    soft = np.clip(255 * (100.5 - np.hypot(rows - 200, columns - 200)), 0, 255)
    pixels = soft.astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    assert len(encode_png(pixels)) < stream.tell()
