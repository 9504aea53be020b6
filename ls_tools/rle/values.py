"""The values that the records of a brush code stand for, many at a time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ls_tools.rle.records import Code

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_LONG_LITERAL = 256
_BATCH_VALUES = 2**18
_BATCH_SPANS = 2**13


class Sampling(NamedTuple):
    """Which values are wanted: ``offset``, and every ``stride``-th after it.

    Attributes:
        stride: A power of 2.
        offset: Below ``stride``.
        total: How many values there are, wanted or not.
    """

    stride: int
    offset: int
    total: int

    def before(self, position: Any) -> Any:
        """How many wanted values are before a position, or an array of them."""
        shift = self.stride.bit_length() - 1  # to divide is slow
        return position + (self.stride - 1 - self.offset) >> shift


class _Spans(NamedTuple):
    """Records by the wanted values they stand for, at least one each.

    Attributes:
        bits: (N,) where the first word is.
        is_run: (N,) whether it is repeated.
        starts: (N,) their first value.
        stops: (N,) the first value after them.
    """

    bits: Numbers
    is_run: Flags
    starts: Numbers
    stops: Numbers

    def chosen(self, which: slice | Numbers) -> _Spans:
        """Some of the records."""
        return _Spans(
            self.bits[which], self.is_run[which], self.starts[which], self.stops[which]
        )

    def listed(self) -> zip[tuple[int, int, int]]:
        """Bits, start and stop of each."""
        return zip(
            self.bits.tolist(), self.starts.tolist(), self.stops.tolist(), strict=True
        )


def expand(code: Code, out: NDArray[Any], sampling: Sampling) -> int:
    """Write the wanted values of a code.

    Args:
        code: The code.
        out: One element for each of them, zero; of a type that holds a word.
        sampling: Which are wanted.

    Returns:
        How many values the code holds, wanted or not, up to the total.
    """
    writer = _Writer(code, out, sampling)
    for starts in code.starts():
        if writer.at >= sampling.total:
            break
        writer.write(starts)
    return writer.at


class _Writer:
    """Writes values one after the other.

    Attributes:
        at: How many values were written, wanted or not.
    """

    def __init__(self, code: Code, out: NDArray[Any], sampling: Sampling) -> None:
        self.at = 0
        self._code = code
        self._out = out
        self._sampling = sampling
        self._size_bits = np.array(2 * code.size_bits, np.int64)

    def write(self, starts: Numbers) -> None:
        """Write records; stops at the last value, or where the code ends."""
        windows = self._windows(starts)
        heads = (windows >> np.uint64(61)).astype(np.int64)
        size_bits = self._size_bits.take(heads)
        windows <<= np.uint64(3)
        windows >>= (64 - size_bits).astype(np.uint64)
        edges = np.empty(len(starts) + 1, np.int64)
        edges[0] = self.at
        np.add(windows, 1, out=edges[1:], casting="unsafe")
        np.cumsum(edges, out=edges)
        bits, is_run = starts + size_bits + 3, heads > 3  # noqa: PLR2004
        count = self._within(bits, is_run, edges)
        self.at = int(edges[count])
        self._fill(self._sampled(bits, is_run, edges[: count + 1]))

    def _within(self, bits: Numbers, is_run: Flags, edges: Numbers) -> int:
        """How many records there are up to the last value, as far as the code goes.

        Args:
            bits: (N,) where the first word of each is.
            is_run: (N,) whether it is repeated.
            edges: (N + 1,) their first values, and the one after them; that after
                the last value is set to the total.
        """
        total, word_bits = self._sampling.total, self._code.word_bits
        last = min(int(np.searchsorted(edges[1:], total)), len(bits) - 1)
        edges[last + 1] = min(int(edges[last + 1]), total)
        words = 1 if is_run[last] else int(edges[last + 1] - edges[last])
        is_cut = int(bits[last]) + words * word_bits > self._code.end
        return last + (not is_cut)

    def _sampled(self, bits: Numbers, is_run: Flags, edges: Numbers) -> _Spans:
        """The records of wanted values, in places of these."""
        sampling = self._sampling
        places = sampling.before(edges)
        which = np.flatnonzero(places[1:] > places[:-1])
        runs, starts = is_run[which], places[which]
        skipped = starts * sampling.stride + sampling.offset - edges[which]
        skipped *= ~runs
        first_bits = bits[which] + skipped * self._code.word_bits
        return _Spans(first_bits, runs, starts, places[which + 1])

    def _fill(self, spans: _Spans) -> None:
        if not len(spans.bits):
            return
        self._put_first_words(spans)
        is_rest = ~spans.is_run & (spans.stops - spans.starts > 1)
        if is_rest.any():
            rest = spans.chosen(np.flatnonzero(is_rest))
            is_long = rest.stops - rest.starts >= _LONG_LITERAL
            for bits, start, stop in rest.chosen(np.flatnonzero(is_long)).listed():
                self._put_literal(bits, start, stop)
            self._put_short(rest.chosen(np.flatnonzero(~is_long)))

    def _put_first_words(self, spans: _Spans) -> None:
        """Fill the place of every record with its first word."""
        words, lengths = self._words(spans.bits), spans.stops - spans.starts
        begin, end = int(spans.starts[0]), int(spans.stops[-1])
        batches = np.arange(begin, end, _BATCH_VALUES)
        edges = [*np.searchsorted(spans.starts, batches).tolist(), len(words)]
        for first, stop in pairwise(edges):
            part = slice(first, stop)
            if words[part].any():  # memory of zeros that nobody wrote is not taken
                place = slice(int(spans.starts[first]), int(spans.stops[stop - 1]))
                self._out[place] = np.repeat(words[part], lengths[part])

    def _put_literal(self, bits: int, start: int, stop: int) -> None:
        """Fill the place of a record of many words."""
        step = self._code.word_bits * self._sampling.stride
        for at in range(start, stop, _BATCH_VALUES):
            places = np.arange(at, min(at + _BATCH_VALUES, stop))
            self._out[places[0] : places[-1] + 1] = self._words(
                bits + step * (places - start)
            )

    def _put_short(self, spans: _Spans) -> None:
        """Fill the places of records of a few words."""
        step = self._code.word_bits * self._sampling.stride
        for at in range(0, len(spans.bits), _BATCH_SPANS):
            part = spans.chosen(slice(at, at + _BATCH_SPANS))
            lengths = part.stops - part.starts
            offsets = lengths.cumsum() - lengths
            index = np.arange(int(lengths.sum()))
            places = index + np.repeat(part.starts - offsets, lengths)
            bits = index * step + np.repeat(part.bits - offsets * step, lengths)
            self._out[places] = self._words(bits)

    def _windows(self, bits: Numbers) -> NDArray[np.uint64]:
        """The 57 bits or more from each place on, at the upper end."""
        windows: NDArray[np.uint64] = self._code.windows[bits >> 3].astype(np.uint64)
        windows <<= (bits & 7).astype(np.uint64)
        return windows

    def _words(self, bits: Numbers) -> NDArray[Any]:
        """The words at some places."""
        words = self._windows(bits) >> np.uint64(64 - self._code.word_bits)
        found: NDArray[Any] = words.astype(self._out.dtype)
        return found
