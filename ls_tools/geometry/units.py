"""Percent of the image, as Label Studio has them, and pixels. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Point: TypeAlias = tuple[float, float]
"""x and y."""

Ltwh: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height of a box with upright sides."""


class Size(msgspec.Struct, frozen=True, gc=False):
    """The natural size of an image, EXIF orientation applied.

    Attributes:
        width_px: Above 0.
        height_px: Above 0.
    """

    width_px: float
    height_px: float


def ltwh_to_px(ltwh_pct: Ltwh, size: Size) -> Ltwh:
    """Percent to pixels, of left, top, width and height.

    The same holds for an ellipse's centre and radii.

    Example:
        >>> ltwh_to_px((50.0, 10.0, 20.0, 40.0), Size(200, 100))
        (100.0, 10.0, 40.0, 40.0)
    """
    left, top, width, height = ltwh_pct
    scale_x, scale_y = size.width_px / 100.0, size.height_px / 100.0
    return left * scale_x, top * scale_y, width * scale_x, height * scale_y


def ltwh_to_pct(ltwh_px: Ltwh, size: Size) -> Ltwh:
    """Pixels to percent, of left, top, width and height.

    The same holds for an ellipse's centre and radii.

    Example:
        >>> ltwh_to_pct((100.0, 10.0, 40.0, 40.0), Size(200, 100))
        (50.0, 10.0, 20.0, 40.0)
    """
    left, top, width, height = ltwh_px
    # divided first, so that the whole image is exactly 100 percent
    return (
        left / size.width_px * 100.0,
        top / size.height_px * 100.0,
        width / size.width_px * 100.0,
        height / size.height_px * 100.0,
    )


def points_to_px(points_pct: Iterable[Point], size: Size) -> tuple[Point, ...]:
    """Percent to pixels, of (N, 2) points: polygon corners, keypoints.

    Example:
        >>> points_to_px([(60.0, 20.0)], Size(200, 100))
        ((120.0, 20.0),)
    """
    scale_x, scale_y = size.width_px / 100.0, size.height_px / 100.0
    return tuple([(x * scale_x, y * scale_y) for x, y in points_pct])


def points_to_pct(points_px: Iterable[Point], size: Size) -> tuple[Point, ...]:
    """Pixels to percent, of (N, 2) points.

    Example:
        >>> points_to_pct([(120.0, 20.0)], Size(200, 100))
        ((60.0, 20.0),)
    """
    width_px, height_px = size.width_px, size.height_px
    return tuple([(x / width_px * 100.0, y / height_px * 100.0) for x, y in points_px])


def convert_from_ls(result: Mapping[str, Any]) -> Ltwh | None:
    """A Label Studio result's box in pixels, as its export guide has it.

    Args:
        result: One entry of an annotation's ``result``, as a dict.

    Returns:
        x, y, width and height in pixels, before any rotation; None where the
        result has no image size or no box.
    """
    value = result.get("value") or {}
    size = result.get("original_width"), result.get("original_height")
    ltwh_pct = tuple(value.get(key) for key in ("x", "y", "width", "height"))
    if None in size or None in ltwh_pct:
        return None
    return ltwh_to_px(cast("Ltwh", ltwh_pct), Size(*cast("Point", size)))


def convert_to_ls(  # noqa: PLR0913, PLR0917 -- the signature of the export guide
    x: float,
    y: float,
    width: float,
    height: float,
    original_width: float,
    original_height: float,
) -> Ltwh:
    """A box in pixels as Label Studio's percent, as its export guide has it.

    Args:
        x: Left edge, pixels.
        y: Top edge, pixels.
        width: Pixels.
        height: Pixels.
        original_width: Width of the image, pixels.
        original_height: Height of the image, pixels.

    Returns:
        x, y, width and height in percent.
    """
    return ltwh_to_pct((x, y, width, height), Size(original_width, original_height))
