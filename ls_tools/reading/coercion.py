"""Odd spellings of plain values: numbers as text, ids as numbers, flags as 0 or 1.

Each function takes a decoded JSON value, and raises ValueError where it makes no
sense of it, or OverflowError where it is a number beyond all use.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})
_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_text(value: Any) -> str:
    """Text as it is, a number as its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    msg = "not a text"
    raise ValueError(msg)


def to_texts(value: Any) -> list[str]:
    """A list of texts; a single text stands for a list of one."""
    entries = value if isinstance(value, list) else [value]
    return [to_text(entry) for entry in entries if entry is not None]


def to_id(value: Any) -> int | str:
    """An id: an integer or a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole else to_text(value)


def to_integer(value: Any) -> int:
    """An integer, also from its digits."""
    number = to_number(value)
    if number != int(number):
        msg = "not an integer"
        raise ValueError(msg)
    return int(number)


def to_number(value: Any) -> int | float:
    """A finite number, also from its digits."""
    is_number = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    number = float(value) if is_number else math.nan
    if not math.isfinite(number):
        msg = "not a finite number"
        raise ValueError(msg)
    is_written_exact = (
        not isinstance(value, float) and str(value).strip("+- ").isdigit()
    )
    return int(value) if is_written_exact and abs(number) < _EXACT else number


def to_flag(value: Any) -> bool:
    """A truth value, also from 0, 1 and their names."""
    text = str(value).strip().lower()
    if isinstance(value, (bool, int, str)) and text in _TRUE | _FALSE:
        return text in _TRUE
    msg = "neither true nor false"
    raise ValueError(msg)


def to_moment(value: Any) -> str:
    """ISO 8601: text as it is, a number as seconds since 1970 (before 1.0)."""
    if isinstance(value, str):
        return value
    return (_EPOCH + timedelta(seconds=to_number(value))).isoformat()
