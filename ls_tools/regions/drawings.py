"""What a region draws on an image: a shape or a mask, in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ls_tools.geometry import Size
from ls_tools.models import Result
from ls_tools.regions.shapes import BUILDERS, LARGEST, NOT_DRAWN, Drawn
from ls_tools.regions.values import LABELS_SUFFIX, decode_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.models import Annotation
    from ls_tools.regions.grouping import Region

NO_SIZE = "image size unknown"
"""The reason of a region whose image's size is nowhere to be found."""


class Drawing(msgspec.Struct, gc=False):
    """A region that was drawn on an image.

    Attributes:
        shape: In pixels of the image as it is stored, EXIF orientation applied;
            a mask is as large as the image.
        size: The size of that image.
        labels: Its labels, each once, in file order.
        result: The result that carries the shape.
        extras: Results of the region that are neither its shape nor its
            labels: texts, choices, ratings.
    """

    shape: Drawn
    size: Size
    labels: list[str]
    result: Result
    extras: tuple[Result, ...] = ()


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
    build = BUILDERS.get(carrier.type)
    if build is None:
        return NOT_DRAWN
    value = decode_value(carrier.value)
    if isinstance(value, str):
        return value
    if (
        size is None
        or size.width_px != carrier.original_width
        or size.height_px != carrier.original_height
    ):
        size = stated_size(carrier) or _first_size(results) or size
        if size is None:
            return NO_SIZE
    shape = build(value, size)
    if isinstance(shape, str):
        return shape
    labels = value.rectanglelabels or value.other_labels()
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
        if result.type in BUILDERS and result.type != LABELS_SUFFIX:
            return result
    for result in results:
        if result.type in BUILDERS:
            return result
    return results[0]


def _is_labels(result: Result) -> bool:
    return result.type.endswith(LABELS_SUFFIX)


def stated_size(result: Result) -> Size | None:
    """The size that a result states for its image; None where it makes no sense."""
    width, height = result.original_width, result.original_height
    if width and height and 0 < width < LARGEST and 0 < height < LARGEST:
        return Size(width, height)
    return None


def _first_size(results: Sequence[Result]) -> Size | None:
    for result in results:
        size = stated_size(result)
        if size is not None:
            return size
    return None
