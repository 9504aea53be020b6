"""Brushes and bitmasks as Label Studio stores them: their alpha, their size."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import TYPE_CHECKING

from ls_tools.errors import BadRleError, MissingDependencyError, UnreadableMediaError
from ls_tools.geometry import EncodedMask, Size
from ls_tools.rle import brush_mask, brush_value_count
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

BOUNDS = Bounds()

_CHANNELS = 4
_PNG_HEAD_BYTES = 24
_PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def alpha_of(
    encoded: EncodedMask, size: Size, *, bounds: Bounds = BOUNDS
) -> NDArray[np.uint8]:
    """The alpha of a brush or bitmask, 0 where nothing is painted.

    Args:
        encoded: The code.
        size: The size of the image; parts of pixels are rounded.
        bounds: Most pixels and values of a mask.

    Returns:
        (H, W) of 0 to 255.

    Raises:
        BadRleError: A brush's code is malformed, or not of this size.
        UnreadableMediaError: A bitmask is no picture of this size, or has too
            many pixels.
        MissingDependencyError: NumPy is not installed, or Pillow for bitmasks.
    """
    width, height = whole_size(size)
    if encoded.encoding == "rle":
        limit = min(bounds.mask_values, _CHANNELS * bounds.image_pixels)
        return brush_mask(encoded.code, (width, height), max_values=limit)
    return _read_bitmask(encoded.code, (width, height), bounds)


def own_size(
    encoded: EncodedMask, width_px: float | None, height_px: float | None
) -> Size | None:
    """The size of an image by a mask of it, as far as the mask tells.

    Args:
        encoded: The code; a brush's tells the count of pixels alone.
        width_px: The width, where it is known from elsewhere.
        height_px: The height, likewise.
    """
    if encoded.encoding == "png":
        return _png_size(encoded.code)
    known = width_px or height_px
    if not known or known < 1:
        return None
    try:
        pixels, rest = divmod(brush_value_count(encoded.code), _CHANNELS)
    except BadRleError:
        return None
    other, more = divmod(pixels, round(known))
    if rest or more or not other:
        return None
    return Size(known, other) if width_px else Size(other, known)


def whole_size(size: Size) -> tuple[int, int]:
    """Width and height in whole pixels, at least one each."""
    return max(1, round(size.width_px)), max(1, round(size.height_px))


def require_vision() -> None:
    """Make sure that masks can be made and pictures read.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    import ls_tools.rle.arrays  # noqa: F401 -- raises where there is no NumPy

    load_pillow()


def load_pillow() -> ModuleType:
    """``PIL.Image``.

    Raises:
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        msg = "Reading and writing pictures needs Pillow."
        hint = "Run: pip install 'ls-tools[vision]'"
        raise MissingDependencyError(msg, hint=hint) from exc
    return Image


def _png_size(code: bytes) -> Size | None:
    try:
        head = base64.b64decode(code[: _PNG_HEAD_BYTES // 3 * 4], validate=True)
    except binascii.Error:
        return None
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    is_png = head.startswith(_PNG_HEAD) and width and height
    return Size(width, height) if is_png else None


def _read_bitmask(
    code: bytes, size: tuple[int, int], bounds: Bounds
) -> NDArray[np.uint8]:
    from ls_tools.rle.arrays import np

    if size[0] * size[1] > bounds.image_pixels:
        msg = f"A bitmask of {size[0]} times {size[1]} pixels is too large."
        raise UnreadableMediaError(msg, hint="Raise Bounds.image_pixels if it is true.")
    picture = _open_picture(code)
    if picture.size != size:
        msg = f"A bitmask has {picture.size} pixels, and its image {size}."
        raise UnreadableMediaError(msg, hint="Is the size of the image right?")
    try:
        alpha: NDArray[np.uint8] = np.array(picture.convert("RGBA").getchannel("A"))
    except _UNREADABLE as exc:
        raise _not_a_picture() from exc
    return alpha


def _open_picture(code: bytes) -> Any:
    pillow = load_pillow()
    try:
        data = base64.b64decode(code, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pillow.open(io.BytesIO(data), formats=("PNG",))
    except (*_UNREADABLE, pillow.DecompressionBombError) as exc:
        raise _not_a_picture() from exc


_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError)


def _not_a_picture() -> UnreadableMediaError:
    msg = "A bitmask is not a PNG that can be read."
    return UnreadableMediaError(msg, hint="Is the export cut off?")
