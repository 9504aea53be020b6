"""Masks of regions, for the formats that write them; None of them is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import BadRleError, UnreadableMediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import EncodedMask, Ltwh, Shape, Size
    from ls_tools.raster import Outline

MASK_APPROXIMATED = "mask approximated by its outline"
BAD_MASK = "malformed value: mask cannot be decoded"


def read_mask(
    shape: Shape | EncodedMask, size: Size
) -> NDArray[np.bool_] | str:
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
