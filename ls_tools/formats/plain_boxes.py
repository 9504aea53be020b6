"""Boxes that are written just as they were drawn: nearly all, in most exports.

A short way to them, which gives up on whatever needs a second look; that goes the
long way, by ``read_drawing`` and ``fit_ltwh``, where a plain box would end up the
same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec

from ls_tools.formats.fitting import TOLERANCE_PX
from ls_tools.regions import stated_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ls_tools.formats.pictures import Picture, Place
    from ls_tools.geometry import Ltwh, Size
    from ls_tools.models import Result
    from ls_tools.regions import Region

PLAIN_TYPE = "rectanglelabels"
"""The type of the results that can be plain boxes."""

PlainBox: TypeAlias = "tuple[list[int], Ltwh]"
"""The ids of the classes to write a box as; left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class PlainBoxes:
    """Plain boxes that stand one after the other.

    Attributes:
        boxes: One for each region.
        picture: The image that they are on.
        size: Its size.
    """

    boxes: list[PlainBox]
    picture: Picture
    size: Size


_Percent: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=100)]
_Zero: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=0)]


class _PlainValue(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An upright box with one label and nothing else."""

    x: _Percent
    y: _Percent
    width: _Percent
    height: _Percent
    rectanglelabels: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1)]
    rotation: _Zero = 0.0


_DECODER = msgspec.json.Decoder(_PlainValue)


def read_plain_boxes(
    regions: Sequence[Region],
    places: Mapping[Place, Picture],
    ids_of_label: Mapping[str, list[int]],
) -> PlainBoxes | None:
    """The plain boxes that regions begin with, all on the image of the first one.

    Args:
        regions: The regions of an annotation.
        places: Where images are shown; the size of the one is filled in.
        ids_of_label: The classes of labels, as far as they were met.

    Returns:
        Them; None where there are none.
    """
    if not regions:
        return None
    first = regions[0].results[0]
    to_name, item_index = first.to_name, first.item_index
    picture = places.get((to_name, item_index or 0))
    size = None if picture is None else picture.size or stated_size(first)
    if picture is None or size is None:
        return None
    boxes: list[PlainBox] = []
    for region in regions:
        results = region.results
        result = results[0]
        if (
            len(results) > 1
            or result.to_name != to_name
            or result.item_index != item_index
        ):
            break
        found = read_plain_box(result, size)
        class_ids = found and ids_of_label.get(found[0])
        if found is None or class_ids is None:
            break
        boxes.append((class_ids, found[1]))
    if not boxes:
        return None
    picture.size = size
    return PlainBoxes(boxes, picture, size)


def read_plain_box(result: Result, size: Size) -> tuple[str, Ltwh] | None:
    """A result that is an upright box on its image, with one label and no more.

    Args:
        result: The only result of a region.
        size: The size of its image, as far as is known.

    Returns:
        The label, and the box as it can be written, clipped or not; None for
        all other results: what is turned, has no label or several, a score, a
        note or a text, is not wholly on the image, has no area, states another
        size of the image, or is no box that could be written.
    """
    width_px, height_px = size.width_px, size.height_px
    if (
        result.type != PLAIN_TYPE
        or result.original_width != width_px
        or result.original_height != height_px
        or result.score is not None
        or result.meta
    ):
        return None
    try:
        value = _DECODER.decode(result.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    scale_x, scale_y = width_px / 100.0, height_px / 100.0
    left, width = value.x * scale_x, value.width * scale_x
    top, height = value.y * scale_y, value.height * scale_y
    if (
        width < TOLERANCE_PX
        or height < TOLERANCE_PX
        or left + width > width_px
        or top + height > height_px
    ):
        return None
    return value.rectanglelabels[0], (left, top, width, height)
