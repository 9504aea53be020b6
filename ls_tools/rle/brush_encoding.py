"""Masks to Label Studio's brush code, as its editor and server read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import BadRleError
from ls_tools.rle.arrays import np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

_CHANNELS = 4
_WORD_BITS = 8
_SIZE_BITS = (3, 4, 8, 16)
"""Those of the editor; other readers count on them."""

_MAX_PIXELS = 2**30 - 1


def encode(mask: NDArray[Any]) -> list[int]:
    """See ``ls_tools.rle.encode_brush``."""
    if mask.ndim != 2 or mask.size > _MAX_PIXELS:  # noqa: PLR2004 -- height and width
        msg = f"A mask of shape {mask.shape} cannot be encoded."
        raise BadRleError(msg, hint="Give an array of shape (H, W).")
    alpha = mask * np.uint8(255) if mask.dtype == bool else mask.astype(np.uint8)
    words, lengths = _split_long(*_runs_of(alpha.ravel()))
    head = f"{_CHANNELS * mask.size:032b}{_WORD_BITS - 1:05b}"
    head += "".join(f"{bits - 1:04b}" for bits in _SIZE_BITS)
    head_bits = np.frombuffer(head.encode(), np.uint8) - ord("0")
    bits = np.concatenate((head_bits, _bits_of(*_records_of(words, lengths))))
    # The existing tool's reader wants a bit after the last record.
    padded = np.concatenate((bits, np.zeros(8 - len(bits) % 8, np.uint8)))
    codes: list[int] = np.packbits(padded).tolist()
    return codes


def _runs_of(alpha: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Each run's word, and how many values it has, all channels counted."""
    changes = np.flatnonzero(alpha[1:] != alpha[:-1]) + 1
    firsts = np.concatenate(([0], changes)) if len(alpha) else changes
    lengths = np.diff(np.concatenate((firsts, [len(alpha)])))
    return alpha[firsts], lengths * _CHANNELS


def _split_long(
    words: NDArray[Any], lengths: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Runs that are too long for one record as several."""
    longest = 1 << _SIZE_BITS[-1]
    if not (lengths > longest).any():
        return words, lengths
    pieces = -(-lengths // longest)
    split = np.full(int(pieces.sum()), longest)
    lasts = pieces.cumsum() - 1
    split[lasts] = lengths - (pieces - 1) * longest
    return np.repeat(words, pieces), split


def _records_of(
    words: NDArray[Any], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bits of each record as a number, and how many they are."""
    limits = np.array([1 << bits for bits in _SIZE_BITS])
    chosen = np.searchsorted(limits, lengths)
    size_bits = np.array(_SIZE_BITS)[chosen]
    records = (4 + chosen) << size_bits | lengths - 1
    return records << _WORD_BITS | words, 3 + size_bits + _WORD_BITS


def _bits_of(
    records: NDArray[np.int64], record_bits: NDArray[np.int64]
) -> NDArray[np.uint8]:
    aligned = records << 32 - record_bits
    table = np.unpackbits(aligned.astype(">u4").view(np.uint8).reshape(-1, 4), axis=1)
    is_used = np.arange(32) < record_bits[:, None]
    return table[is_used]
