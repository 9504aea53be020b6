"""The part of an image that a shape can reach, so that no work grows with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Mask: TypeAlias = NDArray[np.bool_]


PIXELS_AT_ONCE = 2**20
"""So that what is kept of each for a moment, in some bytes, takes little."""


class Patch(NamedTuple):
    """A window on an image, and what is inside a shape there; nothing is elsewhere.

    Attributes:
        rows: Of the image, the first and the one after the last.
        columns: Likewise.
        inside: (rows, columns) booleans.
    """

    rows: slice
    columns: slice
    inside: Mask

    def trim(self) -> Patch:
        """The same in the smallest window; an empty one where nothing is inside."""
        rows, columns = _extent(self.inside, 1), _extent(self.inside, 0)
        inside = self.inside[rows, columns]
        return Patch(_shift(rows, self.rows), _shift(columns, self.columns), inside)

    def bands(self) -> Iterator[Patch]:
        """The same in parts of whole rows, each of few pixels."""
        for part in bands_of(*self.inside.shape):
            yield Patch(_shift(part, self.rows), self.columns, self.inside[part])

    def spread(self, width: int, height: int) -> Mask:
        """The same on the whole image: (H, W) booleans."""
        from ls_tools.rle.arrays import np

        if self.inside.shape == (height, width):
            return self.inside
        mask = np.zeros((height, width), bool)
        mask[self.rows, self.columns] = self.inside
        return mask


def crop(mask: NDArray[Any]) -> Patch:
    """The smallest patch around what is not 0 in an (H, W) mask."""
    rows, columns = _extent(mask, 1), _extent(mask, 0)
    return Patch(rows, columns, mask[rows, columns] != 0)


def crop_in_place(alpha: NDArray[np.uint8]) -> Patch:
    """The same in the memory of the mask, which is not to be used after it."""
    rows, columns = _extent(alpha, 1), _extent(alpha, 0)
    return Patch(rows, columns, inside_in_place(alpha[rows, columns]))


def inside_in_place(alpha: NDArray[np.uint8]) -> Mask:
    """What is not 0, in the memory of the mask, which is not to be used after it."""
    from ls_tools.rle.arrays import np

    np.minimum(alpha, 1, out=alpha)  # to another type, NumPy would make a copy
    return alpha.view(bool)


def bands_of(height: int, width: int) -> Iterator[slice]:
    """The rows of a mask, so many at once that they have few pixels."""
    step = max(1, PIXELS_AT_ONCE // max(width, 1))
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))


def _extent(mask: NDArray[Any], across: int) -> slice:
    from ls_tools.rle.arrays import np

    found = np.flatnonzero(mask.any(across))
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)


def _shift(part: slice, whole: slice) -> slice:
    return slice(part.start + whole.start, part.stop + whole.start)
