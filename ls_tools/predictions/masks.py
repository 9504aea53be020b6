"""Masks of models as the code of Label Studio's brush. Needs NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import UsageError
from ls_tools.geometry import Size
from ls_tools.rle import encode_brush
from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def encode_mask(mask: ArrayLike, size: Size | None) -> tuple[Size, list[int]]:
    """The code of a mask, and the size of its image.

    Args:
        mask: (H, W) booleans, integers 0 and 1, or uint8 alpha.
        size: Of the image; None for that of the mask.

    Raises:
        UsageError: The mask has another shape or other values, or is empty.
    """
    alpha = _alpha_of(_array_of(mask))
    height, width = alpha.shape
    if size is not None and (height, width) != (size.height_px, size.width_px):
        expected = f"({size.height_px:g}, {size.width_px:g})"
        msg = f"A mask of shape {alpha.shape} is not that of its image, {expected}."
        hint = "Scale the mask to the image, and give it as (height, width)."
        raise UsageError(msg, hint=hint)
    if not alpha.any():
        msg = "A mask has nothing in it."
        raise UsageError(msg, hint="Leave it out.")
    return Size(width, height), encode_brush(alpha)


def _array_of(mask: ArrayLike) -> NDArray[np.generic]:
    try:
        return np.asarray(mask)
    except (RuntimeError, TypeError, ValueError) as exc:
        msg = f"A mask cannot be read as an array: {exc}"
        raise UsageError(msg, hint="Of a tensor, give mask.detach().cpu().") from exc


def _alpha_of(mask: NDArray[np.generic]) -> NDArray[np.bool_ | np.uint8]:
    if mask.ndim != 2:  # noqa: PLR2004 -- rows and columns
        msg = f"A mask has the shape {mask.shape}, and needs (height, width)."
        raise UsageError(msg)
    if mask.dtype.kind in "biu" and mask.size and mask.min() >= 0 and mask.max() <= 1:
        return mask.astype(np.bool_, copy=False)
    if mask.dtype == np.uint8:
        return mask.astype(np.uint8, copy=False)
    msg = f"A mask of {mask.dtype} has other values than 0 and 1."
    raise UsageError(msg, hint="Compare it with a threshold: mask > 0.5.")
