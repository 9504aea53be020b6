"""What of a box or polygon is on the image. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.geometry.units import Ltwh, Point, Size


def clip_ltwh(ltwh_px: Ltwh, size: Size) -> Ltwh | None:
    """The part of an upright box that is on the image; None where none is.

    Example:
        >>> from ls_tools.geometry import Size
        >>> clip_ltwh((-5.0, 10.0, 20.0, 20.0), Size(100, 100))
        (0.0, 10.0, 15.0, 20.0)
    """
    left, top, width, height = ltwh_px
    if left >= 0 <= top:
        # kept as given where possible: left + width - left is not always width
        width = min(width, size.width_px - left)
        height = min(height, size.height_px - top)
    else:
        right, bottom = left + width, top + height
        left, top = max(left, 0.0), max(top, 0.0)
        width = min(right, size.width_px) - left
        height = min(bottom, size.height_px) - top
    return (left, top, width, height) if width > 0 and height > 0 else None


def are_on_image(points_px: Iterable[Point], size: Size) -> bool:
    """Whether all points are on the image, its edges included."""
    width, height = size.width_px, size.height_px
    for x, y in points_px:  # noqa: SIM110 -- twice as fast as all()
        if not (0 <= x <= width and 0 <= y <= height):
            return False
    return True


def clip_points(points_px: Sequence[Point], size: Size) -> tuple[Point, ...]:
    """The part of a polygon that is on the image (Sutherland and Hodgman).

    A polygon that leaves the image and comes back stays one polygon, whose
    parts are joined along the image's edge.

    Returns:
        Its corners; empty where nothing of it is on the image.
    """
    if are_on_image(points_px, size):
        return tuple(points_px)
    clipped = list(points_px)
    for axis, limit, keeps_below in (
        (0, 0.0, False),
        (0, size.width_px, True),
        (1, 0.0, False),
        (1, size.height_px, True),
    ):
        clipped = _clip_to_line(clipped, axis, limit, keeps_below=keeps_below)
    return tuple(clipped)


def _clip_to_line(
    points: Sequence[Point], axis: int, limit: float, *, keeps_below: bool
) -> list[Point]:
    """The part of a polygon on one side of an upright or level line."""
    sign = 1.0 if keeps_below else -1.0
    kept: list[Point] = []
    for index, end in enumerate(points):
        start = points[index - 1]
        start_over, end_over = ((p[axis] - limit) * sign for p in (start, end))
        if (start_over > 0) != (end_over > 0):
            share = start_over / (start_over - end_over)
            other = start[1 - axis] + share * (end[1 - axis] - start[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if end_over <= 0:
            kept.append(end)
    return kept
