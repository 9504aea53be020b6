"""Regions of annotations in the form that the server's own editor posts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

Result = dict[str, Any]
_numbers = count(1)


def region(name: str, kind: str, value: dict[str, Any], **fields: Any) -> Result:
    """A result of the control ``name`` with a fresh id."""
    return {
        "id": f"region{next(_numbers)}",
        "from_name": name,
        "to_name": "media",
        "type": kind,
        "origin": "manual",
        **fields,
        "value": value,
    }


def shape(
    name: str, size: tuple[int, int], label: str, value: dict[str, Any]
) -> Result:
    """A labeled shape on a picture of ``size`` pixels; ``value`` in percent."""
    kind = f"{name}labels"
    frame = {"original_width": size[0], "original_height": size[1], "image_rotation": 0}
    return region(name, kind, {**value, kind: [label]}, **frame)


def rectangle(
    size: tuple[int, int],
    label: str,
    ltwh_pct: tuple[float, float, float, float],
    *,
    rotation_deg: float = 0,
) -> Result:
    """A rectangle, rotated clockwise about its top left corner."""
    box = dict(zip(("x", "y", "width", "height"), ltwh_pct, strict=True))
    return shape("rectangle", size, label, {**box, "rotation": rotation_deg})


def polygon(
    size: tuple[int, int], label: str, points_pct: Sequence[tuple[float, float]]
) -> Result:
    """A closed polygon."""
    points = [list(point) for point in points_pct]
    return shape("polygon", size, label, {"points": points, "closed": True})


def ellipse(
    size: tuple[int, int],
    label: str,
    center_radii_pct: tuple[float, float, float, float],
    *,
    rotation_deg: float = 0,
) -> Result:
    """An ellipse: center x and y, radius x and y."""
    names = ("x", "y", "radiusX", "radiusY")
    values = dict(zip(names, center_radii_pct, strict=True))
    return shape("ellipse", size, label, {**values, "rotation": rotation_deg})


def choices(*chosen: str) -> Result:
    """A choice about the whole task."""
    return region("scene", "choices", {"choices": list(chosen)})


def textarea(*texts: str) -> Result:
    """Free text about the whole task."""
    return region("note", "textarea", {"text": list(texts)})


def span(text: str, part: str, label: str) -> Result:
    """The first occurrence of ``part`` in ``text``; offsets in code points."""
    start = text.index(part)
    value = {"start": start, "end": start + len(part), "text": part}
    return region("ner", "labels", {**value, "labels": [label]})


def relation(source: Result, target: Result, label: str) -> Result:
    """A relation from one region to another; it has no id of its own."""
    return {
        "from_id": source["id"],
        "to_id": target["id"],
        "type": "relation",
        "direction": "right",
        "labels": [label],
    }
