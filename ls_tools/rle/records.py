"""Where the records of a brush code start, found one after the other.

Only the head of a record tells where the next one starts, so this is a loop.
Records that start alike are taken many at a time, and a code that repeats itself
byte for byte, as flat colours do, in leaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RECORDS_AT = 53
"""Bits before the first record."""

_STRETCH_BYTES = 128
_BATCH_RECORDS = 2**17
_STREAK, _ALIKE = 4, 16
"""After how many records that start alike the next are looked at together, and
how many of them."""

_PERIODS = (24, 32)
"""Records after which a code may repeat itself: between them, multiples of what
1, 2, 3, 4 and 6 records need to fill whole bytes."""


class Records(NamedTuple):
    """Some records in their order.

    Attributes:
        starts: (N,) where they start, bits.
        period: How many of the last ones follow again.
        times: How many times.
        period_bits: Their length.
    """

    starts: NDArray[np.int64]
    period: int = 0
    times: int = 0
    period_bits: int = 0


class Code:
    """A brush code after its head.

    Args:
        data: All of it, and 8 zeros.
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
        self.end: int = 8 * len(data) - 64
        self.windows: NDArray[np.uint64] = np.ndarray(
            (len(data) - 7,), ">u8", data.data, strides=(1,)
        )
        # The bit that says that a record repeats a word is the highest of three.
        self._steps = [0, 0, 0, 0, *(3 + bits + word_bits for bits in size_bits)]
        self._shifts = [61 - bits for bits in size_bits]
        self._masks = [(1 << bits) - 1 for bits in size_bits]
        self._bytes = data.tobytes()
        self._alike = [self._look(head) for head in range(8)]

    def records(self) -> Iterator[Records]:
        """All records, and what follows them up to the end of the code."""
        at, starts = RECORDS_AT, list[int]()
        while at < self.end:
            at = self._walk(at, starts)
            period, times = self._find_repeats(at, starts)
            if times or len(starts) >= _BATCH_RECORDS:
                bits = at - starts[-period] if times else 0
                yield Records(np.array(starts, np.int64), period, times, bits)
                at += times * bits
                starts = []
        yield Records(np.array(starts, np.int64))

    def _walk(self, at: int, starts: list[int]) -> int:
        """Follow the records through a stretch; returns where the next starts."""
        first = at >> 3
        windows = self.windows[first : first + _STRETCH_BYTES].tolist()
        limit = min(self.end, first + len(windows) << 3)
        base = first << 3
        steps, shifts, masks, word_bits = (
            self._steps,
            self._shifts,
            self._masks,
            self.word_bits,
        )
        add, before, streak = starts.append, -1, 0
        while at < limit:
            add(at)
            window = windows[at - base >> 3] << (at & 7)
            head = window >> 61 & 7
            step = steps[head]
            if step:
                at += step
            else:
                count = (window >> shifts[head] & masks[head]) + 1
                at += 64 - shifts[head] + count * word_bits
                if count > 1:
                    before = -1
                    continue
            streak = streak + 1 if head == before else 0
            before = head
            if streak == _STREAK:
                at = self._stride(at, head, starts)
                streak = 0
        return at

    def _stride(self, at: int, head: int, starts: list[int]) -> int:
        """Follow records that start like the last one, many at a time.

        They are repeated words, or single ones; each is as long as the other.
        """
        length, mask, heads = self._alike[head]
        bits = _ALIKE * length
        size_bytes = bits + 14 >> 3
        while at + bits <= self.end and len(starts) < _BATCH_RECORDS:
            first = at >> 3
            found = int.from_bytes(self._bytes[first : first + size_bytes], "big")
            if (found >> 8 * size_bytes - (at & 7) - bits) & mask != heads:
                break
            starts.extend(range(at, at + bits, length))
            at += bits
        return at

    def _look(self, head: int) -> tuple[int, int, int]:
        """The length of records with a head, and how many of them begin.

        Returns:
            The length of one, bits; and of ``_ALIKE`` in a row those bits that make
            them what they are, as a mask and as they must be.
        """
        size_bits = self.size_bits[head & 3]
        length = 3 + size_bits + self.word_bits
        head_bits = 3 if head & 4 else 3 + size_bits  # a single word counts one
        own = head if head & 4 else head << size_bits
        places = [at * length + length - head_bits for at in range(_ALIKE)]
        mask = sum((1 << head_bits) - 1 << place for place in places)
        return length, mask, sum(own << place for place in places)

    def _find_repeats(self, at: int, starts: list[int]) -> tuple[int, int]:
        for period in _PERIODS:
            if len(starts) < period or at >= self.end:
                continue
            bits = at - starts[-period]
            if bits & 7:
                continue
            equal = self._count_equal(at >> 3, bits >> 3)
            times = (8 * equal - (at & 7)) // bits
            if times > 0:
                return period, times
        return 0, 0

    def _count_equal(self, start: int, lag: int) -> int:
        """How many bytes from ``start`` on are those ``lag`` bytes before."""
        data, end = self.data, self.end >> 3
        at, length = start, 2 * lag
        while at < end:
            stop = min(at + length, end)
            differs = data[at:stop] != data[at - lag : stop - lag]
            first = int(differs.argmax())
            if differs[first]:
                return at + first - start
            at, length = stop, min(2 * length, 2**20)
        return at - start
