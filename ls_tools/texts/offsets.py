"""Offsets that may count code points or UTF-16 units, with ends in or out.

A span tells the text it labels; what it counts is found by comparing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from ls_tools.texts.letters import Letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_MATCH = "span does not match its text"
OUTSIDE_TEXT = "span outside the text"
EMPTY_SPAN = "empty span"
MOVED = "span moved to the only place of its text"

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
    quoted = _QuotedText(text)
    votes: Counter[int] = Counter()
    for claim in claims:
        votes.update(
            way
            for way, reading in enumerate(claim.readings)
            if reading and claim.quote and quoted.has(*reading, claim.quote)
        )
    ways = range(max((len(claim.readings) for claim in claims), default=0))
    order = sorted(ways, key=lambda way: -votes[way])
    return [quoted.settle(claim, order) for claim in claims]


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the white space at its ends; empty if there is no more."""
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, max(start, end - len(inside) + len(inside.rstrip()))


class _QuotedText:
    """A text that claims quote, compared in time that grows with the quotes alone."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _letters(self) -> Letters:
        return Letters(self._text)

    def settle(self, claim: Claim, order: Iterable[int]) -> Place | str:
        """Where a span is by the first way to read it that fits, or why nowhere."""
        text, quote = self._text, claim.quote
        readings = [found for way in order if (found := claim.readings[way])]
        if not quote:
            return _unquoted(text, readings)
        for is_there in (self.has, self.has_letters):
            for start, end in readings:
                if is_there(start, end, quote):
                    return Place(start, min(end, len(text)))
        return _find(text, quote)

    def has(self, start: int, end: int, quote: str) -> bool:
        """Whether a quote is in its place, but for the spelling of line breaks."""
        return self._is_inside(start, end) and (
            self._is(start, end, quote)
            or ("\\n" in quote and self._is(start, end, quote.replace("\\n", "\n")))
        )

    def has_letters(self, start: int, end: int, quote: str) -> bool:
        """Whether a quote is in its place, but for white space."""
        return self._is_inside(start, end) and self._letters.are(start, end, quote)

    def _is(self, start: int, end: int, quote: str) -> bool:
        length = min(end, len(self._text)) - start
        return length == len(quote) and self._text.startswith(quote, start)

    def _is_inside(self, start: int, end: int) -> bool:
        return 0 <= start < end and start < len(self._text)


def _unquoted(text: str, readings: Sequence[tuple[int, int]]) -> Place | str:
    if readings and readings[0][0] == readings[0][1]:
        return EMPTY_SPAN
    for start, end in readings:
        if 0 <= start < end <= len(text):
            return Place(start, end)
    return OUTSIDE_TEXT


def _find(text: str, quote: str) -> Place | str:
    for spelling in dict.fromkeys((quote, quote.replace("\\n", "\n").strip())):
        start = text.find(spelling) if spelling.strip() else -1
        if start >= 0 and text.find(spelling, start + len(spelling)) < 0:
            return Place(start, start + len(spelling), moved=True)
    return NO_MATCH


def _astral_in(text: str) -> Iterable[re.Match[str]]:
    return () if text.isascii() else _ASTRAL.finditer(text)
