"""Paragraphs of a dialogue as one text, and spans that count in each of them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ls_tools.texts.offsets import Claim, Place, Utf16Map, settle
from ls_tools.texts.values import NO_OFFSETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.texts.values import SpanValue


class ParagraphsBody:
    """A ``Paragraphs``: its paragraphs, one a line.

    Args:
        paragraphs: Their texts.
        authors: Who says each of them, empty where unknown.

    Attributes:
        text: All paragraphs, with a line break between them.
        breaks: Where paragraphs begin, but for the first.
        starts: Where paragraphs begin.
        authors: Who says each of them.
    """

    def __init__(self, paragraphs: Sequence[str], authors: Sequence[str]) -> None:
        lengths = [len(paragraph) + 1 for paragraph in paragraphs]
        self.text: str = "\n".join(paragraphs)
        self.starts: list[int] = list(accumulate(lengths[:-1], initial=0))
        self.breaks: Sequence[int] = self.starts[1:]
        self.authors = authors
        self._paragraphs = paragraphs
        self._utf16: dict[int, Utf16Map] = {}

    @classmethod
    def of(cls, value: Any, name_key: str, text_key: str) -> ParagraphsBody | None:
        """Paragraphs of task data: a list of objects or of texts, or one text.

        Returns:
            None where there is none.
        """
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not entries:
            return None
        rows = [row if isinstance(row, dict) else {text_key: row} for row in entries]
        return cls(
            [_as_text(row.get(text_key)) for row in rows],
            [_as_text(row.get(name_key)) for row in rows],
        )

    def locate(self, values: Sequence[SpanValue]) -> list[Place | str]:
        """Where spans are in ``text``, or the reasons why that is unknown."""
        claims = [self._claim(value) for value in values]
        places = iter(settle(self.text, [claim for claim in claims if claim]))
        return [NO_OFFSETS if claim is None else next(places) for claim in claims]

    def _claim(self, value: SpanValue) -> Claim | None:
        """What a span says; the labeling page counts UTF-16 units."""
        paragraphs, offsets = value.span(), value.offsets()
        if paragraphs is None or offsets is None:
            return None
        last = len(self._paragraphs) - 1
        if not 0 <= paragraphs[0] <= paragraphs[1] <= last:
            return Claim((None,) * 4, value.text)
        (first, final), (start, end) = paragraphs, offsets
        plain = self.starts[first] + start, self.starts[final] + end
        wide = (
            self.starts[first] + self._map(first).code_points(start),
            self.starts[final] + self._map(final).code_points(end),
        )
        inclusive = [(start, end + 1) for start, end in (wide, plain)]
        return Claim((wide, plain, *inclusive), value.text)

    def _map(self, paragraph: int) -> Utf16Map:
        found = self._utf16.get(paragraph)
        if found is None:
            found = Utf16Map(self._paragraphs[paragraph])
            self._utf16[paragraph] = found
        return found


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
