"""Which of overlapping spans a format keeps that can hold one layer only."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def keep_apart(spans: Sequence[tuple[int, int]]) -> list[int]:
    """The spans that stay when none may overlap: the longest ones first.

    Of spans of one length the first in the text stays, of equal ones the first.

    Args:
        spans: Start and end, exclusive.

    Returns:
        Their places in ``spans``, in the order of the text.
    """
    by_start = sorted(range(len(spans)), key=lambda index: spans[index])
    if all(spans[before][1] <= spans[after][0] for before, after in pairwise(by_start)):
        return by_start
    starts: list[int] = []
    kept: list[int] = []
    for index in sorted(by_start, key=lambda index: spans[index][0] - spans[index][1]):
        start, end = spans[index]
        place = bisect_left(starts, end)
        if place and spans[kept[place - 1]][1] > start:
            continue
        starts.insert(place, start)
        kept.insert(place, index)
    return kept
