"""Where the records of a brush code start.

Only a record tells where the next one starts. So a table first says of every bit how
long a record would be that started there; then steps are joined to steps of two and
more records, for all bits at once; then a short loop follows them.
"""

from __future__ import annotations

import struct
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Steps = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

RECORDS_AT = 53
"""Bits before the first record."""

PADDING_BYTES = 8
"""Zeros that follow a code, so that it can be read in windows of 64 bits."""

_WINDOW = struct.Struct(">Q")

_HEAD_BITS = 8
"""Bits of a record that the table knows; more are needed of few and long ones."""

_BLOCK_BYTES = 2**16
_LONGEST_STEP = 255
_LEVELS = 3
"""How often steps are joined to steps of twice as many records, or nearly."""

_PROBE, _COMMON, _KINDS = 128, 8, 4
"""Steps that are looked at before; how many of them have to be alike to be joined;
and how many kinds are joined at a time."""


class Code:
    """A brush code after its head.

    Args:
        data: All of it, and ``PADDING_BYTES`` zeros.
        word_bits: Length of a value, 1 to 32.
        size_bits: Lengths of the four sizes, each 1 to 16.

    Attributes:
        data: As given.
        windows: The 64 bits from each byte on, as big endian.
        end: Where it ends, bits.
    """

    def __init__(
        self, data: NDArray[np.uint8], word_bits: int, size_bits: tuple[int, ...]
    ) -> None:
        self.word_bits = word_bits
        self.size_bits = size_bits
        self.data = data
        self._view = data.data
        self.end: int = 8 * (len(data) - PADDING_BYTES)
        self.windows: NDArray[np.uint64] = np.ndarray(
            (len(data) - 7,), ">u8", self._view, strides=(1,)
        )

    def starts(self) -> Iterator[Numbers]:
        """Where all records start, bits, and what follows them; in several parts."""
        at = RECORDS_AT
        while at < self.end:
            first = at >> 3
            steps, stop = self._steps(first)
            place = at - 8 * first
            levels = _join(steps, place)
            found, place = self._follow(levels[-1].tobytes(), place, stop, 8 * first)
            yield _split(found, levels, stop) + 8 * first
            at = 8 * first + place

    def _steps(self, first: int) -> tuple[Steps, int]:
        """How far it is to the next record, from each bit of a block.

        Args:
            first: The byte that it begins with.

        Returns:
            The steps, 0 where they are unknown and after the block; and where the
            block ends.
        """
        table = _table(self.word_bits, self.size_bits)
        size = min(_BLOCK_BYTES, self.end // 8 - first)
        pairs = np.ndarray((size,), ">u2", self._view, first, strides=(1,))
        steps = np.zeros(8 * size + _LONGEST_STEP + 1, np.uint8)
        steps[: 8 * size] = table.take(pairs).view(np.uint8)
        return steps, 8 * size

    def _follow(
        self, steps: bytes, place: int, stop: int, base: int
    ) -> tuple[list[int], int]:
        """Where steps lead; returns these places, and the first one after a block."""
        found: list[int] = []
        add = found.append
        while place < stop:
            while step := steps[place]:
                add(place)
                place += step
            if place < stop:
                add(place)
                place += self._length(base + place)
        return found, place

    def _length(self, at: int) -> int:
        """Bits of the record that starts at a bit."""
        (aligned,) = _WINDOW.unpack_from(self._view, at >> 3)
        window: int = aligned << (at & 7)
        size_bits = self.size_bits[window >> 61 & 3]
        count = (window >> 61 - size_bits & (1 << size_bits) - 1) + 1
        words = 1 if window >> 63 & 1 else count
        return 3 + size_bits + words * self.word_bits


@lru_cache(maxsize=8)
def _table(word_bits: int, size_bits: tuple[int, ...]) -> NDArray[np.uint64]:
    """For each pair of bytes, the steps from each bit of the first, a byte each."""
    lengths = [_known_length(head, word_bits, size_bits) for head in range(256)]
    pairs = np.arange(2**16)[:, None] >> np.arange(8, 0, -1)
    steps: NDArray[np.uint64] = np.array(lengths, np.uint8)[pairs & 255].view(np.uint64)
    return steps.ravel()


def _known_length(head: int, word_bits: int, size_bits: tuple[int, ...]) -> int:
    """The length of a record by its first 8 bits; 0 where they do not tell."""
    size = size_bits[head >> 5 & 3]
    left = _HEAD_BITS - 3 - size
    words = 1
    if not head >> 7:
        if left < 0:
            return 0
        words = (head >> left & (1 << size) - 1) + 1
    length = 3 + size + words * word_bits
    return length if length <= _LONGEST_STEP else 0


def _join(steps: Steps, place: int) -> list[Steps]:
    """The steps, and longer and longer ones that are made of those before them."""
    levels = [steps]
    for _ in range(_LEVELS):
        kinds = _common_steps(levels[-1].tobytes(), place)
        if not kinds:
            break
        levels.append(_joined(levels[-1], kinds))
    return levels


def _common_steps(steps: bytes, place: int) -> list[int]:
    """The steps that are often taken from a place on, of those that can be joined."""
    taken = Counter[int]()
    for _ in range(_PROBE):
        taken[steps[place]] += 1
        place += steps[place]
    return [
        step
        for step, count in taken.most_common(_KINDS)
        if count >= _COMMON and 0 < step <= _LONGEST_STEP // 2
    ]


def _joined(steps: Steps, kinds: list[int]) -> Steps:
    """The steps, those of some kinds with the step that is taken after them."""
    after = steps * (steps <= _LONGEST_STEP // 2).view(np.uint8)
    joined: Steps = steps.copy()
    for step in kinds:
        is_kind = (steps[:-step] == step).view(np.uint8)
        is_kind *= after[step:]
        joined[:-step] += is_kind
    return joined


def _split(found: list[int], levels: list[Steps], stop: int) -> Numbers:
    """All places on the way to those that were found by the last of some levels."""
    places = np.array(found, np.int64)
    if len(levels) == 1:
        return places
    for steps in levels[-2::-1]:
        places = np.concatenate((places, places + steps.take(places)))
    is_start = np.zeros(len(levels[0]), bool)
    is_start[places] = True
    return np.flatnonzero(is_start[:stop])
