"""Shapes to masks: boxes, polygons, ellipses, brushes and bitmasks as pixels.

A pixel is inside a shape where its centre is: areas neither grow nor shrink
with resolution. A polygon that crosses itself is filled as the editor fills it:
by the non-zero rule. A pixel of a brush or bitmask is inside where its alpha is
above 0, as in the editor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.errors import UnreadableMediaError
from ls_tools.geometry import (
    Box,
    Ellipse,
    EncodedMask,
    Polygon,
    Shape,
    Size,
    corners,
    points_hull,
)
from ls_tools.raster.encoded import alpha_of, whole_size
from ls_tools.raster.patches import Patch, bands_of, crop_in_place, inside_in_place
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Point
    from ls_tools.raster.patches import Mask

BOUNDS = Bounds()

_CROSSINGS_AT_ONCE = 2**20
"""Of edges and rows, so that memory does not grow with an outline."""
_LEAST_RADIUS_PX = 1e-60
"""Below it there is no pixel, and squares that are out of range."""


class _Frame(NamedTuple):
    """The size of an image in whole pixels."""

    width: int
    height: int


def mask_of(shape: Shape | EncodedMask, size: Size, *, bounds: Bounds = BOUNDS) -> Mask:
    """The pixels of an image that are inside a shape.

    Args:
        shape: In pixels of the image.
        size: The size of the image; parts of pixels are rounded.
        bounds: Most pixels of a mask.

    Returns:
        (H, W) booleans.

    Raises:
        BadRleError: A brush's code is malformed, or not of this size.
        UnreadableMediaError: A bitmask is no picture of this size, or the image
            has too many pixels.
        MissingDependencyError: NumPy is not installed, or Pillow for bitmasks.
    """
    if isinstance(shape, EncodedMask):
        return inside_in_place(alpha_of(shape, size, bounds=bounds))
    frame = _frame_of(size, bounds)
    return _fill(shape, frame).spread(*frame)


def patch_of(
    shape: Shape | EncodedMask, size: Size, *, bounds: Bounds = BOUNDS
) -> Patch:
    """The same within the part of the image that the shape can reach.

    Arguments and errors are those of ``mask_of``.
    """
    if isinstance(shape, EncodedMask):
        return crop_in_place(alpha_of(shape, size, bounds=bounds))
    return _fill(shape, _frame_of(size, bounds))


def mask_of_rings(
    rings: Sequence[Sequence[Point]], size: Size, *, bounds: Bounds = BOUNDS
) -> Mask:
    """The pixels inside an outline with holes.

    Args:
        rings: Each a polygon's corners, pixels; by the non-zero rule, so a hole
            runs the other way than what it is in.
        size: As for ``mask_of``.
        bounds: Likewise.

    Returns:
        (H, W) booleans.

    Raises:
        UnreadableMediaError: The image has too many pixels.
        MissingDependencyError: NumPy is not installed.
    """
    frame = _frame_of(size, bounds)
    return _fill_rings(rings, frame).spread(*frame)


def _frame_of(size: Size, bounds: Bounds) -> _Frame:
    width, height = whole_size(size)
    if width * height > bounds.image_pixels:
        msg = f"A mask of {width} times {height} pixels is too large."
        raise UnreadableMediaError(msg, hint="Raise Bounds.image_pixels if it is true.")
    return _Frame(width, height)


def _fill(shape: Shape, frame: _Frame) -> Patch:
    if isinstance(shape, Ellipse):
        return _fill_ellipse(shape, frame)
    if isinstance(shape, Box) and not shape.rotation_deg:
        columns = _centres(
            shape.left_px, shape.left_px + shape.width_px, below=frame.width
        )
        rows = _centres(
            shape.top_px, shape.top_px + shape.height_px, below=frame.height
        )
        patch = _blank(rows, columns)
        patch.inside[:] = True
        return patch
    return _fill_rings([_corners_of(shape)], frame)


def _blank(rows: slice, columns: slice) -> Patch:
    from ls_tools.rle.arrays import np

    shape = rows.stop - rows.start, columns.stop - columns.start
    return Patch(rows, columns, np.zeros(shape, bool))


def _centres(begin_px: float, end_px: float, *, below: int) -> slice:
    """The pixels of an image whose centres are from one place to below another."""
    low, high = min(begin_px, end_px), max(begin_px, end_px)
    first, stop = (min(max(math.ceil(place - 0.5), 0), below) for place in (low, high))
    return slice(first, stop)


def _corners_of(shape: Box | Polygon) -> Sequence[Point]:
    return corners(shape) if isinstance(shape, Box) else shape.points_px


def _fill_ellipse(ellipse: Ellipse, frame: _Frame) -> Patch:
    """Fill each row from where it enters the ellipse to where it leaves it."""
    from ls_tools.rle.arrays import np

    radii = abs(ellipse.radius_x_px), abs(ellipse.radius_y_px)
    if not min(radii) > _LEAST_RADIUS_PX:
        return _blank(slice(0, 0), slice(0, 0))
    angle = math.radians(ellipse.rotation_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    # (dx cos + dy sin)² / rx² + (dy cos - dx sin)² / ry² = 1, by powers of dx
    square = (cos / radii[0]) ** 2 + (sin / radii[1]) ** 2
    mixed = cos * sin * (radii[0] ** -2 - radii[1] ** -2)
    rest = (sin / radii[0]) ** 2 + (cos / radii[1]) ** 2
    reach = math.sqrt(square) * radii[0] * radii[1]
    rows = _centres(ellipse.y_px - reach, ellipse.y_px + reach, below=frame.height)
    dy = np.arange(rows.start, rows.stop) + 0.5 - ellipse.y_px
    middles = ellipse.x_px - dy * mixed / square
    inside = (dy * mixed) ** 2 - square * (rest * dy**2 - 1)
    halves = np.sqrt(np.maximum(inside, 0)) / square
    ends = zip((middles - halves).tolist(), (middles + halves).tolist(), strict=True)
    spans = [_centres(*pair, below=frame.width) for pair in ends]
    left = min((span.start for span in spans), default=0)
    right = max((span.stop for span in spans), default=0)
    patch = _blank(rows, slice(left, right))
    for row, span in zip(patch.inside, spans, strict=True):
        row[span.start - left : span.stop - left] = True
    return patch


def _fill_rings(rings: Sequence[Sequence[Point]], frame: _Frame) -> Patch:
    """Fill what rings of corners run around, by the non-zero rule."""
    from ls_tools.rle.arrays import np

    left, top, hull_width, hull_height = points_hull(
        [p for ring in rings for p in ring]
    )
    columns = _centres(left, left + hull_width, below=frame.width)
    rows = _centres(top, top + hull_height, below=frame.height)
    patch = _blank(rows, columns)
    if not patch.inside.size:
        return patch
    origin = columns.start + 0.5, rows.start + 0.5
    placed = [np.array(ring, float) - origin for ring in rings]
    for part in bands_of(*patch.inside.shape):
        band = patch.inside[part]
        turns = np.zeros(band.shape, np.int32)
        for ring in placed:
            _count_crossings(turns, ring, part.start)
        np.cumsum(turns, axis=1, out=turns)
        np.not_equal(turns, 0, out=band)
    return patch


def _count_crossings(
    turns: NDArray[np.int32], begins: NDArray[np.float64], top: int
) -> None:
    """Note at the first centre right of each edge which way the edge runs.

    Args:
        turns: (H, W) of a band of rows.
        begins: (N, 2) where the edges of a ring begin, from the first centre of
            the first column of all bands, and their first row.
        top: The row that the band begins with.
    """
    from ls_tools.rle.arrays import np

    height, width = turns.shape
    ends = np.roll(begins, -1, axis=0)
    downward = ends[:, 1] > begins[:, 1]
    lows = np.where(downward[:, None], begins, ends)
    highs = np.where(downward[:, None], ends, begins)
    first = np.clip(np.ceil(lows[:, 1]), top, top + height).astype(np.int64)
    stop = np.clip(np.ceil(highs[:, 1]), top, top + height).astype(np.int64)
    lengths = stop - first
    ways = np.where(downward, 1, -1).astype(turns.dtype)  # add.at is slow with others
    parts = np.flatnonzero(np.diff(lengths.cumsum() // _CROSSINGS_AT_ONCE)) + 1
    for edges in np.split(np.arange(len(begins)), parts):
        count = lengths[edges]
        edge = np.repeat(edges, count)
        row = np.arange(len(edge)) + np.repeat(
            first[edges] - count.cumsum() + count, count
        )
        along = (row - lows[edge, 1]) / (highs[edge, 1] - lows[edge, 1])
        x = lows[edge, 0] + along * (highs[edge, 0] - lows[edge, 0])
        column = np.maximum(np.ceil(x), 0)
        seen = column < width
        place = (row[seen] - top) * width + column[seen].astype(np.int64)
        np.add.at(turns.reshape(-1), place, ways[edge[seen]])
