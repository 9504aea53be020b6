"""Run-length codes of masks: Label Studio's own, and COCO's.

Knows nothing of tasks and regions. NumPy is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.settings import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.rle.coco import CocoRle

__all__ = [
    "brush_mask",
    "brush_value_count",
    "coco_area",
    "coco_ltwh",
    "decode_brush",
    "decode_coco",
    "encode_brush",
    "encode_coco",
]

_MAX_VALUES = Bounds().mask_values


def decode_brush(
    rle: bytes | Sequence[int], *, max_values: int = _MAX_VALUES
) -> NDArray[np.unsignedinteger]:
    """The values of a Label Studio brush code.

    Args:
        rle: The code: bytes, or numbers of 0 to 255 as in an export.
        max_values: Most values that it may stand for.

    Returns:
        (N,) values, for a picture H * W * 4: RGBA by pixel, by row. ``uint8``
        for words of up to 8 bits, else ``uint16`` or ``uint32``.

    Raises:
        BadRleError: It is no such code, or stands for too many values.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.brush import decode

    return decode(rle, max_values=max_values)


def brush_mask(
    rle: bytes | Sequence[int],
    size: tuple[int, int],
    *,
    max_values: int = _MAX_VALUES,
) -> NDArray[np.uint8]:
    """The mask of a Label Studio brush code: the alpha channel of its picture.

    Args:
        rle: As for ``decode_brush``.
        size: Width and height of the picture, pixels.
        max_values: As for ``decode_brush``.

    Returns:
        (H, W) alpha, 0 where nothing is painted. Words of more than 8 bits are
        cut to 255.

    Raises:
        BadRleError: It is no such code, or not of a picture of this size.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.brush import decode_mask

    return decode_mask(rle, size, max_values=max_values)


def brush_value_count(rle: bytes) -> int:
    """How many values a brush code says that it stands for, nothing else checked.

    Args:
        rle: The code.

    Returns:
        Four for each pixel of its picture.

    Raises:
        BadRleError: It is too short to say.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.brush import value_count

    return value_count(rle)


def encode_brush(mask: NDArray[np.uint8 | np.bool_]) -> list[int]:
    """The Label Studio brush code of a mask, as a result's ``rle``.

    Args:
        mask: (H, W) alpha, 0 to 255; True of a boolean mask is 255.

    Returns:
        Numbers of 0 to 255; all four channels hold the alpha.

    Raises:
        BadRleError: The mask is not of two dimensions, or has more than 2**30
            pixels.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.brush_encoding import encode

    return encode(mask)


def encode_coco(mask: NDArray[np.bool_ | np.uint8]) -> CocoRle:
    """The compressed COCO code of a mask, byte for byte that of pycocotools.

    Args:
        mask: (H, W); what is not 0 is inside.

    Returns:
        ``{"size": [H, W], "counts": "..."}``.

    Raises:
        BadRleError: The mask is not of two dimensions.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.coco import encode

    return encode(mask)


def decode_coco(rle: CocoRle, *, max_values: int = _MAX_VALUES) -> NDArray[np.bool_]:
    """The mask of a COCO code.

    Args:
        rle: ``size`` and ``counts``; counts compressed (text or bytes) or a
            list of run lengths.
        max_values: Most pixels that it may stand for.

    Returns:
        (H, W) booleans.

    Raises:
        BadRleError: It is no such code, or has too many pixels.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.coco import decode

    return decode(rle, max_values=max_values)


def coco_area(rle: CocoRle) -> int:
    """How many pixels of a COCO code are inside.

    Raises:
        BadRleError: It is no such code.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.coco import area

    return area(rle)


def coco_ltwh(rle: CocoRle) -> tuple[float, float, float, float]:
    """The smallest box around a COCO code, as pycocotools has it.

    Returns:
        Left, top, width and height in pixels; zeros where nothing is inside.

    Raises:
        BadRleError: It is no such code.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.rle.coco import ltwh

    return ltwh(rle)
