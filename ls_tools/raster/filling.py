"""Shapes to masks: boxes, polygons, ellipses, brushes and bitmasks as pixels.

A pixel is inside a shape where its centre is: areas neither grow nor shrink
with resolution. A polygon that crosses itself is filled as the editor fills it:
by the non-zero rule. A pixel of a brush or bitmask is inside where its alpha is
above 0, as in the editor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

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
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Point

    Mask: TypeAlias = NDArray[np.bool_]

BOUNDS = Bounds()

_CROSSINGS_AT_ONCE = 2**20
"""Of edges and rows, so that memory does not grow with an outline."""


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
        return alpha_of(shape, size, bounds=bounds) > 0
    mask = _blank(size, bounds)
    if isinstance(shape, Ellipse):
        _fill_ellipse(mask, shape)
    elif isinstance(shape, Box) and not shape.rotation_deg:
        columns = _centres(shape.left_px, shape.left_px + shape.width_px)
        rows = _centres(shape.top_px, shape.top_px + shape.height_px)
        mask[rows, columns] = True
    else:
        _fill_rings(mask, [_corners_of(shape)])
    return mask


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
    mask = _blank(size, bounds)
    _fill_rings(mask, rings)
    return mask


def _blank(size: Size, bounds: Bounds) -> Mask:
    from ls_tools.rle.arrays import np

    width, height = whole_size(size)
    if width * height > bounds.image_pixels:
        msg = f"A mask of {width} times {height} pixels is too large."
        raise UnreadableMediaError(msg, hint="Raise Bounds.image_pixels if it is true.")
    return np.zeros((height, width), bool)


def _centres(begin_px: float, end_px: float) -> slice:
    """The pixels whose centres are from ``begin_px`` to below ``end_px``."""
    low, high = min(begin_px, end_px), max(begin_px, end_px)
    return slice(max(math.ceil(low - 0.5), 0), max(math.ceil(high - 0.5), 0))


def _corners_of(shape: Box | Polygon) -> Sequence[Point]:
    return corners(shape) if isinstance(shape, Box) else shape.points_px


def _fill_ellipse(mask: Mask, ellipse: Ellipse) -> None:
    """Fill each row from where it enters the ellipse to where it leaves it."""
    from ls_tools.rle.arrays import np

    radii = abs(ellipse.radius_x_px), abs(ellipse.radius_y_px)
    if not min(radii) > 0:
        return
    angle = math.radians(ellipse.rotation_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    # (dx cos + dy sin)² / rx² + (dy cos - dx sin)² / ry² = 1, by powers of dx
    square = (cos / radii[0]) ** 2 + (sin / radii[1]) ** 2
    mixed = cos * sin * (radii[0] ** -2 - radii[1] ** -2)
    rest = (sin / radii[0]) ** 2 + (cos / radii[1]) ** 2
    reach = math.sqrt(square) * radii[0] * radii[1]
    rows = _centres(ellipse.y_px - reach, ellipse.y_px + reach)
    dy = np.arange(rows.start, min(rows.stop, len(mask))) + 0.5 - ellipse.y_px
    middles = ellipse.x_px - dy * mixed / square
    inside = (dy * mixed) ** 2 - square * (rest * dy**2 - 1)
    halves = np.sqrt(np.maximum(inside, 0)) / square
    spans = zip((middles - halves).tolist(), (middles + halves).tolist(), strict=True)
    for row, (begin, end) in enumerate(spans, rows.start):
        mask[row, _centres(begin, end)] = True


def _fill_rings(mask: Mask, rings: Sequence[Sequence[Point]]) -> None:
    """Fill what rings of corners run around, by the non-zero rule."""
    from ls_tools.rle.arrays import np

    height, width = mask.shape
    left, top, hull_width, hull_height = points_hull(
        [p for ring in rings for p in ring]
    )
    columns = slice(*_centres(left, left + hull_width).indices(width)[:2])
    rows = slice(*_centres(top, top + hull_height).indices(height)[:2])
    if columns.start >= columns.stop or rows.start >= rows.stop:
        return
    turns = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.int32)
    for ring in rings:
        _count_crossings(turns, np.array(ring, float), (columns.start, rows.start))
    np.cumsum(turns, axis=1, out=turns)
    mask[rows, columns] |= turns != 0


def _count_crossings(
    turns: NDArray[np.int32], ring: NDArray[np.float64], origin: tuple[int, int]
) -> None:
    """Note at the first centre right of each edge which way the edge runs."""
    from ls_tools.rle.arrays import np

    height, width = turns.shape
    begins = ring - (origin[0] + 0.5, origin[1] + 0.5)
    ends = np.roll(begins, -1, axis=0)
    downward = ends[:, 1] > begins[:, 1]
    lows = np.where(downward[:, None], begins, ends)
    highs = np.where(downward[:, None], ends, begins)
    first = np.clip(np.ceil(lows[:, 1]), 0, height).astype(np.int64)
    stop = np.clip(np.ceil(highs[:, 1]), 0, height).astype(np.int64)
    lengths = stop - first
    ways = np.where(downward, 1, -1)
    parts = np.flatnonzero(np.diff(lengths.cumsum() // _CROSSINGS_AT_ONCE)) + 1
    for edges in np.split(np.arange(len(ring)), parts):
        count = lengths[edges]
        edge = np.repeat(edges, count)
        row = np.arange(len(edge)) + np.repeat(
            first[edges] - count.cumsum() + count, count
        )
        along = (row - lows[edge, 1]) / (highs[edge, 1] - lows[edge, 1])
        x = lows[edge, 0] + along * (highs[edge, 0] - lows[edge, 0])
        column = np.maximum(np.ceil(x), 0)
        seen = column < width
        place = row[seen] * width + column[seen].astype(np.int64)
        np.add.at(turns.reshape(-1), place, ways[edge[seen]])
