"""Masks of regions, for the formats that write them; None of them is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from ls_tools.errors import BadRleError, UnreadableMediaError
from ls_tools.geometry import EncodedMask, Size
from ls_tools.raster import crop, own_size, whole_size
from ls_tools.regions import Drawing, Region, read_drawing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Ltwh, Shape
    from ls_tools.output import Item
    from ls_tools.raster import Outline, Patch
    from ls_tools.settings import Bounds

Read = TypeVar("Read")

MASK_APPROXIMATED = "mask approximated by its outline"
BAD_MASK = "malformed value: mask cannot be decoded"
TOO_LARGE = "image has more pixels than a mask may have"


def is_too_large(size: Size, bounds: Bounds) -> bool:
    """Whether no mask is made of an image of this size."""
    width, height = whole_size(size)
    return width * height > bounds.image_pixels


def read_mask(
    shape: Shape | EncodedMask, size: Size, bounds: Bounds
) -> NDArray[np.bool_] | str:
    """A mask as (H, W) booleans, or the reason why it cannot be read.

    Args:
        shape: In pixels of its image.
        size: The size of that image.
        bounds: Most pixels and values of a mask.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    from ls_tools.raster import mask_of

    return _read(lambda: mask_of(shape, size, bounds=bounds), size, bounds)


def read_patch(shape: Shape | EncodedMask, size: Size, bounds: Bounds) -> Patch | str:
    """The part of a mask that matters, or the reason why it cannot be read.

    Arguments and errors are those of ``read_mask``.
    """
    from ls_tools.raster import patch_of

    return _read(lambda: patch_of(shape, size, bounds=bounds), size, bounds)


def read_alpha(
    shape: EncodedMask, size: Size, bounds: Bounds
) -> NDArray[np.uint8] | str:
    """The alpha of a mask as (H, W), or the reason why it cannot be read.

    Arguments and errors are those of ``read_mask``.
    """
    from ls_tools.raster import alpha_of

    return _read(lambda: alpha_of(shape, size, bounds=bounds), size, bounds)


def _read(read: Callable[[], Read], size: Size, bounds: Bounds) -> Read | str:
    if is_too_large(size, bounds):
        return TOO_LARGE
    try:
        return read()
    except (BadRleError, UnreadableMediaError):
        return BAD_MASK


def read_outlines(
    shape: EncodedMask, size: Size, bounds: Bounds, tolerance_px: float
) -> list[Outline] | str:
    """The outlines of a mask, holes included, or the reason why there are none.

    Args:
        shape: As for ``read_mask``.
        size: Likewise.
        bounds: Likewise.
        tolerance_px: How far an outline may be from the mask.

    Raises:
        MissingDependencyError: NumPy or Pillow is not installed.
    """
    mask = read_mask(shape, size, bounds)
    if isinstance(mask, str):
        return mask
    from ls_tools.raster import outlines_of

    return outlines_of(mask, tolerance_px)


def mask_ltwh(mask: NDArray[np.bool_]) -> Ltwh | None:
    """The box around what is inside an (H, W) mask; None around nothing."""
    rows, columns, inside = crop(mask)
    if not inside.size:
        return None
    height, width = inside.shape
    return float(columns.start), float(rows.start), float(width), float(height)


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
