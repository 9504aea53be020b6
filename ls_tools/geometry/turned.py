"""The smallest turned box around points. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ls_tools.geometry.shapes import Box, Ellipse, rotate_point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.geometry.units import Point


def convex_hull(points_px: Sequence[Point]) -> tuple[Point, ...]:
    """The corners of the smallest convex polygon around points (Andrew's chain).

    Returns:
        Clockwise on the screen, none of them on a line between its neighbours;
        fewer than three where all points are on one line.
    """
    ordered = sorted(set(points_px))
    if len(ordered) < 3:  # noqa: PLR2004 -- no polygon
        return tuple(ordered)
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return tuple(lower[:-1] + upper[:-1])


def smallest_box(points_px: Sequence[Point]) -> Box:
    """The box of the smallest area around at least one point, turned as need be.

    One side of it lies on a side of the convex hull (Freeman and Shapira, 1975).

    Returns:
        Its rotation is 0 or more and below 90 degrees. Of boxes with equal
        areas it is the one that is turned least.

    Example:
        >>> smallest_box([(0, 0), (4, 0), (4, 2), (0, 2), (1, 1)])
        Box(left_px=0.0, top_px=0.0, width_px=4.0, height_px=2.0, rotation_deg=0.0)
    """
    hull = convex_hull(points_px)
    angles = {
        math.atan2(y - hull[index - 1][1], x - hull[index - 1][0]) % (math.pi / 2)
        for index, (x, y) in enumerate(hull)
    }
    boxes = [_box_at(hull, angle) for angle in sorted(angles)]
    return min(boxes, key=lambda box: round(box.width_px * box.height_px, 9))


def ellipse_box(ellipse: Ellipse) -> Box:
    """The box around an ellipse that is turned as the ellipse is.

    Example:
        >>> ellipse_box(Ellipse(50.0, 20.0, 30.0, 10.0))
        Box(left_px=20.0, top_px=10.0, width_px=60.0, height_px=20.0, rotation_deg=0.0)
    """
    x, y, turn = ellipse.x_px, ellipse.y_px, ellipse.rotation_deg
    corner = (x - ellipse.radius_x_px, y - ellipse.radius_y_px)
    left, top = rotate_point(corner, (x, y), turn)
    return Box(left, top, 2 * ellipse.radius_x_px, 2 * ellipse.radius_y_px, turn)


def _chain(ordered: Sequence[Point]) -> list[Point]:
    """One half of the hull: turns one way only."""
    chain: list[Point] = []
    for point in ordered:
        while len(chain) > 1 and _cross(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _cross(origin: Point, first: Point, second: Point) -> float:
    return (first[0] - origin[0]) * (second[1] - origin[1]) - (first[1] - origin[1]) * (
        second[0] - origin[0]
    )


def _box_at(points_px: Sequence[Point], angle: float) -> Box:
    """The smallest box around points whose sides are turned by ``angle``."""
    cos, sin = math.cos(angle), math.sin(angle)
    along = [x * cos + y * sin for x, y in points_px]
    across = [y * cos - x * sin for x, y in points_px]
    left, top = min(along), min(across)
    return Box(
        left * cos - top * sin,
        left * sin + top * cos,
        max(along) - left,
        max(across) - top,
        math.degrees(angle),
    )
