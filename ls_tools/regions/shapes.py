"""Values in percent to shapes in pixels, by the type of their result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ls_tools.geometry import (
    Box,
    Ellipse,
    EncodedMask,
    Keypoint,
    Polygon,
    Shape,
    Size,
    ltwh_to_px,
    points_to_px,
    rotate_point,
)
from ls_tools.regions.values import LABELS_SUFFIX, NO_CODE, ShapeValue
from ls_tools.regions.vectors import flatten, is_curved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.geometry import Ltwh, Point

NOT_DRAWN = "not a shape on an image"
"""The reason of a region that has no coordinates on an image."""

OUT_OF_RANGE = "malformed value: number out of range"
"""The reason of a region with a coordinate that is NaN, infinite or absurd."""

LARGEST = 1e9
"""Coordinates and sizes from here on are nonsense."""

Drawn: TypeAlias = "Shape | Keypoint | EncodedMask"
"""What a region can be on an image."""

Builder: TypeAlias = Callable[[ShapeValue, Size], "Drawn | str"]

_CODE_DECODER = msgspec.json.Decoder(list[int], strict=False)
_PNG_URL = "data:image/png;base64,"


def _build_box(value: ShapeValue, size: Size) -> Box | str:
    x, y, width, height = value.x, value.y, value.width, value.height
    if x is None or y is None or width is None or height is None:
        return "malformed value: a box needs x, y, width and height"
    rotation_deg = value.rotation % 360 if value.rotation else 0.0
    # One comparison for all of them, and one that NaN fails.
    if not x * x + y * y + width * width + height * height + rotation_deg < LARGEST**2:
        return OUT_OF_RANGE
    scale_x, scale_y = size.width_px / 100.0, size.height_px / 100.0
    box = Box(x * scale_x, y * scale_y, width * scale_x, height * scale_y, rotation_deg)
    return box if width >= 0 <= height else _turn_over(box)


def _turn_over(box: Box) -> Box:
    """A box that was drawn backwards, from its true top left corner."""
    anchor = (box.left_px, box.top_px)
    moved = (
        box.left_px + min(box.width_px, 0.0),
        box.top_px + min(box.height_px, 0.0),
    )
    left_px, top_px = rotate_point(moved, anchor, box.rotation_deg)
    return Box(left_px, top_px, abs(box.width_px), abs(box.height_px), box.rotation_deg)


def _build_ellipse(value: ShapeValue, size: Size) -> Ellipse | str:
    x, y, radius_x, radius_y = value.x, value.y, value.radius_x, value.radius_y
    if x is None or y is None or radius_x is None or radius_y is None:
        return "malformed value: an ellipse needs x, y, radiusX and radiusY"
    rotation_deg = (value.rotation or 0.0) % 360
    if not _in_range((x, y, radius_x, radius_y, rotation_deg)):
        return OUT_OF_RANGE
    pixels: Ltwh = ltwh_to_px((x, y, abs(radius_x), abs(radius_y)), size)
    return Ellipse(*pixels, rotation_deg)


def _build_polygon(value: ShapeValue, size: Size) -> Polygon | str:
    points = value.points
    if not points:
        return "malformed value: a polygon needs points"
    if not _are_in_range(points):
        return OUT_OF_RANGE
    return Polygon(points_to_px(points, size), closed=value.closed is not False)


def _build_vector(value: ShapeValue, size: Size) -> Polygon | str:
    """A vector is a polygon that is open unless it says that it is closed."""
    if not value.vertices:
        return "malformed value: a vector needs vertices"
    closed = value.closed is True
    points = flatten(value.vertices, closed=closed)
    if isinstance(points, str):
        return points
    if not _are_in_range(points):
        return OUT_OF_RANGE
    curved = is_curved(value.vertices)
    return Polygon(points_to_px(points, size), closed=closed, curved=curved)


def _build_keypoint(value: ShapeValue, size: Size) -> Keypoint | str:
    x, y, width = value.x, value.y, value.width or 0.0
    if x is None or y is None:
        return "malformed value: a keypoint needs x and y"
    if not _in_range((x, y, width)):
        return OUT_OF_RANGE
    x_px, y_px, width_px, _ = ltwh_to_px((x, y, abs(width), 0.0), size)
    return Keypoint(x_px, y_px, width_px)


def _build_brush(value: ShapeValue, size: Size) -> EncodedMask | str:
    del size
    try:
        return EncodedMask("rle", bytes(_CODE_DECODER.decode(value.rle)))
    except (msgspec.DecodeError, ValueError, OverflowError):
        return "malformed value: a brush needs rle, a list of bytes"


def _build_bitmask(value: ShapeValue, size: Size) -> EncodedMask | str:
    del size
    url = value.image_url or ""
    if not url.startswith(_PNG_URL):
        return "malformed value: a bitmask needs imageDataURL, a PNG in base64"
    return EncodedMask("png", url[len(_PNG_URL) :].encode("ascii", "replace"))


def _build_any(value: ShapeValue, size: Size) -> Drawn | str:
    """The shape of a plain ``labels`` result, whichever tool drew it."""
    for is_there, build in (
        (value.points is not None, _build_polygon),
        (value.vertices is not None, _build_vector),
        (value.radius_x is not None, _build_ellipse),
        (value.rle is not NO_CODE, _build_brush),
        (value.image_url is not None, _build_bitmask),
        (value.width is not None and value.height is not None, _build_box),
        (value.x is not None and value.y is not None, _build_keypoint),
    ):
        if is_there:
            return build(value, size)
    return NOT_DRAWN


def _are_in_range(points: Iterable[Point]) -> bool:
    for x, y in points:  # noqa: SIM110 -- twice as fast as all()
        if not (-LARGEST < x < LARGEST and -LARGEST < y < LARGEST):
            return False
    return True


def _in_range(numbers: Iterable[float]) -> bool:
    return all(-LARGEST < number < LARGEST for number in numbers)


_TOOLS: dict[str, Builder] = {
    "rectangle": _build_box,
    "polygon": _build_polygon,
    "ellipse": _build_ellipse,
    "keypoint": _build_keypoint,
    "brush": _build_brush,
    "bitmask": _build_bitmask,
    "vector": _build_vector,
}

BUILDERS: dict[str, Builder] = {
    **_TOOLS,
    **{tool + LABELS_SUFFIX: build for tool, build in _TOOLS.items()},
    LABELS_SUFFIX: _build_any,
    "magicwand": _build_brush,
}
"""What makes a shape, by the type of the result."""
