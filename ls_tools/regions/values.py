"""Values of results, decoded field by field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.models import Result

LABELS_SUFFIX = "labels"
"""What the type of every result that labels ends in, and the key of its labels."""

NO_CODE = msgspec.Raw(b"")
"""In place of a run-length code that is not there."""


class Vertex(msgspec.Struct, gc=False):
    """A corner of a vector; percent. ``id`` names it, ``prev_id`` the one before.

    The control points make the line that leads here, and the one that leads
    on, cubic Bézier curves.
    """

    x: float
    y: float
    id: str | None = None
    prev_id: str | None = msgspec.field(default=None, name="prevPointId")
    is_bezier: bool | None = msgspec.field(default=None, name="isBezier")
    control_1: dict[str, float] | None = msgspec.field(
        default=None, name="controlPoint1"
    )
    control_2: dict[str, float] | None = msgspec.field(
        default=None, name="controlPoint2"
    )


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
    vertices: list[Vertex] | None = None
    closed: bool | None = None
    rle: msgspec.Raw = NO_CODE
    image_url: str | None = msgspec.field(default=None, name="imageDataURL")
    labels: list[str] | None = None
    rectanglelabels: list[str] | None = None
    polygonlabels: list[str] | None = None
    ellipselabels: list[str] | None = None
    keypointlabels: list[str] | None = None
    brushlabels: list[str] | None = None
    bitmasklabels: list[str] | None = None
    vectorlabels: list[str] | None = None

    def other_labels(self) -> list[str]:
        """Its labels under any key but that of rectangles."""
        return (
            self.polygonlabels
            or self.ellipselabels
            or self.labels
            or self.keypointlabels
            or self.brushlabels
            or self.bitmasklabels
            or self.vectorlabels
            or []
        )


_DECODER = msgspec.json.Decoder(ShapeValue, strict=False)
_ANY_DECODER = msgspec.json.Decoder()


def decode_value(raw: msgspec.Raw) -> ShapeValue | str:
    """A result's value, or in a few words why it cannot be read."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_leniently(raw)


def fields_of(result: Result) -> dict[str, Any]:
    """The value of a result, unchecked; empty where it is no object."""
    return _fields(result.value) or {}


def number_in(value: Any) -> float | None:
    """A finite number that may be spelled as text; None where there is none.

    Example:
        >>> number_in("0.5"), number_in(True)
        (0.5, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def labels_of(result: Result) -> Iterator[str]:
    """The labels of one result: what any key ending in ``labels`` holds."""
    for key, found in fields_of(result).items():
        if key.endswith(LABELS_SUFFIX):
            yield from _clean_labels(found) or ()


def choices_of(result: Result) -> list[str]:
    """What was chosen, of a result of ``Choices``; empty for any other."""
    if result.type != "choices":
        return []
    return _clean_labels(fields_of(result).get("choices")) or []


def _fields(raw: msgspec.Raw) -> dict[str, Any] | None:
    try:
        value = _ANY_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _read_leniently(raw: msgspec.Raw) -> ShapeValue | str:
    """Read what of a malformed value can be used: each field for itself."""
    fields = _fields(raw)
    if fields is None:
        return "malformed value"
    value = ShapeValue()
    for field in msgspec.structs.fields(ShapeValue):
        found = fields.get(field.encode_name)
        if LABELS_SUFFIX in field.name:
            found = _clean_labels(found)
        if found is None:
            continue
        try:
            setattr(value, field.name, _convert(found, field.type))
        except msgspec.ValidationError:
            return f"malformed value: {field.encode_name}"
    return value


def _convert(found: Any, wanted: Any) -> Any:
    if wanted is msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode(found))
    return msgspec.convert(found, wanted, strict=False)


def _clean_labels(found: Any) -> list[str] | None:
    """Labels that may be a bare string, or hold numbers and nulls."""
    if isinstance(found, (str, int, float)):
        found = [found]
    if not isinstance(found, list):
        return None
    return [str(label) for label in found if isinstance(label, (str, int, float))]
