"""Many rings to the one that a row can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.geometry import Point

JOINED = "parts and holes of a mask joined by lines without width"


_REACH = 1024
"""Corners of each side that are compared: time grows with their square."""


def join_outlines(rings: Sequence[Sequence[Point]]) -> list[Point]:
    """One closed ring that runs around several, and around their holes.

    Each further ring is entered and left by the shortest line between its corners
    and the last ones before it. Filled by the even-odd rule, the ring covers what
    the rings do; Ultralytics joins the parts of COCO's instances in the same way.

    Args:
        rings: At least one; exteriors and holes, in any direction.
    """
    import numpy as np

    joined = np.empty((sum(len(ring) + 2 for ring in rings), 2))
    end = len(rings[0])
    joined[:end] = rings[0]
    for ring in rings[1:]:
        theirs = np.asarray(ring)
        begin = max(end - _REACH, 0)
        here, there = _nearest(joined[begin:end], theirs[:_REACH])
        after = begin + here + 1
        stop = after + len(ring) + 2
        joined[stop : stop + end - after] = joined[after:end].copy()
        joined[after : stop - 2] = np.roll(theirs, -there, axis=0)
        joined[stop - 2 : stop] = theirs[there], joined[after - 1]
        end += len(ring) + 2
    return [(x, y) for x, y in joined[:end].tolist()]


def _nearest(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[int, int]:
    """The places of the two points that are nearest to each other."""
    across = mine[:, None, 0] - theirs[None, :, 0]
    down = mine[:, None, 1] - theirs[None, :, 1]
    away = across * across + down * down
    here, there = divmod(int(away.argmin()), len(theirs))
    return here, there
