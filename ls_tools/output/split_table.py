"""Splits that are settled, by fingerprint, in 8 bytes each."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from ls_tools.output.fingerprints import in_order
from ls_tools.output.split import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SPLIT_BITS = 3


class SplitTable:
    """Looks up splits.

    Args:
        entries: What ``entry`` makes.
    """

    def __init__(self, entries: Iterable[int] = ()) -> None:
        self._entries = in_order(entries)

    @staticmethod
    def entry(fingerprint: int, split: str) -> int:
        """A fingerprint and its split in one number of 64 bits."""
        return fingerprint & ~_SPLIT_BITS | SPLITS.index(split)

    def find(self, fingerprint: int) -> str | None:
        """The split of a fingerprint; None where it is not settled."""
        entries = self._entries
        place = bisect_left(entries, fingerprint & ~_SPLIT_BITS)
        if place == len(entries):
            return None
        found = entries[place]
        is_it = (found ^ fingerprint) <= _SPLIT_BITS
        return SPLITS[found & _SPLIT_BITS] if is_it else None

    def has_conflict(self) -> bool:
        """Whether one fingerprint is in two splits."""
        following = iter(self._entries)
        next(following, None)
        return any(
            0 < (after ^ before) <= _SPLIT_BITS
            for before, after in zip(self._entries, following, strict=False)
        )

    def __len__(self) -> int:
        """How many entries there are, repeated ones included."""
        return len(self._entries)

    def __iter__(self) -> Iterator[int]:
        """The entries, in ascending order."""
        return iter(self._entries)
