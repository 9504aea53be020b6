"""The brush code's values by a loop that numba compiles, where it is installed.

Importing numba and loading the loop take a third of a second, compiling it as much
again, so it starts when a process has decoded enough for that to pay.
"""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.rle.values import Sampling

PAYS_FROM_BYTES = 2**24
"""Bytes of code after which compiling pays."""

_logger = logging.getLogger("ls_tools")


class Loop(Protocol):
    """``expand_by_loop``, compiled."""

    def __call__(  # noqa: PLR0913, PLR0917 -- what a compiler can take
        self,
        data: NDArray[np.uint8],
        at: int,
        word_bits: int,
        size_bits: NDArray[np.int64],
        sampling: Sampling | tuple[int, int, int],
        out: NDArray[Any],
    ) -> int:
        """See ``expand_by_loop``."""
        raise NotImplementedError


class Compiler:
    """Compiles the loop once that pays. Thread-safe.

    Args:
        pays_from_bytes: Bytes of code to see before.
    """

    def __init__(self, pays_from_bytes: int = PAYS_FROM_BYTES) -> None:
        self._left_bytes = pays_from_bytes
        self._lock = threading.Lock()
        self._loop: Loop | None = None

    def loop_for(self, size_bytes: int) -> Loop | None:
        """The compiled loop; None before it pays, and where there is no numba.

        Args:
            size_bytes: Length of the code that is decoded now.
        """
        if self._loop is None and self._left_bytes > 0:
            with self._lock:
                self._left_bytes -= size_bytes
                if self._left_bytes <= 0:
                    self._loop = compile_loop()
        return self._loop


COMPILER = Compiler()


def compile_loop() -> Loop | None:
    """The loop compiled; None where numba is not installed or does not work."""
    try:
        compiler = import_module("numba").njit
    except (ImportError, OSError, AttributeError, SystemError) as exc:
        _logger.debug("brush codes are decoded without numba: %s", exc)
        return None
    try:
        loop: Loop = compiler(nogil=True, cache=True)(expand_by_loop)
    except RuntimeError:  # no folder that a compiled function may be kept in
        loop = compiler(nogil=True)(expand_by_loop)
    return loop


def expand_by_loop(  # noqa: PLR0913, PLR0917 -- what a compiler can take
    data: NDArray[np.uint8],
    at: int,
    word_bits: int,
    size_bits: NDArray[np.int64],
    sampling: Sampling | tuple[int, int, int],
    out: NDArray[Any],
) -> int:
    """Write the wanted values of a code, record by record.

    Args:
        data: The code, and 8 zeros.
        at: The bit where the first record starts.
        word_bits: Length of a value.
        size_bits: Lengths of the four sizes.
        sampling: Stride, offset and total of ``Sampling``.
        out: One element for each of the values wanted.

    Returns:
        How many values the code holds, wanted or not, up to the total.
    """
    stride, offset, total = sampling
    end = 8 * (len(data) - 8)
    position, place, mask = 0, 0, (1 << word_bits) - 1
    while position < total and at < end:
        byte = at >> 3
        window = (
            int(data[byte]) << 24
            | int(data[byte + 1]) << 16
            | int(data[byte + 2]) << 8
            | int(data[byte + 3])
        )
        head = window >> 29 - (at & 7)
        bits = size_bits[head & 3]
        count = (window >> 29 - (at & 7) - bits & (1 << bits) - 1) + 1
        at += 3 + bits
        stop = min(position + count, total)
        step = 0 if head & 4 else word_bits
        if at + (word_bits if head & 4 else (stop - position) * word_bits) > end:
            break
        stop_place = (stop + stride - 1 - offset) // stride
        bit = at + (place * stride + offset - position) * step
        while place < stop_place:
            byte = bit >> 3
            word = (
                int(data[byte]) << 32
                | int(data[byte + 1]) << 24
                | int(data[byte + 2]) << 16
                | int(data[byte + 3]) << 8
                | int(data[byte + 4])
            ) >> 40 - word_bits - (bit & 7) & mask
            if not step:
                out[place:stop_place] = word
                break
            out[place] = word
            place += 1
            bit += step * stride
        place = stop_place
        at += count * step if step else word_bits
        position = stop
    return position
