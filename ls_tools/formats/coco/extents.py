"""Regions to the columns of their rows: box, area, segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from ls_tools.formats.fitting import CLIPPED, NO_AREA, fit_ltwh, fit_outline
from ls_tools.formats.masking import MASK_APPROXIMATED, read_mask
from ls_tools.formats.poses import UNKNOWN_NAME
from ls_tools.geometry import (
    Box,
    EncodedMask,
    Keypoint,
    Ltwh,
    Polygon,
    Shape,
    area,
    hull,
)
from ls_tools.regions import NOT_DRAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.formats.coco.document import Category
    from ls_tools.formats.pictures import Labelled
    from ls_tools.regions import Drawing, Drawn
    from ls_tools.settings import Bounds

Columns: TypeAlias = tuple[Any, ...]
"""What comes after ``category_id`` in an ``AnnotationRow``."""

Made: TypeAlias = "tuple[Labelled, Columns | str | None]"
"""A region with its columns, the reason why it has none, or None where those of
another region hold it."""

Extent: TypeAlias = tuple[Ltwh, float, Any]
"""Box, area and segmentation."""

_DECIMALS = 9
"""Of what sines and cosines made, whose last digits differ between machines."""

_NO_RINGS: list[list[float]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """How shapes are written.

    Attributes:
        clip: Cut off what is not on the image.
        bounds: Most pixels and values of a mask.
        ellipse_tolerance_px: How far an ellipse may be from its polygon.
        mask_tolerance_px: How far a mask may be from its polygon.
        are_masks_outlined: Write masks without holes as polygons.
        is_crowd: Whether a drawing is a crowd; None where none is.
    """

    clip: bool
    bounds: Bounds
    ellipse_tolerance_px: float = 0.5
    mask_tolerance_px: float = 0.5
    are_masks_outlined: bool = False
    is_crowd: Callable[[Drawing], bool] | None = None


class Extents:
    """Each region to a row of its own."""

    takes_plain_boxes: ClassVar[bool] = True

    def __init__(self, drafting: Drafting) -> None:
        self._drafting = drafting

    def rows(self, found: Iterable[Labelled]) -> Iterator[Made]:
        """The columns of each region, or the reason why it has none."""
        make = self.columns
        for one in found:
            yield one, make(one)

    def finish(self, category: Category) -> None:
        """Nothing is to be said of a category but its name."""

    def columns(self, found: Labelled) -> Columns | str:
        """The columns of one region, or the reason why it has none."""
        ltwh, drawing = found.plain_ltwh, found.drawing
        if ltwh is not None:
            return *plain_extent(ltwh), UNSET, UNSET, 0
        shape, score = drawing.shape, drawing.result.score
        told: dict[str, float | str] | UnsetType = UNSET
        if isinstance(shape, Box) and not shape.rotation_deg:
            extent = self._box(shape, found)
        else:
            extent = self._extent(shape, found)
            if isinstance(shape, Box) and CLIPPED not in found.losses:
                told = {"rotation": shape.rotation_deg}
        is_crowd = 0
        if drawing.extras and self._is_crowd(drawing):
            extent, is_crowd = self._crowd(drawing, extent), 1
        if isinstance(extent, str):
            return extent
        return *extent, told, UNSET if score is None else score, is_crowd

    def _extent(self, shape: Drawn, found: Labelled) -> Extent | str:
        if isinstance(shape, EncodedMask):
            return self._mask(shape, found)
        if isinstance(shape, Keypoint):
            return UNKNOWN_NAME  # the others are not here, but with their bodies
        return self._outline(shape, found)

    def _is_crowd(self, drawing: Drawing) -> bool:
        is_crowd = self._drafting.is_crowd
        return is_crowd is not None and is_crowd(drawing)

    def _box(self, box: Box, found: Labelled) -> Extent | str:
        ltwh = box.left_px, box.top_px, box.width_px, box.height_px
        size, losses = found.drawing.size, found.losses
        fitted = fit_ltwh(ltwh, size, losses, clip=self._drafting.clip)
        if isinstance(fitted, str):
            return fitted
        return plain_extent(fitted)

    def _outline(self, shape: Shape, found: Labelled) -> Extent | str:
        ring = fit_outline(
            shape,
            found.drawing.size,
            found.losses,
            tolerance_px=self._drafting.ellipse_tolerance_px,
            clip=self._drafting.clip,
        )
        if isinstance(ring, str):
            return ring
        if isinstance(shape, Polygon):
            numbers = [number for point in ring.points_px for number in point]
            return ring.ltwh_px, ring.area_px, [numbers]
        rings = [[round(n, _DECIMALS) for point in ring.points_px for n in point]]
        if CLIPPED in found.losses:
            return _rounded(ring.ltwh_px), round(ring.area_px, _DECIMALS), rings
        return _rounded(hull(shape)), round(area(shape), _DECIMALS), rings

    def _mask(self, shape: EncodedMask, found: Labelled) -> Extent | str:
        """Box and area are those of the mask, whatever it is written as."""
        from ls_tools.rle import coco_area, coco_ltwh, encode_coco

        mask = read_mask(shape, found.drawing.size, self._drafting.bounds)
        if isinstance(mask, str):
            return mask
        code = encode_coco(mask)
        count_px = coco_area(code)
        if not count_px:
            return NO_AREA
        rings = self._mask_rings(mask) if self._drafting.are_masks_outlined else None
        if rings:
            found.losses.append(MASK_APPROXIMATED)
        return coco_ltwh(code), float(count_px), rings or code

    def _crowd(self, drawing: Drawing, extent: Extent | str) -> Extent | str:
        """The same with the run-length code that a crowd has to have."""
        shape = drawing.shape
        if isinstance(extent, str) or isinstance(extent[2], dict):
            return extent
        if isinstance(shape, Keypoint):
            return NOT_DRAWN
        from ls_tools.rle import encode_coco

        mask = read_mask(shape, drawing.size, self._drafting.bounds)
        return mask if isinstance(mask, str) else (*extent[:2], encode_coco(mask))

    def _mask_rings(self, mask: NDArray[np.bool_]) -> list[list[float]] | None:
        """The outlines of a mask; None where it has holes, which COCO has not."""
        from ls_tools.raster import outlines_of

        outlines = outlines_of(mask, self._drafting.mask_tolerance_px)
        if any(outline.holes for outline in outlines):
            return None
        return [[n for point in one.exterior for n in point] for one in outlines]


def plain_extent(ltwh: Ltwh) -> Extent:
    """What is said of an upright box."""
    return ltwh, ltwh[2] * ltwh[3], _NO_RINGS


def _rounded(ltwh: Ltwh) -> Ltwh:
    left, top, width, height = ltwh
    return (
        round(left, _DECIMALS),
        round(top, _DECIMALS),
        round(width, _DECIMALS),
        round(height, _DECIMALS),
    )
