"""Masks of regions, for the formats that write them; None of them is trusted."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import msgspec

from ls_tools.errors import BadRleError, UnreadableMediaError
from ls_tools.geometry import EncodedMask, Size
from ls_tools.raster import load_pillow, own_size
from ls_tools.regions import Drawing, Region, read_drawing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Ltwh, Shape
    from ls_tools.output import Item
    from ls_tools.raster import Outline

MASK_APPROXIMATED = "mask approximated by its outline"
BAD_MASK = "malformed value: mask cannot be decoded"


def read_mask(shape: Shape | EncodedMask, size: Size) -> NDArray[np.bool_] | str:
    """A mask as (H, W) booleans, or the reason why it cannot be read.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    from ls_tools.raster import mask_of

    try:
        return mask_of(shape, size)
    except (BadRleError, UnreadableMediaError):
        return BAD_MASK


def read_outlines(
    shape: EncodedMask, size: Size, tolerance_px: float
) -> list[Outline] | str:
    """The outlines of a mask, holes included, or the reason why there are none.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    mask = read_mask(shape, size)
    if isinstance(mask, str):
        return mask
    from ls_tools.raster import outlines_of

    return outlines_of(mask, tolerance_px)


def mask_ltwh(shape: EncodedMask, size: Size) -> Ltwh | str | None:
    """The box around a mask, None around an empty one, or why it cannot be read.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    mask = read_mask(shape, size)
    if isinstance(mask, str):
        return mask
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    if not rows.size:
        return None
    left, top = float(columns[0]), float(rows[0])
    return left, top, float(columns[-1] + 1) - left, float(rows[-1] + 1) - top


def png_of(pixels: NDArray[np.uint8 | np.uint16], palette: bytes = b"") -> bytes:
    """A picture of one channel as PNG.

    Masks are made of runs, and zlib is told so: such files are smaller and made
    in half the time.

    Args:
        pixels: (H, W).
        palette: (768,) red, green and blue of each value; empty for grey.

    Raises:
        MissingDependencyError: Pillow is not installed.
    """
    picture = load_pillow().fromarray(pixels)
    if palette:
        picture.putpalette(palette)
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_type=zlib.Z_RLE)
    return stream.getvalue()


def with_mask_sizes(item: Item) -> Item:
    """An item whose masks state the size of their image, where they can tell it."""
    if all(_is_sized(region) for region in item.regions):
        return item
    regions = [with_mask_size(region) for region in item.regions]
    return msgspec.structs.replace(item, regions=regions)


def _is_sized(region: Region) -> bool:
    return any(r.original_width and r.original_height for r in region.results)


def with_mask_size(region: Region) -> Region:
    """Likewise of one region."""
    drawing = None if _is_sized(region) else read_drawing(region, Size(1, 1))
    if not isinstance(drawing, Drawing) or not isinstance(drawing.shape, EncodedMask):
        return region
    result = drawing.result
    size = own_size(drawing.shape, result.original_width, result.original_height)
    if size is None:
        return region
    sized = msgspec.structs.replace(
        result, original_width=size.width_px, original_height=size.height_px
    )
    return Region(region.id, tuple(sized if r is result else r for r in region.results))
