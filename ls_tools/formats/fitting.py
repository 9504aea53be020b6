"""Shapes as a file can hold them: cut to the image, or the reason why not.

Knows no format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import UsageError
from ls_tools.formats.protocol import option
from ls_tools.geometry import (
    Box,
    Ellipse,
    EncodedMask,
    Ltwh,
    Point,
    Polygon,
    Shape,
    Size,
    are_on_image,
    clip_ltwh,
    clip_points,
    outline,
    points_hull,
    polygon_area,
)

if TYPE_CHECKING:
    from ls_tools.regions import Drawn

NO_AREA = "no area"
OUTSIDE = "outside the image"
CLIPPED = "clipped to the image"
ELLIPSE_APPROXIMATED = "ellipse approximated by a polygon"
POLYGON_CLOSED = "open polygon closed"
CURVE_APPROXIMATED = "curve approximated by straight lines"
ROTATION_DROPPED = "rotation dropped"
OUTLINE_DROPPED = "outline reduced to its box"

TOLERANCE_PX = 1e-3
"""Sides shorter than this are none, and cutting off less is not clipping."""


def ellipse_tolerance_option() -> Any:
    """The option ``ellipse_tolerance_px``; see ``check_tolerances``."""
    return option(
        0.5, "How far an ellipse may be from the polygon that it becomes, in pixels."
    )


def mask_tolerance_option(default_px: float, becomes: str = "polygon") -> Any:
    """The option ``mask_tolerance_px``; see ``check_tolerances``."""
    text = f"How far a mask may be from the {becomes} that it becomes, in pixels."
    return option(default_px, text)


def check_tolerances(*, ellipse_px: float, mask_px: float) -> None:
    """Refuse tolerances that no ellipse or mask can keep.

    Raises:
        UsageError: One is not above 0.
    """
    for shape, tolerance_px in (("ellipse", ellipse_px), ("mask", mask_px)):
        if not 0 < tolerance_px < float("inf"):
            msg = f"No {shape} can be within {tolerance_px} px of its polygon."
            hint = f"Give {shape}_tolerance_px a number above 0."
            raise UsageError(msg, hint=hint)


def is_upright(shape: Drawn) -> bool:
    """Whether the sides of a shape are those of its hull, or it has none."""
    return not isinstance(shape, (Box, Ellipse)) or shape.rotation_deg % 90 == 0


def is_sizeless(shape: Drawn) -> bool:
    """Whether a shape in percent is that shape whatever the image's size."""
    if isinstance(shape, Box):  # a quarter turn exchanges percents of two kinds
        return shape.rotation_deg % 180 == 0
    return not isinstance(shape, (Ellipse, EncodedMask))


def fit_ltwh(ltwh_px: Ltwh, size: Size, losses: list[str], *, clip: bool) -> Ltwh | str:
    """A box as it can be written, or the reason why it cannot.

    Args:
        ltwh_px: The box.
        size: The size of its image.
        losses: Where clipping is noted.
        clip: Cut off what is not on the image.
    """
    left, top, width, height = ltwh_px
    if width < TOLERANCE_PX or height < TOLERANCE_PX:
        return NO_AREA
    if not clip or (
        left >= 0 <= top
        and left + width <= size.width_px
        and top + height <= size.height_px
    ):
        return ltwh_px
    clipped = clip_ltwh(ltwh_px, size)
    if clipped is None or min(clipped[2:]) < TOLERANCE_PX:
        return OUTSIDE
    if max(width - clipped[2], height - clipped[3]) > TOLERANCE_PX:
        losses.append(CLIPPED)
    return clipped


class Ring(msgspec.Struct, frozen=True, gc=False):
    """An outline as it can be written, and what fitting it measured.

    Attributes:
        points_px: Its corners.
        ltwh_px: The smallest upright box around them.
        area_px: Square pixels.
    """

    points_px: Sequence[Point]
    ltwh_px: Ltwh
    area_px: float


def fit_points(
    points_px: Sequence[Point], size: Size, losses: list[str], *, clip: bool
) -> Ring | str:
    """A polygon as it can be written, or the reason why it cannot.

    Args:
        points_px: Its corners.
        size: The size of its image.
        losses: Where clipping is noted.
        clip: Cut off what is not on the image.
    """
    area_px = polygon_area(points_px)
    if area_px < TOLERANCE_PX:
        return NO_AREA
    ltwh_px = points_hull(points_px)
    fitted = fit_ltwh(ltwh_px, size, losses, clip=clip)
    if isinstance(fitted, str):
        return fitted
    if not clip or are_on_image(points_px, size):
        return Ring(points_px, ltwh_px, area_px)
    clipped = clip_points(points_px, size)
    area_px = polygon_area(clipped)
    if area_px < TOLERANCE_PX:
        return OUTSIDE
    return Ring(clipped, points_hull(clipped), area_px)


def fit_outline(
    shape: Shape, size: Size, losses: list[str], *, tolerance_px: float, clip: bool
) -> Ring | str:
    """The outline of a shape as it can be written, or the reason why it cannot.

    Args:
        shape: In pixels.
        size: The size of its image.
        losses: Where clipping and approximation are noted.
        tolerance_px: How far an ellipse may be from its polygon.
        clip: Cut off what is not on the image.
    """
    if isinstance(shape, Ellipse):
        losses.append(ELLIPSE_APPROXIMATED)
    elif isinstance(shape, Polygon):
        if shape.curved:
            losses.append(CURVE_APPROXIMATED)
        if not shape.closed:
            losses.append(POLYGON_CLOSED)
    return fit_points(outline(shape, tolerance_px), size, losses, clip=clip)
