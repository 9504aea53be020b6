"""Regions: the results that share an id, their labels, and their shape in pixels.

Decodes the values that reading left undecoded; knows no format and no config.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ls_tools.geometry import (
    Box,
    Ellipse,
    Ltwh,
    Point,
    Polygon,
    Shape,
    Size,
    ltwh_to_px,
    points_to_px,
    rotate_point,
)
from ls_tools.models import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.models import Annotation

NO_SIZE = "image size unknown"
"""The reason of a region whose image's size is nowhere to be found."""

OUT_OF_RANGE = "malformed value: number out of range"
"""The reason of a region with a coordinate that is NaN, infinite or absurd."""

NOT_DRAWN = "not a shape on an image"
"""The reason of a region that has no coordinates on an image."""


class Region(msgspec.Struct, frozen=True, gc=False):
    """What was labeled at one place: a shape, its labels, its text are one.

    Attributes:
        id: Region id; None for relations and in old data.
        results: Its results, in file order, at least one.
    """

    id: str | None
    results: tuple[Result, ...]

    def labels(self) -> list[str]:
        """Its labels, each once, in file order.

        They are what any key ending in ``labels`` of any of its results holds:
        ``labels``, ``rectanglelabels``, ``hypertextlabels``, …
        """
        found: dict[str, None] = {}
        for result in self.results:
            found.update(dict.fromkeys(_result_labels(result)))
        return list(found)


class ShapeValue(msgspec.Struct, gc=False):
    """The value of a result that was drawn on an image; percent and degrees.

    A field that the value does not have is None.
    """

    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    radius_x: float | None = msgspec.field(default=None, name="radiusX")
    radius_y: float | None = msgspec.field(default=None, name="radiusY")
    points: list[Point] | None = None
    closed: bool | None = None
    labels: list[str] | None = None
    rectanglelabels: list[str] | None = None
    polygonlabels: list[str] | None = None
    ellipselabels: list[str] | None = None


class Drawing(msgspec.Struct, gc=False):
    """A region that was drawn on an image.

    Attributes:
        shape: In pixels of the image as it is stored, EXIF orientation applied.
        size: The size of that image.
        labels: Its labels, each once, in file order.
        result: The result that carries the shape.
        extras: Results of the region that are neither its shape nor its
            labels: texts, choices, ratings.
    """

    shape: Shape
    size: Size
    labels: list[str]
    result: Result
    extras: tuple[Result, ...] = ()


_LARGEST = 1e9
_DECODER = msgspec.json.Decoder(ShapeValue, strict=False)
_ANY_DECODER = msgspec.json.Decoder()
_LABELS_SUFFIX = "labels"


def group_regions(annotation: Annotation) -> list[Region]:
    """The regions of an annotation, in the order in which they first appear.

    Results of one id are one region. Relations and results without an id are
    regions of their own.
    """
    results = annotation.result
    ids = {result.id for result in results}
    if len(ids) == len(results):
        return [Region(result.id, (result,)) for result in results]
    grouped: dict[str | int, list[Result]] = {}
    for index, result in enumerate(results):
        own = result.id is None or result.type == "relation"
        grouped.setdefault(index if own else str(result.id), []).append(result)
    return [Region(found[0].id, tuple(found)) for found in grouped.values()]


def read_drawing(region: Region, size: Size | None = None) -> Drawing | str:
    """Read a region that was drawn on an image.

    Args:
        region: Any region.
        size: The size of its image where the results do not tell.

    Returns:
        The drawing, or where there is none, the reason in a few words.
    """
    results = region.results
    carrier = results[0] if len(results) == 1 else _find_carrier(results)
    build = _BUILDERS.get(carrier.type)
    if build is None:
        return NOT_DRAWN
    try:
        value = _DECODER.decode(carrier.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        lenient = _read_leniently(carrier.value)
        if isinstance(lenient, str):
            return lenient
        value = lenient
    if (
        size is None
        or size.width_px != carrier.original_width
        or size.height_px != carrier.original_height
    ):
        size = _size_of(carrier) or _first_size(results) or size
        if size is None:
            return NO_SIZE
    shape = build(value, size)
    if isinstance(shape, str):
        return shape
    labels = value.rectanglelabels or _other_labels(value)
    if len(labels) < 2 and len(results) == 1:  # noqa: PLR2004 -- nothing to merge
        return Drawing(shape, size, labels, carrier)
    extras = tuple(r for r in results if r is not carrier and not _is_labels(r))
    return Drawing(shape, size, region.labels(), carrier, extras)


def image_size(
    annotation: Annotation, to_name: str = "", item_index: int = 0
) -> Size | None:
    """The size of an image, by the first result of an annotation that tells it.

    Args:
        annotation: Any annotation.
        to_name: The object tag that shows the image; empty for any.
        item_index: Its place in that object's list of images.
    """
    return _first_size(
        [
            result
            for result in annotation.result
            if (result.item_index or 0) == item_index
            and (result.to_name == to_name or not (result.to_name and to_name))
        ]
    )


def _find_carrier(results: Sequence[Result]) -> Result:
    """The result that best tells the shape: of a shape control, else any."""
    for result in results:
        if result.type in _BUILDERS and result.type != _LABELS_SUFFIX:
            return result
    for result in results:
        if result.type in _BUILDERS:
            return result
    return results[0]


def _is_labels(result: Result) -> bool:
    return result.type.endswith(_LABELS_SUFFIX)


def _size_of(result: Result) -> Size | None:
    width, height = result.original_width, result.original_height
    if width and height and 0 < width < _LARGEST and 0 < height < _LARGEST:
        return Size(width, height)
    return None


def _first_size(results: Sequence[Result]) -> Size | None:
    for result in results:
        size = _size_of(result)
        if size is not None:
            return size
    return None


def _other_labels(value: ShapeValue) -> list[str]:
    return value.polygonlabels or value.ellipselabels or value.labels or []


def _read_leniently(raw: msgspec.Raw) -> ShapeValue | str:
    """Read what of a malformed value can be used: each field for itself."""
    try:
        fields = _ANY_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        fields = None
    if not isinstance(fields, dict):
        return "malformed value"
    value = ShapeValue()
    for field in msgspec.structs.fields(ShapeValue):
        found = fields.get(field.encode_name)
        if _LABELS_SUFFIX in field.name:
            found = _clean_labels(found)
        try:
            setattr(value, field.name, msgspec.convert(found, field.type, strict=False))
        except msgspec.ValidationError:
            return f"malformed value: {field.encode_name}"
    return value


def _result_labels(result: Result) -> Iterator[str]:
    try:
        value = _ANY_DECODER.decode(result.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(value, dict):
        for key, found in value.items():
            if key.endswith(_LABELS_SUFFIX):
                yield from _clean_labels(found) or ()


def _clean_labels(found: Any) -> list[str] | None:
    """Labels that may be a bare string, or hold numbers and nulls."""
    if isinstance(found, (str, int, float)):
        found = [found]
    if not isinstance(found, list):
        return None
    return [str(label) for label in found if isinstance(label, (str, int, float))]


def _build_box(value: ShapeValue, size: Size) -> Box | str:
    x, y, width, height = value.x, value.y, value.width, value.height
    if x is None or y is None or width is None or height is None:
        return "malformed value: a box needs x, y, width and height"
    rotation_deg = value.rotation % 360 if value.rotation else 0.0
    # One comparison for all of them, and one that NaN fails.
    if not x * x + y * y + width * width + height * height + rotation_deg < _LARGEST**2:
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
    if not _in_range(chain.from_iterable(points)):
        return OUT_OF_RANGE
    return Polygon(points_to_px(points, size), closed=value.closed is not False)


def _build_any(value: ShapeValue, size: Size) -> Shape | str:
    """The shape of a plain ``labels`` result, whichever tool drew it."""
    if value.points is not None:
        return _build_polygon(value, size)
    if value.radius_x is not None:
        return _build_ellipse(value, size)
    if value.width is not None and value.height is not None:
        return _build_box(value, size)
    return NOT_DRAWN


def _in_range(numbers: Iterable[float]) -> bool:
    return all(-_LARGEST < number < _LARGEST for number in numbers)


_Builder: TypeAlias = Callable[[ShapeValue, Size], "Shape | str"]

_BUILDERS: dict[str, _Builder] = {
    "rectanglelabels": _build_box,
    "rectangle": _build_box,
    "polygonlabels": _build_polygon,
    "polygon": _build_polygon,
    "ellipselabels": _build_ellipse,
    "ellipse": _build_ellipse,
    "labels": _build_any,
}
