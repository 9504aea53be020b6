"""COCO's run-length code: runs by column, compressed as pycocotools does.

A run is a number of pixels, outside and inside by turns, outside first. In the
compressed text each number is the difference to the one two before it, in
groups of five bits, the lowest first; a sixth bit says that more follow, and
the characters start at ``0``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from ls_tools.errors import BadRleError
from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GROUP_BITS = 5
_SIGN, _MORE, _FIRST = 0x10, 0x20, 48
_LONGEST_GROUPS = 7
"""Groups of a number of 32 bits and its sign."""


_PIXELS_AT_ONCE = 2**20


class CocoRle(TypedDict):
    """A mask as COCO has it; ``size`` is height and width, in pixels."""

    size: list[int]
    counts: str


def encode(mask: NDArray[Any]) -> CocoRle:
    """See ``ls_tools.rle.encode_coco``."""
    if mask.ndim != 2:  # noqa: PLR2004 -- height and width
        msg = f"A mask has height and width, not {mask.ndim} dimensions."
        raise BadRleError(msg, hint="Give an array of shape (H, W).")
    height, width = mask.shape
    return {"size": [height, width], "counts": _compress(_runs_of(mask))}


def decode(rle: CocoRle, *, max_values: int) -> NDArray[np.bool_]:
    """See ``ls_tools.rle.decode_coco``."""
    runs, height, width = _read(rle, max_values)
    inside = np.zeros(len(runs), bool)
    inside[1::2] = True
    mask: NDArray[np.bool_] = np.repeat(inside, runs).reshape(width, height).T
    return mask


def area(rle: CocoRle) -> int:
    """See ``ls_tools.rle.coco_area``."""
    return int(_read(rle)[0][1::2].sum())


def ltwh(rle: CocoRle) -> tuple[float, float, float, float]:
    """See ``ls_tools.rle.coco_ltwh``."""
    runs, height, _ = _read(rle)
    ends = runs.cumsum()[1::2]
    is_there = runs[1::2] > 0
    if not is_there.any():
        return 0.0, 0.0, 0.0, 0.0
    firsts, lasts = (ends - runs[1::2])[is_there], ends[is_there] - 1
    left, right = int(firsts[0]) // height, int(lasts[-1]) // height
    top, bottom = int((firsts % height).min()), int((lasts % height).max())
    if (firsts // height != lasts // height).any():  # at the foot and at the head
        top, bottom = 0, height - 1
    return float(left), float(top), float(right - left + 1), float(bottom - top + 1)


def _runs_of(mask: NDArray[Any]) -> NDArray[np.int64]:
    """The lengths of the runs by column, the first of them outside."""
    inside = mask.astype(bool, copy=False)
    starts_inside = inside.size > 0 and bool(inside[0, 0])
    edges = ([0] * (1 + starts_inside), _changes_of(inside), [inside.size])
    return np.diff(np.concatenate(edges))


def _changes_of(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which places, counted by column, are unlike the one before them; in order."""
    height, width = inside.shape
    if not inside.size:
        return np.zeros(0, np.int64)
    # To order the few is much less than to turn the mask.
    step = max(1, _PIXELS_AT_ONCE // width)
    places = [np.zeros(0, np.int64)]
    for top in range(0, height - 1, step):
        band = inside[top : top + step + 1]
        places.append(np.flatnonzero(band[1:] != band[:-1]) + top * width)
    rows, columns = divmod(np.concatenate(places), width)
    tops = np.flatnonzero(inside[0, 1:] != inside[-1, :-1]) + 1
    return np.sort(np.concatenate((columns * height + rows + 1, tops * height)))


def _compress(runs: NDArray[np.int64]) -> str:
    rest = runs.copy()
    rest[3:] -= runs[1:-2]
    groups: list[NDArray[np.uint8]] = []
    written = np.ones(len(rest), bool)
    lengths = np.zeros(len(rest), np.int64)
    while written.any():
        low = rest & (_SIGN | _SIGN - 1)
        rest = rest >> _GROUP_BITS
        has_more = written & (rest != np.where(low & _SIGN, -1, 0))
        groups.append((low + _FIRST + _MORE * has_more).astype(np.uint8))
        lengths += written
        written = has_more
    if not groups:
        return ""
    table = np.stack(groups, axis=1)
    is_used = np.arange(len(groups)) < lengths[:, None]
    return table[is_used].tobytes().decode("ascii")


def _read(rle: CocoRle, max_values: int = 2**62) -> tuple[NDArray[np.int64], int, int]:
    """The runs of a code, which fill its height times its width."""
    try:
        height, width = (int(side) for side in rle["size"])
        runs = _read_counts(rle["counts"])
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise _bad(what="is not one: it needs size and counts") from exc
    if not 0 <= height * width <= max_values or min(height, width) < 0:
        raise _bad(what=f"has {height} times {width} pixels")
    if (runs < 0).any() or (runs > height * width).any():
        raise _bad(what="has a run that is longer than its mask, or negative")
    if int(runs.sum()) != height * width:
        raise _bad(what=f"does not fill its {height} times {width} pixels")
    return runs, height, width


def _read_counts(counts: Any) -> NDArray[np.int64]:
    if isinstance(counts, str):
        counts = counts.encode("ascii", "replace")
    if isinstance(counts, bytes):
        return _expand(counts)
    if not isinstance(counts, list):
        msg = "counts are neither text nor a list"
        raise TypeError(msg)
    return np.array(counts, np.int64)


def _expand(text: bytes) -> NDArray[np.int64]:
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - _FIRST
    if ((codes < 0) | (codes >= 2 * _MORE)).any():
        raise _bad(what="has a character that no code has")
    is_last = codes & _MORE == 0
    if not len(codes):
        return codes
    if not is_last[-1]:
        raise _bad(what="ends within a number")
    lasts = np.flatnonzero(is_last)
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    lengths = lasts - firsts + 1
    if lengths.max() > _LONGEST_GROUPS:
        raise _bad(what="has a number of more than 32 bits")
    shifts = _GROUP_BITS * (np.arange(len(codes)) - np.repeat(firsts, lengths))
    numbers = np.add.reduceat((codes & (_MORE - 1)) << shifts, firsts)
    is_negative = codes[lasts] & _SIGN != 0
    numbers -= is_negative * (1 << _GROUP_BITS * lengths)
    numbers[1::2] = numbers[1::2].cumsum()
    numbers[2::2] = numbers[2::2].cumsum()
    return numbers


def _bad(*, what: str) -> BadRleError:
    return BadRleError(f"The COCO code of a mask {what}.", hint="Is it cut off?")
