"""Values of any kind to what a typed column takes, or None. Never fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.regions import number_in
from ls_tools.selection import parse_time

if TYPE_CHECKING:
    from datetime import datetime

_INT64 = 2**63
_LAST_YEAR = 9999


def as_text(value: Any) -> str | None:
    """Text, and numbers as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else None


def as_texts(value: Any) -> list[str] | None:
    """A list of texts, of which one may stand for itself."""
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    return [text for text in map(as_text, listed) if text is not None]


def as_paths(value: Any) -> list[list[str]] | None:
    """A list of lists of texts, of which one may stand for itself."""
    if not isinstance(value, list):
        return None
    listed = value if all(isinstance(path, list) for path in value) else [value]
    return [as_texts(path) or [] for path in listed]


def as_double(value: Any) -> float | None:
    """A finite number, also where it is spelled as text."""
    return number_in(value)


def as_int(value: Any) -> int | None:
    """A whole number of 64 bits, also where it is spelled as text or float."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_INT64 <= value < _INT64 else None
    number = as_double(value)
    if number is None or number != int(number) or abs(number) >= 2**53:
        return None
    return int(number)


def as_bool(value: Any) -> bool | None:
    """True or false."""
    return value if isinstance(value, bool) else None


def as_time(value: Any) -> datetime | None:
    """A time of an export; None where it is none."""
    if not isinstance(value, str):
        return None
    moment = parse_time(value)
    return moment if 1 < moment.year < _LAST_YEAR else None


def as_json(value: Any) -> str:
    """Any value as JSON."""
    return msgspec.json.encode(value).decode()
