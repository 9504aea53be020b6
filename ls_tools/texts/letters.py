"""A text but for its white space, and where its places are in that."""

from __future__ import annotations

from itertools import accumulate

_STEP = 512
_LINE_BREAK = "\\n"
"""As the editor quotes line breaks."""


class Letters:
    """Compares parts of a text with quotes, whatever their white space is.

    The text is gone through once; a comparison takes as long as its quote is,
    not as long as the part of the text is.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._spaced = text.replace(_LINE_BREAK, "  ")
        pieces = [
            squashed(self._spaced[start : start + _STEP])
            for start in range(0, len(text), _STEP)
        ]
        self._before = list(accumulate(map(len, pieces), initial=0))
        self._letters = "".join(pieces)

    def are(self, start: int, end: int, quote: str) -> bool:
        """Whether a part of the text has the letters of a quote."""
        end = min(end, len(self._text))
        # A part may begin or end within a line break, which is none there then.
        head = "n" if start and self._text.startswith(_LINE_BREAK, start - 1) else ""
        tail = "\\" if self._text.startswith(_LINE_BREAK, end - 1) else ""
        first, last = self._count(start), self._count(end)
        wanted = squashed(quote.replace(_LINE_BREAK, "\n"))
        is_as_long = len(head) + last - first + len(tail) == len(wanted)
        return is_as_long and f"{head}{self._letters[first:last]}{tail}" == wanted

    def _count(self, place: int) -> int:
        """The letters before a place."""
        step, rest = divmod(place, _STEP)
        return self._before[step] + len(squashed(self._spaced[place - rest : place]))


def squashed(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())
