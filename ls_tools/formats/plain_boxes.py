"""Boxes that are written just as they were drawn: nearly all, in most exports.

A short way to them, which gives up on whatever needs a second look; that goes the
long way, by ``read_drawing`` and ``fit_ltwh``, where a plain box would end up the
same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec

from ls_tools.formats.fitting import TOLERANCE_PX
from ls_tools.geometry import Box, Ltwh, Size
from ls_tools.regions import Drawing

if TYPE_CHECKING:
    from ls_tools.regions import Region

PLAIN_TYPE = "rectanglelabels"
"""The type of the results that can be plain boxes."""

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


def read_plain_box(region: Region, size: Size) -> tuple[Drawing, Ltwh] | None:
    """A region that is an upright box on its image, with one label and no more.

    Args:
        region: Any region.
        size: The size of its image, as far as is known.

    Returns:
        The drawing, and the box as it can be written, clipped or not; None for
        all other regions: what is turned, has no label or several, a score, a
        note or a text, is not wholly on the image, has no area, states another
        size of the image, or is no box that could be written.
    """
    result = region.results[0]
    width_px, height_px = size.width_px, size.height_px
    if (
        result.type != PLAIN_TYPE
        or result.original_width != width_px
        or result.original_height != height_px
        or result.score is not None
        or result.meta
        or len(region.results) > 1
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
    box = Box(left, top, width, height)
    drawing = Drawing(box, size, value.rectanglelabels, result)
    return drawing, (left, top, width, height)
