"""Results drawn on images and videos, from shapes in pixels. Pure but for masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ls_tools.errors import UsageError
from ls_tools.geometry import (
    Box,
    Ellipse,
    Keypoint,
    Polygon,
    Size,
    box_to_pct,
    ellipse_to_pct,
    keypoint_to_pct,
    polygon_to_pct,
)
from ls_tools.predictions.plain import finite, integer, length, pair
from ls_tools.predictions.results import (
    Labels,
    Mark,
    Result,
    Target,
    labeled,
    make_result,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike
    from typing_extensions import Unpack

_LIMITS_PCT = {"radiusX": 50.0, "radiusY": 50.0}
_LEAST_CORNERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """Where a box is in one frame of a video; between them it moves straight.

    Attributes:
        frame: From 1.
        box: Pixels of the video.
        enabled: Whether the object is to be seen from this frame on, until the
            next keyframe.
    """

    frame: int
    box: Box
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a region of a video has to say of the video.

    Attributes:
        frames_count: Number of its frames.
        frame_rate: Frames in a second, as the ``frameRate`` of the ``Video`` tag.
    """

    frames_count: int
    frame_rate: float = 24.0


def rectangle(
    target: Target, box: Box, labels: Labels = (), **mark: Unpack[Mark]
) -> Result:
    """A result of ``RectangleLabels``, or without labels, of ``Rectangle``.

    Args:
        target: With the size of the image.
        box: Pixels.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: A number is NaN, a side is negative, or the box is beyond
            what the server takes: more than 100 percent.

    Example:
        >>> from ls_tools.geometry import Size
        >>> from ls_tools.predictions import Target
        >>> at = Target(from_name="box", to_name="image", size=Size(200, 100))
        >>> rectangle(at, Box(100, 10, 40, 20), "Car")["value"]["width"]
        20.0
    """
    size = _size_of(target)
    value = box_to_pct(_plain_box(box), size)
    return _drawn(target, "rectangle", labels, value, mark)


def polygon(
    target: Target, shape: Polygon, labels: Labels = (), **mark: Unpack[Mark]
) -> Result:
    """A result of ``PolygonLabels`` or ``Polygon``.

    Args:
        target: With the size of the image.
        shape: Pixels.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: It has fewer than three corners, a number is NaN, or one is
            beyond 100 percent.
    """
    _expect(shape, Polygon)
    points = tuple(
        (finite(x, "The x of a corner"), finite(y, "The y of a corner"))
        for x, y in (pair(point, "x and y") for point in shape.points_px)
    )
    if len(points) < _LEAST_CORNERS:
        msg = f"A polygon has {len(points)} corners, and needs {_LEAST_CORNERS}."
        raise UsageError(msg)
    value = polygon_to_pct(Polygon(points, closed=shape.closed), _size_of(target))
    return _drawn(target, "polygon", labels, value, mark)


def ellipse(
    target: Target, shape: Ellipse, labels: Labels = (), **mark: Unpack[Mark]
) -> Result:
    """A result of ``EllipseLabels`` or ``Ellipse``.

    Args:
        target: With the size of the image.
        shape: Pixels.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: A number is NaN, a radius is negative, or it is beyond what
            the server takes: 100 percent, and 50 for a radius.
    """
    _expect(shape, Ellipse)
    plain = Ellipse(
        finite(shape.x_px, "The x of an ellipse"),
        finite(shape.y_px, "The y of an ellipse"),
        length(shape.radius_x_px, "The first radius of an ellipse"),
        length(shape.radius_y_px, "The second radius of an ellipse"),
        finite(shape.rotation_deg, "The rotation of an ellipse") % 360.0,
    )
    value = ellipse_to_pct(plain, _size_of(target))
    return _drawn(target, "ellipse", labels, value, mark)


def keypoint(
    target: Target, point: Keypoint, labels: Labels = (), **mark: Unpack[Mark]
) -> Result:
    """A result of ``KeyPointLabels`` or ``KeyPoint``.

    Args:
        target: With the size of the image.
        point: Pixels; a width of 0 becomes half a percent, so that it can be
            seen and clicked.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: A number is NaN, or it is beyond 100 percent.
    """
    _expect(point, Keypoint)
    plain = Keypoint(
        finite(point.x_px, "The x of a keypoint"),
        finite(point.y_px, "The y of a keypoint"),
        length(point.width_px, "The width of a keypoint"),
    )
    value = keypoint_to_pct(plain, _size_of(target))
    value["width"] = value["width"] or 0.5
    return _drawn(target, "keypoint", labels, value, mark)


def brush(
    target: Target, mask: ArrayLike, labels: Labels = (), **mark: Unpack[Mark]
) -> Result:
    """A result of ``BrushLabels`` or ``Brush``.

    Args:
        target: With the size of the image, or without: then it is the mask's.
        mask: (H, W), as large as the image. Booleans, or uint8: 0 is
            transparent, 255 opaque.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: The mask has another shape than the image, other values, or
            nothing in it.
        MissingDependencyError: NumPy is not installed.
    """
    from ls_tools.predictions.masks import encode_mask

    known = None if target.size is None else plain_size(target.size)
    size, code = encode_mask(mask, known)
    kind, value = labeled("brush", labels, {"format": "rle", "rle": code})
    return make_result(target, kind, value, mark, **_frame_of(size))


def video_rectangle(
    target: Target,
    clip: Clip,
    keyframes: Iterable[Keyframe],
    labels: Labels = (),
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``VideoRectangle``: a track.

    Args:
        target: With the size of the video, and where known, its duration.
        clip: What there is to say of the video.
        keyframes: At least one; sorted by frame here.
        labels: As the ``Labels`` of the same video have them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: A frame is not in the video or comes twice, or a box is none.
    """
    size = _size_of(target)
    count = integer(clip.frames_count, "The number of frames")
    rate = finite(clip.frame_rate, "The frame rate")
    if count < 1 or rate <= 0:
        msg = f"A video has {count} frames at {rate:g} a second."
        raise UsageError(msg)
    sequence = [_video_frame(frame, count, rate, size) for frame in keyframes]
    sequence.sort(key=lambda entry: int(entry["frame"]))
    if len({entry["frame"] for entry in sequence}) != len(sequence) or not sequence:
        msg = "The keyframes of a track are none, or two of them are of one frame."
        raise UsageError(msg)
    duration_s = target.duration_s if target.duration_s is not None else count / rate
    value: dict[str, Any] = {
        "framesCount": count,
        "duration": length(duration_s, "The duration of a video"),
        "sequence": sequence,
    }
    names = labeled("", labels, {})[1]
    return make_result(target, "videorectangle", {**value, **names}, mark)


def _video_frame(
    keyframe: Keyframe, count: int, rate: float, size: Size
) -> dict[str, Any]:
    frame = integer(keyframe.frame, "The frame of a keyframe")
    if not 1 <= frame <= count:
        msg = f"Frame {frame} is not in a video of {count} frames."
        raise UsageError(msg, hint="Label Studio counts frames from 1.")
    value = box_to_pct(_plain_box(keyframe.box), size)
    _check_limits(value)
    enabled = bool(keyframe.enabled)
    return {"frame": frame, "enabled": enabled, "time": frame / rate, **value}


def _drawn(
    target: Target, tool: str, labels: Labels, place: Mapping[str, Any], mark: Mark
) -> Result:
    _check_limits(place)
    kind, value = labeled(tool, labels, place)
    return make_result(target, kind, value, mark, **_frame_of(_size_of(target)))


def _plain_box(box: Box) -> Box:
    _expect(box, Box, "Box.from_ltrb, from_ltwh and from_centre make one of a row.")
    return Box(
        finite(box.left_px, "The left edge of a box"),
        finite(box.top_px, "The top edge of a box"),
        length(box.width_px, "The width of a box"),
        length(box.height_px, "The height of a box"),
        finite(box.rotation_deg, "The rotation of a box") % 360.0,
    )


def _expect(shape: object, kind: type, hint: str = "") -> None:
    if not isinstance(shape, kind):
        what = kind.__name__
        msg = f"The shape is to be a geometry.{what}, not {shape!r:.60}."
        raise UsageError(msg, hint=hint)


def _check_limits(place: Mapping[str, Any]) -> None:
    """Refuse what the server's own validation of predictions refuses."""
    for name, found in place.items():
        if name == "points":
            for x, y in found:
                _check_limits({"x": x, "y": y})
        elif name != "rotation" and found > _LIMITS_PCT.get(name, 100.0):
            msg = f"A shape is beyond the image: its {name} is {found:g} percent."
            hint = "Clip it first (ls_tools.geometry.clip_ltwh, clip_points)."
            raise UsageError(msg, hint=hint)


def _size_of(target: Target) -> Size:
    size = target.size
    if size is None:
        msg = f"The size of {target.to_name!r} is not known."
        raise UsageError(msg, hint="Give it: size=Size(width_px, height_px).")
    return plain_size(size)


def plain_size(size: Size | tuple[float, float]) -> Size:
    """A size in plain numbers.

    Raises:
        UsageError: A side is not above 0.
    """
    given = (size.width_px, size.height_px) if isinstance(size, Size) else size
    sides = pair(given, "Width and height")
    width, height = (finite(side, "A side of the image") for side in sides)
    if width <= 0 or height <= 0:
        msg = f"An image is {width:g} by {height:g} pixels."
        raise UsageError(msg)
    return Size(_whole(width), _whole(height))


def _whole(side: float) -> float:
    return int(side) if side.is_integer() else side


def _frame_of(size: Size) -> dict[str, float]:
    return {
        "original_width": size.width_px,
        "original_height": size.height_px,
        "image_rotation": 0,
    }
