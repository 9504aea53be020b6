"""Sizes and durations as people write them; knows no setting and no option."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})\s*([A-Za-z]*)")
_LARGEST = 2**60

_BYTES: dict[str, int] = {
    "": 1,
    "b": 1,
    **{
        unit + ending: step ** (power + 1)
        for power, unit in enumerate("kmgtp")
        for ending, step in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
    },
}
_SECONDS: dict[str, float] = {
    "": 1,
    "s": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "d": 86_400,
    "w": 604_800,
}


def parse_size(text: str) -> int:
    """The bytes that ``text`` means: ``50GB``, ``1.5 GiB``, ``2000``.

    Units are decimal (``k``, ``kB``, ``M``, ``GB``, …), binary where they say so
    (``KiB``, ``Gi``, …), and bytes where there is none. Case does not count.

    Raises:
        ValueError: It is no size. The text says so in words for a person.
    """
    number, factor = _split(text, _BYTES, "a size such as 50GB or 512MiB")
    return int(_bounded(number * factor, text))


def parse_duration_s(text: str) -> float:
    """The seconds that ``text`` means: ``30d``, ``1.5h``, ``90``.

    Units are ``s``, ``m`` or ``min``, ``h``, ``d`` and ``w``, and seconds where
    there is none. Case does not count.

    Raises:
        ValueError: It is no duration. The text says so in words for a person.
    """
    number, factor = _split(text, _SECONDS, "a duration such as 30d or 12h")
    return _bounded(number * factor, text)


def _split(
    text: str, units: dict[str, int] | dict[str, float], wanted: str
) -> tuple[float, float]:
    match = _QUANTITY.fullmatch(text.strip())
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        msg = f"{text!r} is not {wanted}"
        raise ValueError(msg)
    return float(match[1]), factor


def _bounded(value: float, text: str) -> float:
    if value > _LARGEST:
        msg = f"{text!r} is too large"
        raise ValueError(msg)
    return value
