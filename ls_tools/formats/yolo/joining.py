"""Many rings to the one that a row can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.geometry import Point

JOINED = "parts and holes of a mask joined by lines without width"


def join_outlines(rings: Sequence[Sequence[Point]]) -> list[Point]:
    """One closed ring that runs around several, and around their holes.

    Each further ring is entered and left by the shortest line between its corners
    and those before it. Filled by the even-odd rule, the ring covers what the
    rings do; Ultralytics joins the parts of COCO's instances in the same way.

    Args:
        rings: At least one; exteriors and holes, in any direction.
    """
    import numpy as np

    joined = list(rings[0])
    for ring in rings[1:]:
        mine, theirs = np.asarray(joined), np.asarray(ring)
        away = np.square(mine[:, None, :] - theirs[None, :, :]).sum(axis=2)
        here, there = divmod(int(away.argmin()), len(ring))
        around = [*ring[there:], *ring[: there + 1]]
        joined = [*joined[: here + 1], *around, *joined[here:]]
    return joined
