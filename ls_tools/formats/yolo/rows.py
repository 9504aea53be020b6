"""Regions to the numbers of their rows: boxes, outlines, turned boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ls_tools.formats.fitting import (
    CLIPPED,
    NO_AREA,
    OUTLINE_DROPPED,
    OUTSIDE,
    ROTATION_DROPPED,
    TOLERANCE_PX,
    fit_ltwh,
    fit_outline,
    fit_points,
    is_upright,
)
from ls_tools.formats.masking import (
    MASK_APPROXIMATED,
    mask_ltwh,
    read_mask,
    read_outlines,
)
from ls_tools.formats.yolo.joining import JOINED, join_outlines
from ls_tools.geometry import (
    Box,
    EncodedMask,
    Keypoint,
    Polygon,
    area,
    clip_points,
    corners,
    ellipse_box,
    hull,
    polygon_area,
    smallest_box,
)
from ls_tools.regions import NOT_DRAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ls_tools.formats.fitting import Ring
    from ls_tools.formats.pictures import Labelled
    from ls_tools.formats.plain_boxes import PlainBoxes
    from ls_tools.formats.yolo.dataset import PlainMake, Written
    from ls_tools.formats.yolo.yolo import YoloOptions
    from ls_tools.geometry import Ltwh, Point, Size
    from ls_tools.output import Output
    from ls_tools.settings import Bounds


_DECIMALS = 9
_LEAST_WITHOUT_EXPONENT = 1e-4
_NEARLY_ONE = 0.999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How shapes are fitted into rows.

    Attributes:
        clip: Cut off what is not on the image.
        bounds: Most pixels and values of a mask.
        ellipse_px: How far an ellipse may be from its polygon.
        mask_px: How far a mask may be from its outline.
    """

    clip: bool
    bounds: Bounds
    ellipse_px: float
    mask_px: float


Make: TypeAlias = "Callable[[Labelled, Fit], list[float] | str]"
"""The numbers of a region's row, 0 to 1, or the reason why it has none."""


class RowMaker:
    """Each region to its own rows.

    Args:
        make: What makes the numbers of a region.
        output: Its tally counts what cannot be written.
        options: Tolerances.
    """

    def __init__(self, make: Make, output: Output, options: YoloOptions) -> None:
        self._make = make
        self._fit = Fit(
            clip=output.clip,
            bounds=output.bounds,
            ellipse_px=options.ellipse_tolerance_px,
            mask_px=options.mask_tolerance_px,
        )
        self.data_yaml: tuple[str, ...] = ()
        self.plain_rows: PlainMake | None = _plain_rows if make is make_box else None

    def rows(self, found: Iterable[Labelled]) -> Iterable[Written]:
        """The lines of each region, or the reason why it has none."""
        make, fit = self._make, self._fit
        for one in found:
            numbers = make(one, fit)
            if isinstance(numbers, str):
                yield one, numbers
            else:
                yield one, lines(one.class_ids, numbers)


def _plain_rows(plain: PlainBoxes) -> list[str]:
    size = plain.size
    return [
        line
        for class_ids, ltwh in plain.boxes
        for line in lines(class_ids, box_numbers(ltwh, size))
    ]


def lines(class_ids: Iterable[int], numbers: Iterable[float]) -> list[str]:
    """A line per class."""
    rounded = " ".join(
        [
            # Three times as fast as rounding, and the same where repr() writes
            # no exponent and round() leaves a fraction.
            f"{number:.9f}".rstrip("0")
            if _LEAST_WITHOUT_EXPONENT <= number < _NEARLY_ONE
            else repr(round(number, _DECIMALS))
            for number in numbers
        ]
    )
    return [f"{class_id} {rounded}\n" for class_id in class_ids]


def box_numbers(ltwh: Ltwh, size: Size) -> list[float]:
    """Centre and lengths of a box, as shares of the image."""
    left, top, width, height = ltwh
    return [
        (left + width / 2) / size.width_px,
        (top + height / 2) / size.height_px,
        width / size.width_px,
        height / size.height_px,
    ]


def fit_box(found: Labelled, bounds: Bounds, *, clip: bool) -> Ltwh | str:
    """The upright box of a region, or the reason why it has none."""
    if found.plain_ltwh is not None:
        return found.plain_ltwh
    shape, size = found.drawing.shape, found.drawing.size
    if isinstance(shape, Keypoint):
        return NOT_DRAWN
    if not is_upright(shape):
        found.losses.append(ROTATION_DROPPED)
    if isinstance(shape, Box):
        return fit_ltwh(hull(shape), size, found.losses, clip=clip)
    found.losses.append(OUTLINE_DROPPED)
    if isinstance(shape, EncodedMask):
        mask = read_mask(shape, size, bounds)
        return mask if isinstance(mask, str) else mask_ltwh(mask) or NO_AREA
    return fit_ltwh(hull(shape), size, found.losses, clip=clip)


def make_box(found: Labelled, fit: Fit) -> list[float] | str:
    """The row of a box: centre x, centre y, width, height."""
    ltwh = fit_box(found, fit.bounds, clip=fit.clip)
    return ltwh if isinstance(ltwh, str) else box_numbers(ltwh, found.drawing.size)


def make_outline(found: Labelled, fit: Fit) -> list[float] | str:
    """The row of an outline: x and y of each corner."""
    ring = _fit_ring(found, fit)
    if isinstance(ring, str):
        return ring
    return _shares(ring.points_px, found.drawing.size)


def make_turned_box(found: Labelled, fit: Fit) -> list[float] | str:
    """The row of a turned box: x and y of its four corners, clockwise."""
    shape, size = found.drawing.shape, found.drawing.size
    box = _turned_box(found, fit)
    if isinstance(box, str):
        return box
    if min(box.width_px, box.height_px) < TOLERANCE_PX:
        return NO_AREA
    if not isinstance(shape, Box) and not _is_same_area(found, box):
        found.losses.append(OUTLINE_DROPPED)
    points: Sequence[Point] = corners(box)
    if fit.clip:
        points = _clamp(points, size, found.losses)
        if polygon_area(points) < TOLERANCE_PX:
            return OUTSIDE
    return _shares(points, size)


def _shares(points: Sequence[Point], size: Size) -> list[float]:
    width, height = size.width_px, size.height_px
    numbers: list[float] = []
    for x, y in points:
        numbers += (x / width, y / height)
    return numbers


def _fit_ring(found: Labelled, fit: Fit) -> Ring | str:
    shape, size = found.drawing.shape, found.drawing.size
    if isinstance(shape, Keypoint):
        return NOT_DRAWN
    if not isinstance(shape, EncodedMask):
        return fit_outline(
            shape, size, found.losses, tolerance_px=fit.ellipse_px, clip=fit.clip
        )
    outlines = read_outlines(shape, size, fit.bounds, fit.mask_px)
    if isinstance(outlines, str):
        return outlines
    rings = [ring for one in outlines for ring in (one.exterior, *one.holes)]
    if not rings:
        return NO_AREA
    found.losses.append(JOINED if len(rings) > 1 else MASK_APPROXIMATED)
    return fit_points(join_outlines(rings), size, found.losses, clip=fit.clip)


def _turned_box(found: Labelled, fit: Fit) -> Box | str:
    shape, size = found.drawing.shape, found.drawing.size
    if isinstance(shape, Keypoint):
        return NOT_DRAWN
    if isinstance(shape, Box):
        return shape
    if isinstance(shape, EncodedMask):
        outlines = read_outlines(shape, size, fit.bounds, fit.mask_px)
        if isinstance(outlines, str):
            return outlines
        points = [point for one in outlines for point in one.exterior]
        return smallest_box(points) if points else NO_AREA
    if isinstance(shape, Polygon):
        return smallest_box(shape.points_px)
    return ellipse_box(shape)


def _is_same_area(found: Labelled, box: Box) -> bool:
    """Whether a shape fills the box that it becomes: it was one."""
    shape = found.drawing.shape
    if isinstance(shape, (EncodedMask, Keypoint)):
        return False
    return abs(area(shape) - area(box)) < TOLERANCE_PX * max(1.0, area(box))


def _clamp(points: Sequence[Point], size: Size, losses: list[str]) -> Sequence[Point]:
    """Move corners that are off the image to its edge."""
    clamped = [
        (min(max(x, 0.0), size.width_px), min(max(y, 0.0), size.height_px))
        for x, y in points
    ]
    moved = (
        max(abs(x - new_x), abs(y - new_y))
        for (x, y), (new_x, new_y) in zip(points, clamped, strict=True)
    )
    if max(moved) > TOLERANCE_PX:
        losses.append(CLIPPED)
        if not clip_points(points, size):
            return ()
    return clamped
