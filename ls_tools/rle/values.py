"""The values that the records of a brush code stand for, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ls_tools.errors import BadRleError
from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from ls_tools.rle.records import Code, Records

    Numbers = NDArray[np.int64]

_LONG_RUN = 16
_LONG_LITERAL = 256
_BATCH_VALUES = 2**18
_BATCH_REPEATS = 2**12


class Sampling(NamedTuple):
    """Which values are wanted: ``offset``, and every ``stride``-th after it.

    Attributes:
        stride: 1 or more.
        offset: Below ``stride``.
        count: How many values there are, wanted or not.
    """

    stride: int
    offset: int
    count: int

    def before(self, position: Any) -> Any:
        """How many wanted values are before a position, or an array of them."""
        return (position + (self.stride - 1 - self.offset)) // self.stride


def expand(code: Code, out: NDArray[Any], sampling: Sampling) -> None:
    """Write the wanted values of a code.

    Args:
        code: The code.
        out: One element for each of them, zero; of a type that holds a word.
        sampling: Which are wanted.

    Raises:
        BadRleError: The code ends before its last value.
    """
    writer = _Writer(code, out, sampling)
    for records in code.records():
        writer.write(records.starts)
        if records.times:
            writer.repeat(records)
        if writer.at >= sampling.count:
            return
    msg = f"The code of a brush ends after {writer.at} of {sampling.count} values."
    raise BadRleError(msg, hint="Is it cut off?")


class _Writer:
    def __init__(self, code: Code, out: NDArray[Any], sampling: Sampling) -> None:
        self.at = 0
        self._code = code
        self._out = out
        self._sampling = sampling
        self._size_bits = np.array(code.size_bits, np.int64)

    def write(self, starts: Numbers) -> None:
        """Write records; stops at the last value, or where the code ends."""
        code, sampling = self._code, self._sampling
        if self.at >= sampling.count or not len(starts):
            return
        windows = code.windows[starts >> 3].astype(np.uint64)
        windows <<= (starts & 7).astype(np.uint64)
        heads = (windows >> np.uint64(61)).astype(np.int64)
        size_bits = self._size_bits[heads & 3]
        counts = windows << np.uint64(3) >> (64 - size_bits).astype(np.uint64)
        ends = counts.astype(np.int64)
        ends += 1
        np.cumsum(ends, out=ends)
        ends += self.at
        firsts = np.empty_like(ends)
        firsts[0], firsts[1:] = self.at, ends[:-1]
        self._fill(starts + size_bits + 3, heads > 3, firsts, ends)  # noqa: PLR2004

    def _fill(
        self,
        bits: Numbers,
        is_run: NDArray[np.bool_],
        firsts: Numbers,
        ends: Numbers,
    ) -> None:
        """Write records whose words start at ``bits``, up to the last value."""
        sampling, word_bits = self._sampling, self._code.word_bits
        wanted = int(np.searchsorted(ends, sampling.count)) + 1
        bits, is_run, firsts, ends = (a[:wanted] for a in (bits, is_run, firsts, ends))
        ends[-1] = min(ends[-1], sampling.count)
        word_count = 1 if is_run[-1] else int(ends[-1] - firsts[-1])
        if bits[-1] + word_count * word_bits > self._code.end:
            bits, is_run, firsts, ends = (a[:-1] for a in (bits, is_run, firsts, ends))
            if not len(ends):
                return
        self.at = int(ends[-1])
        starts, stops = sampling.before(firsts), sampling.before(ends)
        # Of a record of many words, the first one that is wanted.
        skipped = starts * sampling.stride + sampling.offset - firsts
        bits = bits + np.where(is_run, 0, skipped * word_bits)
        has_some = stops > starts
        if not has_some.all():
            bits, is_run, starts, stops = (
                a[has_some] for a in (bits, is_run, starts, stops)
            )
        if len(bits):
            self._put_first_words(bits, starts, stops)
            more = ~is_run & (stops - starts > 1)
            if more.any():
                self._put_literals(bits[more], starts[more], stops[more])

    def _put_first_words(self, bits: Numbers, starts: Numbers, stops: Numbers) -> None:
        """Fill the place of every record with its first word."""
        words, out = self._words(bits), self._out
        begin, end = int(starts[0]), int(stops[-1])
        if end - begin < _LONG_RUN * len(bits):
            out[begin:end] = np.repeat(words, stops - starts)
            return
        is_set = words != 0
        for start, stop, word in zip(
            starts[is_set].tolist(),
            stops[is_set].tolist(),
            words[is_set].tolist(),
            strict=True,
        ):
            out[start:stop] = word

    def _put_literals(self, bits: Numbers, starts: Numbers, stops: Numbers) -> None:
        """Fill the places of records of many words."""
        is_long = stops - starts >= _LONG_LITERAL
        for bit, start, stop in zip(
            bits[is_long].tolist(),
            starts[is_long].tolist(),
            stops[is_long].tolist(),
            strict=True,
        ):
            self._put_literal(bit, start, stop)
        if not is_long.all():
            is_short = ~is_long
            self._put_short(bits[is_short], starts[is_short], stops[is_short])

    def _put_literal(self, bit: int, start: int, stop: int) -> None:
        step = self._code.word_bits * self._sampling.stride
        for at in range(start, stop, _BATCH_VALUES):
            end = min(at + _BATCH_VALUES, stop)
            if step & 7:
                bits = bit + step * np.arange(at - start, end - start)
                self._out[at:end] = self._words(bits)
            else:
                first = bit + step * (at - start)
                self._out[at:end] = self._words_at(first, step >> 3, end - at)

    def _put_short(self, bits: Numbers, starts: Numbers, stops: Numbers) -> None:
        step = self._code.word_bits * self._sampling.stride
        batch = _BATCH_VALUES // _LONG_LITERAL * 8
        for at in range(0, len(bits), batch):
            part = slice(at, at + batch)
            lengths = stops[part] - starts[part]
            offsets = lengths.cumsum() - lengths
            index = np.arange(int(lengths.sum()))
            places = index + np.repeat(starts[part] - offsets, lengths)
            index *= step
            index += np.repeat(bits[part] - offsets * step, lengths)
            self._out[places] = self._words(index)

    def _words(self, bits: Numbers) -> NDArray[Any]:
        """The words at some bits."""
        windows = self._code.windows[bits >> 3].astype(np.uint64)
        windows <<= (bits & 7).astype(np.uint64)
        windows >>= np.uint64(64 - self._code.word_bits)
        return windows.astype(self._out.dtype)

    def _words_at(self, bit: int, step_bytes: int, count: int) -> NDArray[Any]:
        """``count`` words, each a whole number of bytes after the one before."""
        first = bit >> 3
        windows = self._code.windows[first : first + step_bytes * count : step_bytes]
        shifted = windows.astype(np.uint64) << np.uint64(bit & 7)
        return (shifted >> np.uint64(64 - self._code.word_bits)).astype(self._out.dtype)

    def repeat(self, records: Records) -> None:
        """Write the last records again and again."""
        sampling, last = self._sampling, records.starts[-records.period :]
        count = self._count_values(last)
        if count % sampling.stride == 0:
            self._repeat_values(count, records.times)
            return
        for done in range(0, records.times, _BATCH_REPEATS):
            stop = min(done + _BATCH_REPEATS, records.times)
            moves = records.period_bits * np.arange(done + 1, stop + 1)
            self.write((last + moves[:, None]).ravel())

    def _count_values(self, starts: Numbers) -> int:
        windows = self._code.windows[starts >> 3].astype(np.uint64)
        windows <<= (starts & 7).astype(np.uint64)
        sizes = self._size_bits[(windows >> np.uint64(61)).astype(np.int64) & 3]
        counts = windows << np.uint64(3) >> (64 - sizes).astype(np.uint64)
        return int(counts.sum()) + len(starts)

    def _repeat_values(self, count: int, times: int) -> None:
        sampling, out = self._sampling, self._out
        stop = sampling.before(self.at)
        source = out[stop - count // sampling.stride : stop]
        self.at = min(self.at + count * times, sampling.count)
        target = out[stop : sampling.before(self.at)]
        whole = len(target) // len(source)
        rows = target[: whole * len(source)].reshape(whole, len(source))
        rows[:] = source
        target[whole * len(source) :] = source[: len(target) - rows.size]
