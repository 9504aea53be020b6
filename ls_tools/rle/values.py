"""The values that the records of a brush code stand for, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ls_tools.rle.records import Code, Records

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_LONG_RUN = 16
_LONG_LITERAL = 256
_BATCH_VALUES = 2**18
_BATCH_LITERALS = 2**13
_BATCH_REPEATS = 2**12


class Sampling(NamedTuple):
    """Which values are wanted: ``offset``, and every ``stride``-th after it.

    Attributes:
        stride: 1 or more.
        offset: Below ``stride``.
        total: How many values there are, wanted or not.
    """

    stride: int
    offset: int
    total: int

    def before(self, position: Any) -> Any:
        """How many wanted values are before a position, or an array of them."""
        return (position + (self.stride - 1 - self.offset)) // self.stride


class _Spans(NamedTuple):
    """Records by the values they stand for.

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

    def chosen(self, which: Any) -> _Spans:
        """Some of the records, by a slice or by flags."""
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
    for records in code.records():
        writer.write(records.starts)
        if records.times:
            writer.repeat(records)
        if writer.at >= sampling.total:
            break
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
        self._size_bits = np.array(code.size_bits, np.int64)

    def write(self, starts: Numbers) -> None:
        """Write records; stops at the last value, or where the code ends."""
        if self.at >= self._sampling.total or not len(starts):
            return
        heads, size_bits, counts = self._heads(starts)
        stops = counts.cumsum() + self.at
        spans = _Spans(starts + size_bits + 3, heads > 3, stops - counts, stops)  # noqa: PLR2004
        spans = self._within(spans)
        if len(spans.bits):
            self.at = int(spans.stops[-1])
            self._fill(self._sampled(spans))

    def repeat(self, records: Records) -> None:
        """Write the last records again and again."""
        last = records.starts[-records.period :]
        count = int(self._heads(last)[2].sum())
        if count % self._sampling.stride == 0:
            self._repeat_values(count, records.times)
            return
        for done in range(0, records.times, _BATCH_REPEATS):
            stop = min(done + _BATCH_REPEATS, records.times)
            moves = records.period_bits * np.arange(done + 1, stop + 1)
            self.write((last + moves[:, None]).ravel())

    def _heads(self, starts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Of each record its first three bits, its size, how many it counts."""
        windows = self._windows(starts)
        heads = (windows >> np.uint64(61)).astype(np.int64)
        size_bits = self._size_bits[heads & 3]
        counts = windows << np.uint64(3) >> (64 - size_bits).astype(np.uint64)
        return heads, size_bits, counts.astype(np.int64) + 1

    def _within(self, spans: _Spans) -> _Spans:
        """The records up to the last value, as far as the code holds them."""
        total, word_bits = self._sampling.total, self._code.word_bits
        spans = spans.chosen(slice(int(np.searchsorted(spans.stops, total)) + 1))
        spans.stops[-1] = min(int(spans.stops[-1]), total)
        words = 1 if spans.is_run[-1] else int(spans.stops[-1] - spans.starts[-1])
        if int(spans.bits[-1]) + words * word_bits > self._code.end:
            return spans.chosen(slice(-1))
        return spans

    def _sampled(self, spans: _Spans) -> _Spans:
        """The records of wanted values, in places of these."""
        sampling = self._sampling
        if sampling.stride == 1:
            return spans
        starts, stops = sampling.before(spans.starts), sampling.before(spans.stops)
        skipped = starts * sampling.stride + sampling.offset - spans.starts
        skipped[spans.is_run] = 0
        bits = spans.bits + skipped * self._code.word_bits
        sampled = _Spans(bits, spans.is_run, starts, stops)
        has_some = stops > starts
        return sampled if has_some.all() else sampled.chosen(has_some)

    def _fill(self, spans: _Spans) -> None:
        if not len(spans.bits):
            return
        self._put_first_words(spans)
        rest = spans.chosen(~spans.is_run & (spans.stops - spans.starts > 1))
        if len(rest.bits):
            is_long = rest.stops - rest.starts >= _LONG_LITERAL
            for bits, start, stop in rest.chosen(is_long).listed():
                self._put_literal(bits, start, stop)
            self._put_short(rest.chosen(~is_long))

    def _put_first_words(self, spans: _Spans) -> None:
        """Fill the place of every record with its first word."""
        words, out = self._words(spans.bits), self._out
        begin, end = int(spans.starts[0]), int(spans.stops[-1])
        if end - begin < _LONG_RUN * len(words):
            out[begin:end] = np.repeat(words, spans.stops - spans.starts)
            return
        is_set = words != 0
        painted = spans.chosen(is_set).listed()
        for (_, start, stop), word in zip(painted, words[is_set].tolist(), strict=True):
            out[start:stop] = word

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
        for at in range(0, len(spans.bits), _BATCH_LITERALS):
            part = spans.chosen(slice(at, at + _BATCH_LITERALS))
            lengths = part.stops - part.starts
            offsets = lengths.cumsum() - lengths
            index = np.arange(int(lengths.sum()))
            places = index + np.repeat(part.starts - offsets, lengths)
            bits = index * step + np.repeat(part.bits - offsets * step, lengths)
            self._out[places] = self._words(bits)

    def _repeat_values(self, count: int, times: int) -> None:
        """Write the last ``count`` values again and again."""
        sampling, out = self._sampling, self._out
        begin = sampling.before(self.at)
        source = out[begin - count // sampling.stride : begin]
        self.at = min(self.at + count * times, sampling.total)
        target = out[begin : sampling.before(self.at)]
        whole = len(target) // len(source) * len(source)
        target[:whole].reshape(-1, len(source))[:] = source
        target[whole:] = source[: len(target) - whole]

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
