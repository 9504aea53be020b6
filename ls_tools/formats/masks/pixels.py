"""Regions to pixels, and pixels to PNG files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ls_tools.formats.fitting import (
    CLIPPED,
    CURVE_APPROXIMATED,
    NO_AREA,
    OUTSIDE,
    POLYGON_CLOSED,
    TOLERANCE_PX,
)
from ls_tools.formats.masking import read_patch
from ls_tools.geometry import EncodedMask, Keypoint, Polygon, hull
from ls_tools.raster import encode_png

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.formats.pictures import Labelled
    from ls_tools.geometry import Shape, Size
    from ls_tools.raster import Patch
    from ls_tools.settings import Bounds

TOO_SMALL = "no centre of a pixel inside"
PALETTE_SIZE = 256
"""Values that a palette has colours for; beyond them, masks have 16 bits."""


def paint(found: Labelled, bounds: Bounds) -> Patch | str:
    """The pixels of a region, or the reason why there are none.

    What is lost of it is added to its losses.

    Args:
        found: The region.
        bounds: Most pixels and values of a mask.
    """
    shape, size = found.drawing.shape, found.drawing.size
    if isinstance(shape, Keypoint):  # pragma: no cover -- none was wanted
        return NO_AREA
    if isinstance(shape, EncodedMask):
        none = NO_AREA
    else:
        none = TOO_SMALL
        reason = _fit(shape, size, found.losses)
        if reason:
            return reason
    patch = read_patch(shape, size, bounds)
    return patch if isinstance(patch, str) or patch.inside.any() else none


def _fit(shape: Shape, size: Size, losses: list[str]) -> str:
    """Why a shape has no pixels, or nothing; notes what is lost of it."""
    left, top, width, height = hull(shape)
    right, bottom = left + width, top + height
    if min(width, height) < TOLERANCE_PX:
        return NO_AREA
    if min(right, bottom) <= 0 or left >= size.width_px or top >= size.height_px:
        return OUTSIDE
    beyond = max(-left, -top, right - size.width_px, bottom - size.height_px)
    if beyond > TOLERANCE_PX:
        losses.append(CLIPPED)
    if isinstance(shape, Polygon):
        if shape.curved:
            losses.append(CURVE_APPROXIMATED)
        if not shape.closed:
            losses.append(POLYGON_CLOSED)
    return ""


def class_png(values: NDArray[np.unsignedinteger]) -> bytes:
    """A mask of classes as a PNG with a palette, or of 16 bits.

    Args:
        values: (H, W); those above 255 need 16 bits.
    """
    if values.itemsize > 1 and int(values.max()) >= PALETTE_SIZE:
        return encode_png(values.astype("uint16", copy=False))
    return encode_png(values.astype("uint8", copy=False), voc_palette(PALETTE_SIZE))


@cache
def voc_palette(count: int) -> bytes:
    """The colours that Pascal VOC gives to the values from 0 on.

    The bits of a value are dealt out to red, green and blue by turns, and fill
    each from the highest bit on.

    Returns:
        (count * 3,) red, green and blue of each.
    """
    colours = bytearray()
    for value in range(count):
        colour = [0, 0, 0]
        for place in range(8):
            bits = value >> 3 * place
            for channel in range(3):
                colour[channel] |= (bits >> channel & 1) << 7 - place
        colours += bytes(colour)
    return bytes(colours)
