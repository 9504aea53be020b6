"""Leaving out corners of rings, as far as a tolerance allows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.geometry import polygon_area

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Point

_FEWEST = 3


def simplify(ring: Sequence[Point], tolerance_px: float) -> Sequence[Point]:
    """A ring of fewer corners, as Douglas and Peucker choose them.

    Args:
        ring: Corners in pixels, each once.
        tolerance_px: Most distance of a corner that is left out; 0 or less
            leaves out none.

    Returns:
        Some of the corners, in their order; all of them where what is left
        would have no area.
    """
    if tolerance_px <= 0 or len(ring) <= _FEWEST:
        return ring
    from ls_tools.rle.arrays import np

    points = np.array(ring, float)
    middle = int(((points - points[0]) ** 2).sum(axis=1).argmax())
    closed = np.concatenate((points, points[:1]))
    kept = {0, middle}
    pending = [(0, middle), (middle, len(ring))]
    while pending:
        first, last = pending.pop()
        farthest = _farthest(closed[first : last + 1], tolerance_px)
        if farthest:
            kept.add(first + farthest)
            pending += ((first, first + farthest), (first + farthest, last))
    chosen = [ring[index] for index in sorted(kept)]
    return chosen if len(chosen) >= _FEWEST and polygon_area(chosen) > 0 else ring


def _farthest(points: NDArray[np.float64], tolerance_px: float) -> int:
    """The point farthest from the line through the ends, 0 if all are near."""
    from ls_tools.rle.arrays import np

    if len(points) <= 2:  # noqa: PLR2004 -- the ends alone
        return 0
    offsets, along = points[1:-1] - points[0], points[-1] - points[0]
    length = float(np.hypot(*along))
    if length:
        across = offsets[:, 0] * along[1] - offsets[:, 1] * along[0]
        distances = np.abs(across) / length
    else:
        distances = np.hypot(offsets[:, 0], offsets[:, 1])
    farthest = int(distances.argmax())
    return farthest + 1 if distances[farthest] > tolerance_px else 0
