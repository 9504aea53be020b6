"""Shapes in pixels, and the values that carry them in results, in percent. Pure.

The formulas are those of Label Studio's export guide, "Units of image
annotations": ``pixels = percent / 100 * side``, where the side is the image's
width for x, widths and horizontal radii, and its height for the others. Angles
are the same on both sides. Masks have no percent: they are as large as their
image, a value for each pixel (``ls_tools.rle``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypedDict

from ls_tools.errors import UsageError
from ls_tools.geometry.shapes import Box, Ellipse, Keypoint, Polygon
from ls_tools.geometry.units import ltwh_to_pct, ltwh_to_px, points_to_pct, points_to_px

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ls_tools.geometry.units import Size


class BoxValue(TypedDict):
    """A box as a result has it: percent of the image, degrees clockwise."""

    x: float
    y: float
    width: float
    height: float
    rotation: float


class EllipseValue(TypedDict):
    """An ellipse as a result has it: centre and radii in percent, degrees."""

    x: float
    y: float
    radiusX: float
    radiusY: float
    rotation: float


class PolygonValue(TypedDict):
    """A polygon as a result has it: (N, 2) percent."""

    points: list[list[float]]
    closed: bool


class KeypointValue(TypedDict):
    """A point as a result has it: percent; ``width`` of the image's width."""

    x: float
    y: float
    width: float


def box_to_pct(box: Box, size: Size) -> BoxValue:
    """A box in pixels as a result's value.

    A turned box keeps its sides and its top left corner as they were before the
    rotation: its width is in percent of the image's width at any angle.

    Args:
        box: Pixels.
        size: Of the image; its sides are above 0.

    Example:
        >>> from ls_tools.geometry import Size
        >>> box_to_pct(Box(100.0, 10.0, 40.0, 20.0, 45.0), Size(200, 100))
        {'x': 50.0, 'y': 10.0, 'width': 20.0, 'height': 20.0, 'rotation': 45.0}
    """
    ltwh_px = (box.left_px, box.top_px, box.width_px, box.height_px)
    x, y, width, height = ltwh_to_pct(ltwh_px, size)
    return {
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "rotation": box.rotation_deg,
    }


def box_to_px(value: Mapping[str, Any], size: Size) -> Box:
    """The box that a result's value describes, in pixels.

    Args:
        value: ``x``, ``y``, ``width`` and ``height`` in percent, ``rotation`` in
            degrees (0 where it is missing); other fields do not matter.
        size: Of the image, the result's ``original_width`` and
            ``original_height``.

    Raises:
        UsageError: A field is missing, or no finite number.

    Example:
        >>> from ls_tools.geometry import Size
        >>> value = {"x": 50, "y": 10, "width": 20, "height": 20, "rotation": 45}
        >>> box_to_px(value, Size(200, 100)) == Box(100.0, 10.0, 40.0, 20.0, 45.0)
        True
    """
    x, y, width, height = _numbers(value, "x", "y", "width", "height")
    return Box(*ltwh_to_px((x, y, width, height), size), _rotation_deg(value))


def ellipse_to_pct(ellipse: Ellipse, size: Size) -> EllipseValue:
    """An ellipse in pixels as a result's value.

    Args:
        ellipse: Pixels.
        size: Of the image; its sides are above 0.

    Example:
        >>> from ls_tools.geometry import Size
        >>> ellipse_to_pct(Ellipse(100.0, 50.0, 20.0, 20.0), Size(200, 100))
        {'x': 50.0, 'y': 50.0, 'radiusX': 10.0, 'radiusY': 20.0, 'rotation': 0.0}
    """
    pixels = (ellipse.x_px, ellipse.y_px, ellipse.radius_x_px, ellipse.radius_y_px)
    x, y, radius_x, radius_y = ltwh_to_pct(pixels, size)
    return {
        "x": x,
        "y": y,
        "radiusX": radius_x,
        "radiusY": radius_y,
        "rotation": ellipse.rotation_deg,
    }


def ellipse_to_px(value: Mapping[str, Any], size: Size) -> Ellipse:
    """The ellipse that a result's value describes, in pixels.

    Args:
        value: ``x``, ``y``, ``radiusX`` and ``radiusY`` in percent, ``rotation``
            in degrees (0 where it is missing).
        size: Of the image.

    Raises:
        UsageError: A field is missing, or no finite number.
    """
    x, y, radius_x, radius_y = _numbers(value, "x", "y", "radiusX", "radiusY")
    pixels = ltwh_to_px((x, y, radius_x, radius_y), size)
    return Ellipse(*pixels, _rotation_deg(value))


def polygon_to_pct(polygon: Polygon, size: Size) -> PolygonValue:
    """A polygon in pixels as a result's value.

    Args:
        polygon: Pixels.
        size: Of the image; its sides are above 0.

    Example:
        >>> from ls_tools.geometry import Size
        >>> polygon_to_pct(Polygon(((0.0, 0.0), (200.0, 50.0))), Size(200, 100))
        {'points': [[0.0, 0.0], [100.0, 50.0]], 'closed': True}
    """
    points_pct = points_to_pct(polygon.points_px, size)
    return {"points": [list(point) for point in points_pct], "closed": polygon.closed}


def polygon_to_px(value: Mapping[str, Any], size: Size) -> Polygon:
    """The polygon that a result's value describes, in pixels.

    Args:
        value: ``points``, (N, 2) percent; ``closed``, true where it is missing.
        size: Of the image.

    Raises:
        UsageError: The points are missing, or no pairs of finite numbers.
    """
    try:
        points_pct = [(_number(x, "x"), _number(y, "y")) for x, y in value["points"]]
    except (KeyError, TypeError, ValueError) as exc:
        msg = "The value needs points, a list of pairs of finite numbers."
        raise UsageError(msg) from exc
    return Polygon(
        points_to_px(points_pct, size), closed=value.get("closed") is not False
    )


def keypoint_to_pct(keypoint: Keypoint, size: Size) -> KeypointValue:
    """A point in pixels as a result's value.

    Args:
        keypoint: Pixels.
        size: Of the image; its sides are above 0.

    Example:
        >>> from ls_tools.geometry import Size
        >>> keypoint_to_pct(Keypoint(50.0, 50.0, 4.0), Size(200, 100))
        {'x': 25.0, 'y': 50.0, 'width': 2.0}
    """
    pixels = (keypoint.x_px, keypoint.y_px, keypoint.width_px, 0.0)
    x, y, width, _ = ltwh_to_pct(pixels, size)
    return {"x": x, "y": y, "width": width}


def keypoint_to_px(value: Mapping[str, Any], size: Size) -> Keypoint:
    """The point that a result's value describes, in pixels.

    Args:
        value: ``x`` and ``y`` in percent; ``width`` in percent of the image's
            width, 0 where it is missing.
        size: Of the image.

    Raises:
        UsageError: A field is missing, or no finite number.
    """
    x, y = _numbers(value, "x", "y")
    width = _number(value.get("width") or 0.0, "width")
    x_px, y_px, width_px, _ = ltwh_to_px((x, y, width, 0.0), size)
    return Keypoint(x_px, y_px, width_px)


def _rotation_deg(value: Mapping[str, Any]) -> float:
    return _number(value.get("rotation") or 0.0, "rotation")


def _numbers(value: Mapping[str, Any], *names: str) -> list[float]:
    return [_number(value.get(name), name) for name in names]


def _number(found: Any, name: str) -> float:
    try:
        number = float(found)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        msg = f"The value needs {name}, a finite number; it has {found!r:.50}."
        raise UsageError(msg)
    return number
