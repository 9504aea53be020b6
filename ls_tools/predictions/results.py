"""Results, the entries of a prediction, and what all of them share. Pure.

Source of the fields: Label Studio 1.23, what its editor serialises and what its
server checks (``label_studio_sdk.label_interface``).
"""

from __future__ import annotations

import json
from base64 import b32encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from ls_tools.errors import UsageError
from ls_tools.predictions.plain import share, strings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ls_tools.geometry import Size

Labels: TypeAlias = "str | Sequence[str]"
"""One label, or several."""

Offsets: TypeAlias = tuple[int, int]
"""Start and end in code points, as Python counts; the end is exclusive."""


_FRAME = frozenset(
    {
        "original_width",
        "original_height",
        "image_rotation",
        "original_length",
        "item_index",
    }
)


class _Placed(TypedDict):
    id: str
    from_name: str
    to_name: str
    type: str
    value: dict[str, Any]


class Result(_Placed, total=False):
    """One entry of a prediction's ``result``, in plain JSON types.

    Regions have a place in their medium; answers are about all of it, or, where
    they share a region's id, about that region.
    """

    score: float
    original_width: float
    original_height: float
    image_rotation: int
    original_length: float
    item_index: int


class Relation(TypedDict, total=False):
    """A relation between two regions, in plain JSON types."""

    type: str
    from_id: str
    to_id: str
    direction: str
    labels: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a result belongs: its control, its object, and what that shows.

    Attributes:
        from_name: Name of the control tag, such as ``RectangleLabels``.
        to_name: Name of the object tag, such as ``Image``.
        size: Of the image, in pixels, as a browser shows it: EXIF orientation
            applied. A pair is width and height, as Pillow has it. Needed for
            what is drawn on an image.
        text: The text that is shown. Needed for spans.
        duration_s: Of the audio or video, in seconds.
        item_index: Which image of a list of images, from 0.
    """

    from_name: str
    to_name: str
    size: Size | tuple[float, float] | None = None
    text: str | None = None
    duration_s: float | None = None
    item_index: int | None = None


class Mark(TypedDict, total=False):
    """What may be said of any result besides its place and its labels.

    Attributes:
        score: Confidence, 0 to 1.
        region_id: In place of one that is made from what the result says.
    """

    score: Any
    region_id: str | None


def make_result(
    target: Target,
    kind: str,
    value: Mapping[str, Any],
    mark: Mark,
    **fields: Any,
) -> Result:
    """A result with an id, from a value in plain JSON types.

    Raises:
        UsageError: The score is not 0 to 1, or the id is empty.
    """
    score, region_id = _unpack(**mark)
    result: Any = {
        "id": region_id,
        "from_name": target.from_name,
        "to_name": target.to_name,
        "type": kind,
        **fields,
        "value": dict(value),
    }
    if target.item_index is not None:
        result["item_index"] = target.item_index
    if region_id is None:
        result["id"] = content_id(result)
    elif not region_id:
        msg = "The id of a region is empty."
        raise UsageError(msg, hint="Leave it out to have one made.")
    if score is not None:
        result["score"] = share(score, "The score of a region")
    made: Result = result
    return made


def labeled(
    tool: str, labels: Labels, value: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The type and value of a region of a tool, with labels or without.

    Example:
        >>> labeled("rectangle", "Car", {"x": 1.0})
        ('rectanglelabels', {'x': 1.0, 'rectanglelabels': ['Car']})
        >>> labeled("rectangle", (), {"x": 1.0})
        ('rectangle', {'x': 1.0})
    """
    names = strings(labels, "A label")
    if not names:
        return tool, dict(value)
    kind = f"{tool}labels"
    return kind, {**value, kind: names}


def answer(
    target: Target,
    kind: str,
    value: Mapping[str, Any],
    mark: Mark,
    region: Result | None = None,
) -> Result:
    """A result about a whole medium, or about one region, whose place it repeats."""
    if region is None:
        return make_result(target, kind, value, mark)
    place = {k: v for k, v in region["value"].items() if not k.endswith("labels")}
    frame = {name: found for name, found in region.items() if name in _FRAME}
    mark = {"score": mark.get("score"), "region_id": region["id"]}
    return make_result(target, kind, {**place, **value}, mark, **frame)


def content_id(content: object) -> str:
    """An id of 10 characters, the same for the same content.

    Example:
        >>> content_id({"x": 1.0})
        'hkal5hhyiv'
    """
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return b32encode(digest).decode().lower()[:10]


def _unpack(score: Any = None, region_id: str | None = None) -> tuple[Any, str | None]:
    """The parts of a mark; a TypeError for any other."""
    return score, region_id
