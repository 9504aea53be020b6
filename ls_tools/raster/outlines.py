"""Masks to polygons with holes, along the edges of their pixels.

Pixels that touch at a corner are one part; holes that do are two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from ls_tools.raster.patches import bands_of, crop
from ls_tools.raster.simplifying import simplify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Point

    Numbers = NDArray[np.int64]

Ring: TypeAlias = "tuple[Point, ...]"

_MAIN_SADDLE, _OTHER_SADDLE = 0b1001, 0b0110
"""Four pixels of which two that touch at a corner are inside."""


class Outline(msgspec.Struct, frozen=True):
    """One part of a mask as a polygon with holes.

    Attributes:
        exterior: Its corners in pixels, each once, clockwise on the screen.
        holes: Those of its holes, counterclockwise.
    """

    exterior: Ring
    holes: tuple[Ring, ...] = ()


class _Corners(NamedTuple):
    """Where outlines turn; each corner has one edge to a side and one up or down.

    Attributes:
        x: (N,)
        y: (N,)
        across: (N,) the corner at the other end of the edge to the side.
        upright: (N,) that at the other end of the other edge.
    """

    x: Numbers
    y: Numbers
    across: Numbers
    upright: Numbers


def outlines_of(mask: NDArray[Any], tolerance_px: float = 0.0) -> list[Outline]:
    """The parts of a mask as polygons with holes.

    Args:
        mask: (H, W); what is not 0 is inside.
        tolerance_px: How far an outline may leave the edges of the pixels; 0
            for the very edges, whose area is the count of the pixels.

    Returns:
        By their first pixel, row by row. A ring that the tolerance would leave
        without area keeps its edges.

    Raises:
        MissingDependencyError: NumPy is not installed.
    """
    inside, origin = _frame(mask)
    if not inside.size:
        return []
    corners = _find_corners(inside)
    loops, loop_of = _follow(corners)
    parents = _find_parents(corners, loops, loop_of, inside)
    exteriors: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for number, (loop, parent) in enumerate(zip(loops, parents, strict=True)):
        points = [
            (float(x), float(y))
            for x, y in zip(
                (corners.x[loop] + origin[0]).tolist(),
                (corners.y[loop] + origin[1]).tolist(),
                strict=True,
            )
        ]
        ring = simplify(points, tolerance_px)
        if parent == number:
            exteriors[number] = tuple(ring)
        else:
            holes.setdefault(parent, []).append(tuple(reversed(ring)))
    return [Outline(ring, tuple(holes.get(at, ()))) for at, ring in exteriors.items()]


def _frame(mask: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """What is inside with a frame around it, and where that begins."""
    from ls_tools.rle.arrays import np

    rows, columns, part = crop(mask)
    if not part.size:
        return np.zeros((0, 0), np.uint8), (0, 0)
    return np.pad(part.view(np.uint8), 1), (columns.start, rows.start)


def _find_corners(inside: NDArray[np.uint8]) -> _Corners:
    """The corners in the order of rows, a saddle's two at the same place."""
    from ls_tools.rle.arrays import np

    turns = np.zeros(16, np.uint8)
    turns[[1, 2, 4, 8, 7, 11, 13, 14]] = 1
    turns[[_MAIN_SADDLE, _OTHER_SADDLE]] = 2
    found = []
    for band in bands_of(len(inside) - 1, inside.shape[1]):
        around = _look_around(inside[band.start : band.stop + 1])
        y, x = np.nonzero(turns[around])
        found.append((y + band.start, x, around[y, x]))
    y, x, kinds = map(np.concatenate, zip(*found, strict=True))
    repeats = turns[kinds]
    index = np.repeat(np.arange(len(x)), repeats)
    is_second = np.concatenate(([False], index[1:] == index[:-1]))
    x, y, kinds = x[index], y[index], kinds[index]
    # The left one of a saddle comes first in its row; it leads down, or up.
    goes_down = np.where(kinds == _MAIN_SADDLE, ~is_second, is_second)
    by_column = np.lexsort((goes_down, y, x))
    upright = np.empty_like(by_column)
    upright[by_column] = by_column.reshape(-1, 2)[:, ::-1].ravel()
    across = np.arange(len(x)).reshape(-1, 2)[:, ::-1].ravel()
    return _Corners(x, y, across, upright)


def _look_around(inside: NDArray[np.uint8]) -> NDArray[np.integer[Any]]:
    """Of the four pixels around each point: 1, 2 above it, 4, 8 below it."""
    return (
        inside[:-1, :-1]
        | inside[:-1, 1:] << 1
        | inside[1:, :-1] << 2
        | inside[1:, 1:] << 3
    )


def _follow(corners: _Corners) -> tuple[list[list[int]], NDArray[np.int64]]:
    """The loops of corners, each from its first one to the right, and whose each is."""
    from ls_tools.rle.arrays import np

    across, upright = corners.across.tolist(), corners.upright.tolist()
    loop_of = [-1] * len(across)
    loops: list[list[int]] = []
    for start in range(len(across)):
        if loop_of[start] < 0:
            loop: list[int] = []
            at, number = start, len(loops)
            while loop_of[at] < 0:
                other = across[at]
                loop_of[at] = loop_of[other] = number
                loop += (at, other)
                at = upright[other]
            loops.append(loop)
    return loops, np.array(loop_of)


def _find_parents(
    corners: _Corners,
    loops: list[list[int]],
    loop_of: NDArray[np.int64],
    inside: NDArray[np.uint8],
) -> list[int]:
    """The loop around each loop's part: its own, or for a hole another."""
    firsts = [loop[0] for loop in loops]
    is_hole = inside[corners.y[firsts] + 1, corners.x[firsts] + 1] == 0
    parents = list(range(len(loops)))
    if is_hole.any():
        width = inside.shape[1]
        holes = is_hole.nonzero()[0]
        starts = [firsts[hole] for hole in holes]
        wanted = corners.y[starts] * width + corners.x[starts]
        # Left of a hole is the outline of its part, or another hole of it.
        for hole, left in zip(
            holes.tolist(), _left_of(corners, loop_of, wanted, width), strict=True
        ):
            parents[hole] = parents[left]
    return parents


def _left_of(
    corners: _Corners, loop_of: NDArray[np.int64], wanted: Numbers, width: int
) -> Iterator[int]:
    """The loop whose upright edge is the next one left of each place."""
    from ls_tools.rle.arrays import np

    tops = np.flatnonzero(corners.y < corners.y[corners.upright])
    lengths = corners.y[corners.upright[tops]] - corners.y[tops]
    edges = np.repeat(tops, lengths)
    rows = np.arange(len(edges)) - np.repeat(lengths.cumsum() - lengths, lengths)
    keys = (corners.y[edges] + rows) * width + corners.x[edges]
    order = np.argsort(keys)
    nearest = np.searchsorted(keys[order], wanted) - 1
    return iter(loop_of[edges[order[nearest]]].tolist())
