"""Label Studio's brush code to values: head, words and bounds.

The code is a string of bits, the highest of each byte first: 32 bits with the
count of values; 5 with the length of a word, less one; four times 4 with the
length of a size, less one; then records. A record has a bit that says whether
it repeats one word; 2 bits that choose the size; the count of its values, less
one, in that many bits; and that one word, or as many words as it counts. The
last record may run past the end: browsers cut it off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ls_tools.errors import BadRleError
from ls_tools.rle.arrays import np
from ls_tools.rle.compiled import COMPILER
from ls_tools.rle.records import PADDING_BYTES, RECORDS_AT, Code
from ls_tools.rle.values import Sampling, expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CHANNELS, _ALPHA = 4, 3
_BYTE_BITS = 8


class _Head(NamedTuple):
    total: int
    word_bits: int
    size_bits: tuple[int, ...]


def decode(
    rle: bytes | Sequence[int], *, max_values: int
) -> NDArray[np.unsignedinteger]:
    """See ``ls_tools.rle.decode_brush``."""
    code, head = _read(rle, max_values)
    values = np.zeros(head.total, _type_of(head.word_bits))
    _expand(code, values, Sampling(1, 0, head.total))
    return values


def decode_mask(
    rle: bytes | Sequence[int], size: tuple[int, int], *, max_values: int
) -> NDArray[np.uint8]:
    """See ``ls_tools.rle.brush_mask``."""
    width, height = size
    code, head = _read(rle, max_values)
    if head.total != width * height * _CHANNELS:
        what = f"has {head.total} values instead of {width} x {height} x {_CHANNELS}"
        raise _bad(what=what, hint="Is the size that of its picture?")
    alpha = np.zeros(width * height, _type_of(head.word_bits))
    _expand(code, alpha, Sampling(_CHANNELS, _ALPHA, head.total))
    if head.word_bits > _BYTE_BITS:
        alpha = np.minimum(alpha, 255)
    return alpha.astype(np.uint8, copy=False).reshape(height, width)


def value_count(rle: bytes) -> int:
    """See ``ls_tools.rle.brush_value_count``."""
    return _read_head(rle).total


def _expand(code: Code, out: NDArray[Any], sampling: Sampling) -> None:
    """Write the wanted values of a code, in the fastest way there is."""
    loop = COMPILER.loop_for(code.end // _BYTE_BITS)
    if loop is None:
        done = expand(code, out, sampling)
    else:
        sizes = np.array(code.size_bits, np.int64)
        wanted = (sampling.stride, sampling.offset, sampling.total)
        done = loop(code.data, RECORDS_AT, code.word_bits, sizes, wanted, out)
    if done < sampling.total:
        raise _bad(what=f"ends after {done} of {sampling.total} values")


def _read(rle: bytes | Sequence[int], max_values: int) -> tuple[Code, _Head]:
    data = _to_bytes(rle)
    head = _read_head(data)
    if head.total > max_values:
        what = f"has {head.total} values, more than the {max_values} allowed"
        raise _bad(what=what, hint="Raise max_values if it is yours.")
    padded = np.frombuffer(data + bytes(PADDING_BYTES), np.uint8)
    return Code(padded, head.word_bits, head.size_bits), head


def _read_head(data: bytes) -> _Head:
    if len(data) * _BYTE_BITS < RECORDS_AT:
        raise _bad(what=f"is cut off after {len(data)} bytes")
    bits = int.from_bytes(data[:7], "big") >> 7 * _BYTE_BITS - RECORDS_AT
    sizes = tuple((bits >> shift & 15) + 1 for shift in (12, 8, 4, 0))
    return _Head(bits >> 21, (bits >> 16 & 31) + 1, sizes)


def _to_bytes(rle: bytes | Sequence[int]) -> bytes:
    try:
        return bytes(rle) if not isinstance(rle, int) else b""
    except (TypeError, ValueError, OverflowError) as exc:
        raise _bad(what="is not made of numbers of 0 to 255") from exc


def _type_of(word_bits: int) -> type[np.unsignedinteger]:
    if word_bits <= _BYTE_BITS:
        return np.uint8
    return np.uint16 if word_bits <= 2 * _BYTE_BITS else np.uint32


def _bad(*, what: str, hint: str = "Is it cut off?") -> BadRleError:
    return BadRleError(f"The code of a brush {what}.", hint=hint)
