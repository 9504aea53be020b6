"""Regions to the ``object`` elements of VOC."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from ls_tools.formats.fitting import NO_AREA, ROTATION_DROPPED, fit_ltwh, fit_outline
from ls_tools.formats.masking import MASK_APPROXIMATED, mask_ltwh, read_mask
from ls_tools.formats.voc.names import ClassNames, xml_text
from ls_tools.geometry import Box, EncodedMask, Keypoint, Point, hull
from ls_tools.raster import outlines_of
from ls_tools.regions import NOT_DRAWN, choices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.formats.pictures import Labelled
    from ls_tools.formats.plain_boxes import PlainBoxes
    from ls_tools.formats.voc.voc import VocOptions
    from ls_tools.geometry import Ltwh, Size
    from ls_tools.models import Result
    from ls_tools.output import Output
    from ls_tools.regions import Drawing

HOLES_FILLED = "holes of a mask filled"

FLAGS: Final = ("truncated", "difficult", "occluded")
"""Per-region choices, in any case, that are written as elements of an object."""

POLYGON: Final = "<polygon>\n"
"""What an object with an outline holds."""

_NO_FLAGS = "<truncated>0</truncated>\n<difficult>0</difficult>\n"

_Fitted: TypeAlias = "tuple[Ltwh, Sequence[Sequence[Point]]]"
"""A box, and the outlines of a shape that is none."""


def is_flag(drawing: Drawing, result: Result) -> bool:
    """Whether a result is nothing but choices that an object has elements for."""
    del drawing  # whatever it is
    choices = choices_of(result)
    return bool(choices) and all(choice.casefold() in FLAGS for choice in choices)


class ObjectMaker:
    """Regions to ``object`` elements."""

    def __init__(self, options: VocOptions, output: Output) -> None:
        self.names: ClassNames = ClassNames(output.classes, output)
        self._tolerance_px = options.ellipse_tolerance_px
        self._mask_tolerance_px = options.mask_tolerance_px
        self._first = options.first_pixel
        self._clip = output.clip
        self._bounds = output.bounds
        self._heads: dict[int, str] = {}

    def objects(self, found: Labelled) -> list[str] | str:
        """An element per class of a region, or the reason why there is none."""
        drawing = found.drawing
        fitted = self._fit(found)
        if isinstance(fitted, str):
            return fitted
        body = self._box(fitted[0], drawing.size)
        if fitted[1]:
            body += "".join(map(self._polygon, fitted[1]))
        flags = _flags(drawing.extras) if drawing.extras else _NO_FLAGS
        return self._elements(found.class_ids, flags, body)

    def plain_objects(self, plain: PlainBoxes) -> list[str]:
        """The elements of plain boxes."""
        size = plain.size
        return [
            element
            for class_ids, ltwh in plain.boxes
            for element in self._elements(class_ids, _NO_FLAGS, self._box(ltwh, size))
        ]

    def _elements(self, class_ids: Iterable[int], flags: str, body: str) -> list[str]:
        heads = self._heads
        return [
            f"{heads.get(class_id) or self._head(class_id)}{flags}{body}</object>\n"
            for class_id in class_ids
        ]

    def _fit(self, found: Labelled) -> _Fitted | str:
        """The box of a region, and its outlines where they are another shape."""
        if found.plain_ltwh is not None:
            return found.plain_ltwh, ()
        shape, size = found.drawing.shape, found.drawing.size
        if isinstance(shape, Box):
            if shape.rotation_deg % 90:
                found.losses.append(ROTATION_DROPPED)
            ltwh = fit_ltwh(hull(shape), size, found.losses, clip=self._clip)
            return ltwh if isinstance(ltwh, str) else (ltwh, ())
        if isinstance(shape, EncodedMask):
            return self._fit_mask(shape, found)
        if isinstance(shape, Keypoint):  # not in Wanted.shapes
            return NOT_DRAWN
        ring = fit_outline(
            shape,
            size,
            found.losses,
            tolerance_px=self._tolerance_px,
            clip=self._clip,
        )
        return ring if isinstance(ring, str) else (ring.ltwh_px, (ring.points_px,))

    def _fit_mask(self, mask: EncodedMask, found: Labelled) -> _Fitted | str:
        pixels = read_mask(mask, found.drawing.size, self._bounds)
        if isinstance(pixels, str):
            return pixels
        ltwh = mask_ltwh(pixels)
        if ltwh is None:
            return NO_AREA
        outlines = outlines_of(pixels, self._mask_tolerance_px)
        has_holes = any(outline.holes for outline in outlines)
        found.losses.append(HOLES_FILLED if has_holes else MASK_APPROXIMATED)
        return ltwh, [outline.exterior for outline in outlines]

    def _head(self, class_id: int) -> str:
        name = xml_text(self.names.name_of(class_id))
        head = f"<object>\n<name>{name}</name>\n<pose>Unspecified</pose>\n"
        self._heads[class_id] = head
        return head

    def _box(self, ltwh: Ltwh, size: Size) -> str:
        left, top, width, height = ltwh
        x_min, x_max = round(left), round(left + width)
        y_min, y_max = round(top), round(top + height)
        if x_min == x_max:
            x_min, x_max = _one_pixel(x_min, left + width, size.width_px)
        if y_min == y_max:
            y_min, y_max = _one_pixel(y_min, top + height, size.height_px)
        first = self._first
        return (
            f"<bndbox>\n<xmin>{x_min + first}</xmin>\n<ymin>{y_min + first}</ymin>\n"
            f"<xmax>{x_max}</xmax>\n<ymax>{y_max}</ymax>\n</bndbox>\n"
        )

    def _polygon(self, points: Sequence[Point]) -> str:
        first = self._first
        numbers: list[int] = []
        for x, y in points:
            numbers += (round(x) + first, round(y) + first)
        corners = "".join(map(_corner, range(1, len(points) + 1)))
        return f"{POLYGON}{corners % tuple(numbers)}</polygon>\n"


@lru_cache(maxsize=4096)
def _corner(number: int) -> str:
    """The elements of a corner, with places for its x and y."""
    return f"<x{number}>%d</x{number}>\n<y{number}>%d</y{number}>\n"


def _flags(extras: Iterable[Result]) -> str:
    chosen = {choice.casefold() for result in extras for choice in choices_of(result)}
    truncated, difficult, occluded = (int(flag in chosen) for flag in FLAGS)
    flags = f"<truncated>{truncated}</truncated>\n<difficult>{difficult}</difficult>\n"
    return flags + ("<occluded>1</occluded>\n" if occluded else "")


def _one_pixel(first: int, end: float, limit_px: float) -> tuple[int, int]:
    """The ends of a side that rounding left none of: a pixel, on the image."""
    if first + 1 > limit_px >= end:
        return first - 1, first
    return first, first + 1
