"""Which characters are what: white space, marks, punctuation, scripts.

Made into classes of regular expressions once, when first asked for.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Ranges of the scripts that put no white space between words."""

_LAST_ASSIGNED = 0x20000
"""No sign, mark or format character lies above this, but tags and variations."""

_ABOVE = {"M": "\U000e0100-\U000e01ef", "Cf": "\U000e0001\U000e0020-\U000e007f"}


@cache
def ranges_of(*categories: str) -> str:
    """The characters of some Unicode categories, for within square brackets.

    Args:
        categories: ``P`` for all of punctuation, ``Cf`` for one category.
    """
    edges: list[tuple[int, int]] = []
    for code in range(_LAST_ASSIGNED):
        if unicodedata.category(chr(code)).startswith(categories):
            if edges and edges[-1][1] == code - 1:
                edges[-1] = edges[-1][0], code
            else:
                edges.append((code, code))
    above = "".join(_ABOVE.get(category, "") for category in categories)
    return "".join(f"{_escaped(a)}-{_escaped(b)}" for a, b in edges) + above


@cache
def unwritable_pattern() -> re.Pattern[str]:
    """Control characters and lone surrogates, which no file of text should hold."""
    return re.compile("[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f\\ud800-\\udfff]")


def _escaped(code: int) -> str:
    return f"\\U{code:08x}" if code <= sys.maxunicode else ""
