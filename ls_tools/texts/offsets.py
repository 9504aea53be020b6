"""Offsets that may count code points or UTF-16 units, with ends in or out.

A span tells the text it labels; what it counts is found by comparing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NO_MATCH = "span does not match its text"
OUTSIDE_TEXT = "span outside the text"
EMPTY_SPAN = "empty span"
MOVED = "span moved to the only place of its text"

_WHITE_SPACE = re.compile(r"\s+")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a span is.

    Attributes:
        start: Code points before it.
        end: Code points up to its end, exclusive.
        moved: It was found by its text alone: its offsets lead elsewhere.
    """

    start: int
    end: int
    moved: bool = False


class Claim(msgspec.Struct, frozen=True):
    """What a region says of where it is.

    Attributes:
        readings: Start and end in code points, one pair for each way to read
            its offsets, the most trusted one first; None for a way that leads
            nowhere. All claims of a text have as many.
        quote: The text it labels; None where it does not say.
    """

    readings: tuple[tuple[int, int] | None, ...]
    quote: str | None


class Utf16Map:
    """Places in a text counted in UTF-16 units, as browsers count them."""

    def __init__(self, text: str) -> None:
        self._starts = [
            found.start() + number for number, found in enumerate(_astral_in(text))
        ]

    def __bool__(self) -> bool:
        """Whether the two ways of counting differ anywhere."""
        return bool(self._starts)

    def code_points(self, units: int) -> int:
        """The code points before a place."""
        return units - bisect_left(self._starts, units)


def readings_of(
    start: int, end: int, utf16: Utf16Map
) -> tuple[tuple[int, int] | None, ...]:
    """A span by code points, by UTF-16 units, and by both with inclusive ends."""
    if not utf16:
        return (start, end), None, (start, end + 1), None
    first = utf16.code_points(start)
    return (
        (start, end),
        (first, utf16.code_points(end)),
        (start, end + 1),
        (first, utf16.code_points(end + 1)),
    )


def settle(text: str, claims: Sequence[Claim]) -> list[Place | str]:
    """Where the spans of one text are, or the reason why that is unknown.

    All claims of a text were most likely made by one program: the way of
    reading that fits most of them is tried first, and is that of claims
    without a quote.
    """
    votes: Counter[int] = Counter()
    for claim in claims:
        votes.update(
            way
            for way, reading in enumerate(claim.readings)
            if reading and claim.quote and _agrees(text, reading, claim.quote, _equal)
        )
    ways = range(max((len(claim.readings) for claim in claims), default=0))
    order = sorted(ways, key=lambda way: -votes[way])
    return [_settle_one(text, claim, order) for claim in claims]


def same_text(text: str, quote: str) -> bool:
    """Whether a text is what was quoted, but for white space.

    The editor quotes what a browser selected: line breaks as a backslash and an
    ``n``, and white space as displayed.
    """
    return text == quote or _squashed(text) == _squashed(quote)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the white space at its ends; empty if there is no more."""
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, max(start, end - len(inside) + len(inside.rstrip()))


def _settle_one(text: str, claim: Claim, order: Iterable[int]) -> Place | str:
    readings = [found for way in order if (found := claim.readings[way])]
    if not claim.quote:
        return _unquoted(text, readings)
    for is_same in (_equal, same_text):
        for reading in readings:
            if _agrees(text, reading, claim.quote, is_same):
                return Place(reading[0], min(reading[1], len(text)))
    return _find(text, claim.quote)


def _unquoted(text: str, readings: Sequence[tuple[int, int]]) -> Place | str:
    if readings and readings[0][0] == readings[0][1]:
        return EMPTY_SPAN
    for start, end in readings:
        if 0 <= start < end <= len(text):
            return Place(start, end)
    return OUTSIDE_TEXT


def _find(text: str, quote: str) -> Place | str:
    for spelling in (quote, quote.replace("\\n", "\n").strip()):
        if spelling.strip() and text.count(spelling) == 1:
            start = text.index(spelling)
            return Place(start, start + len(spelling), moved=True)
    return NO_MATCH


def _agrees(
    text: str,
    reading: tuple[int, int],
    quote: str,
    is_same: Callable[[str, str], bool],
) -> bool:
    start, end = reading
    return 0 <= start < end and start < len(text) and is_same(text[start:end], quote)


def _equal(text: str, quote: str) -> bool:
    return text == quote or ("\\n" in quote and text == quote.replace("\\n", "\n"))


def _squashed(text: str) -> str:
    return _WHITE_SPACE.sub("", text.replace("\\n", "\n"))


def _astral_in(text: str) -> Iterable[re.Match[str]]:
    return () if text.isascii() else _ASTRAL.finditer(text)
