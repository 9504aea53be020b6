"""Boxes, polygons and ellipses in pixels: rotation, corners, hulls, areas. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from ls_tools.errors import UsageError
from ls_tools.geometry.units import Ltwh, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_QUARTER_TURNS = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
_MAX_ELLIPSE_POINTS = 720


class Box(msgspec.Struct, frozen=True, gc=False):
    """A rectangle, in pixels, turned about its top left corner.

    Attributes:
        left_px: x of the top left corner.
        top_px: y of the top left corner.
        width_px: Length of the side that points right before the rotation.
        height_px: Length of the side that points down before the rotation.
        rotation_deg: Clockwise.
    """

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    rotation_deg: float = 0.0

    @classmethod
    def from_ltwh(cls, ltwh_px: Iterable[float]) -> Box:
        """From left, top, width and height: the boxes of COCO.

        Args:
            ltwh_px: (4,) pixels: a tuple, or a row of an array or tensor.

        Raises:
            UsageError: They are not four numbers.
        """
        left, top, width, height = _four(ltwh_px)
        return cls(left, top, width, height)

    @classmethod
    def from_ltrb(cls, ltrb_px: Iterable[float]) -> Box:
        """From left, top, right and bottom: ``xyxy`` of torchvision, ultralytics.

        Args:
            ltrb_px: (4,) pixels: a tuple, or a row of an array or tensor.

        Raises:
            UsageError: They are not four numbers.

        Example:
            >>> Box.from_ltrb((10, 20, 50, 30)) == Box(10.0, 20.0, 40.0, 10.0)
            True
        """
        left, top, right, bottom = _four(ltrb_px)
        return cls(left, top, right - left, bottom - top)

    @classmethod
    def from_centre(cls, cxcywh_px: Iterable[float], rotation_deg: float = 0.0) -> Box:
        """From centre and sides: ``cxcywh`` of torchvision, ``xywh`` of ultralytics.

        Args:
            cxcywh_px: (4,) pixels: x and y of the centre, width and height.
            rotation_deg: Clockwise, about the centre.

        Raises:
            UsageError: They are not four numbers.
        """
        x, y, width, height = _four(cxcywh_px)
        upright = (x - width / 2.0, y - height / 2.0)
        left, top = rotate_point(upright, (x, y), float(rotation_deg))
        return cls(left, top, width, height, float(rotation_deg))


class Polygon(msgspec.Struct, frozen=True):
    """A polygon, in pixels.

    Attributes:
        points_px: Its corners, each once, in drawing order.
        closed: Whether the annotator closed it; its area is the same.
        curved: Whether some of its lines stand for curves.
    """

    points_px: tuple[Point, ...]
    closed: bool = True
    curved: bool = False


class Ellipse(msgspec.Struct, frozen=True, gc=False):
    """An ellipse, in pixels, turned about its centre.

    Attributes:
        x_px: x of the centre.
        y_px: y of the centre.
        radius_x_px: Half the axis that is horizontal before the rotation.
        radius_y_px: Half the other axis.
        rotation_deg: Clockwise.
    """

    x_px: float
    y_px: float
    radius_x_px: float
    radius_y_px: float
    rotation_deg: float = 0.0


class Keypoint(msgspec.Struct, frozen=True, gc=False):
    """A point, in pixels.

    Attributes:
        x_px: From the left.
        y_px: From the top.
        width_px: Diameter of the dot that marks it; no property of the point.
    """

    x_px: float
    y_px: float
    width_px: float = 0.0


class EncodedMask(msgspec.Struct, frozen=True, gc=False):
    """A mask of an image, as Label Studio stores it; the size is the image's.

    Attributes:
        encoding: ``rle`` is Label Studio's run-length code of RGBA values, of
            which alpha counts; ``png`` is a picture in base64.
        code: The code, unchecked.
    """

    encoding: Literal["rle", "png"]
    code: bytes


Shape: TypeAlias = "Box | Polygon | Ellipse"
"""What can be drawn on an image with an outline."""


def rotate_point(point: Point, about: Point, rotation_deg: float) -> Point:
    """``point`` turned clockwise about another; all in pixels.

    Example:
        >>> rotate_point((3.0, 1.0), (1.0, 1.0), 90)
        (1.0, 3.0)
    """
    cos, sin = _cos_sin(rotation_deg)
    dx, dy = point[0] - about[0], point[1] - about[1]
    return about[0] + dx * cos - dy * sin, about[1] + dx * sin + dy * cos


def corners(box: Box) -> tuple[Point, Point, Point, Point]:
    """The corners of a box after its rotation, pixels.

    Returns:
        What were top left, top right, bottom right and bottom left before it.
    """
    x, y, width, height = box.left_px, box.top_px, box.width_px, box.height_px
    if not box.rotation_deg:
        right, bottom = x + width, y + height
        return (x, y), (right, y), (right, bottom), (x, bottom)
    cos, sin = _cos_sin(box.rotation_deg)
    right_x, right_y = width * cos, width * sin
    down_x, down_y = -height * sin, height * cos
    return (
        (x, y),
        (x + right_x, y + right_y),
        (x + right_x + down_x, y + right_y + down_y),
        (x + down_x, y + down_y),
    )


def points_hull(points_px: Sequence[Point]) -> Ltwh:
    """The smallest upright box around at least one point."""
    left, top = right, bottom = points_px[0]
    for x, y in points_px:  # once: min() and max() would go through it four times
        if x < left:
            left = x
        elif x > right:
            right = x
        if y < top:
            top = y
        elif y > bottom:
            bottom = y
    return left, top, right - left, bottom - top


def hull(shape: Shape) -> Ltwh:
    """The smallest upright box around a shape, pixels; exact for ellipses too.

    Example:
        >>> hull(Box(100.0, 10.0, 40.0, 20.0, 90))
        (80.0, 10.0, 20.0, 40.0)
    """
    if isinstance(shape, Box):
        if not shape.rotation_deg and shape.width_px >= 0 <= shape.height_px:
            return shape.left_px, shape.top_px, shape.width_px, shape.height_px
        return points_hull(corners(shape))
    if isinstance(shape, Polygon):
        return points_hull(shape.points_px)
    cos, sin = _cos_sin(shape.rotation_deg)
    half_width = math.hypot(shape.radius_x_px * cos, shape.radius_y_px * sin)
    half_height = math.hypot(shape.radius_x_px * sin, shape.radius_y_px * cos)
    left, top = shape.x_px - half_width, shape.y_px - half_height
    return left, top, 2 * half_width, 2 * half_height


def polygon_area(points_px: Sequence[Point]) -> float:
    """The area of a polygon in square pixels, by the shoelace formula.

    Never negative, whatever the direction of drawing; areas that the outline
    runs around twice count twice.

    Example:
        >>> polygon_area([(0, 0), (4, 0), (4, 3)])
        6.0
    """
    total = 0.0
    # relative to the first corner, which keeps precision far from the origin
    x0, y0 = points_px[0] if points_px else (0.0, 0.0)
    previous_x, previous_y = 0.0, 0.0
    for point_x, point_y in points_px:
        x, y = point_x - x0, point_y - y0
        total += previous_x * y - x * previous_y
        previous_x, previous_y = x, y
    return abs(total) / 2.0


def area(shape: Shape) -> float:
    """The area of a shape in square pixels."""
    if isinstance(shape, Box):
        return abs(shape.width_px * shape.height_px)
    if isinstance(shape, Polygon):
        return polygon_area(shape.points_px)
    return math.pi * abs(shape.radius_x_px * shape.radius_y_px)


def ellipse_points(ellipse: Ellipse, tolerance_px: float = 0.5) -> tuple[Point, ...]:
    """A polygon inscribed in an ellipse.

    Args:
        ellipse: In pixels.
        tolerance_px: How far the outline may be from the polygon, above 0. At
            most 720 corners are made, so for enormous ellipses it may be more.

    Returns:
        8 or more corners, a multiple of 4, clockwise on the screen, starting at
        the end of the first radius.
    """
    radius = max(abs(ellipse.radius_x_px), abs(ellipse.radius_y_px))
    sagitta = min(tolerance_px / radius, 1.0) if radius > 0 else 1.0
    step = 2 * math.acos(1.0 - sagitta)
    count = _MAX_ELLIPSE_POINTS if not step else math.ceil(2 * math.pi / step)
    count = min(max(count + -count % 4, 8), _MAX_ELLIPSE_POINTS)
    cos, sin = _cos_sin(ellipse.rotation_deg)
    found = []
    for index in range(count):
        along, across = _cos_sin(360.0 * index / count)
        dx, dy = along * ellipse.radius_x_px, across * ellipse.radius_y_px
        found.append(
            (ellipse.x_px + dx * cos - dy * sin, ellipse.y_px + dx * sin + dy * cos)
        )
    return tuple(found)


def outline(shape: Shape, tolerance_px: float = 0.5) -> tuple[Point, ...]:
    """The corners of a shape as a polygon, pixels.

    Args:
        shape: In pixels.
        tolerance_px: As in ``ellipse_points``.
    """
    if isinstance(shape, Box):
        return corners(shape)
    if isinstance(shape, Polygon):
        return shape.points_px
    return ellipse_points(shape, tolerance_px)


def _four(numbers: Iterable[float]) -> tuple[float, float, float, float]:
    try:
        first, second, third, fourth = map(float, numbers)
    except (TypeError, ValueError) as exc:
        msg = f"A box is made of four numbers, not of {numbers!r:.60}."
        raise UsageError(msg) from exc
    return first, second, third, fourth


def _cos_sin(angle_deg: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    exact = _QUARTER_TURNS.get(int(angle_deg % 360)) if angle_deg % 90 == 0 else None
    if exact is not None:
        return exact
    angle = math.radians(angle_deg)
    return math.cos(angle), math.sin(angle)
