"""Where sentences end, by rules: at line breaks, and at full stops that are ones."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STOPS = ".!?\u2026\u0964\u061f\u06d4\u203c"
_WIDE_STOPS = "\u3002\uff01\uff1f\uff61"
_END = re.compile(
    rf"""
    [\n{_STOPS}{_WIDE_STOPS}]
    (?: (?<=\n)\s*
      | (?<=[{_WIDE_STOPS}])[{_WIDE_STOPS}]*[\u300d\u300f\uff09\u201d\u2019\u3011]*\s*
      | (?<=[{_STOPS}])(?<![{_STOPS}][{_STOPS}])
        [{_STOPS}]*[\"'\u201d\u2019\u00bb)\]]*\s+
        (?=[\"'\u201c\u2018\u00ab(\[\u00bf\u00a1]*[^\W_a-z])
    )
    """,
    re.VERBOSE,
)
_ASCII_END = re.compile(
    r"""
    [\n.!?]
    (?: (?<=\n)\s*
      | (?<=[.!?])(?<![.!?][.!?])[.!?]*[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])
    )
    """,
    re.VERBOSE,
)
_ABBREVIATIONS = """Mr Mrs Ms Dr Prof Sr Jr St vs cf No Fig al Gen Col Capt Lt Sgt Rev
Hon Sen Rep Gov Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec approx Mt Ft Nr bzw Hr
Fr Mme"""
_ABBREVIATED = frozenset(_ABBREVIATIONS.split())
_LOOK_BACK = 8


def sentence_ends(
    text: str, spans: Sequence[tuple[int, int]] = (), breaks: Sequence[int] = ()
) -> list[int]:
    """Where to cut a text into sentences, its end included.

    Args:
        text: The text.
        spans: Spans that do not overlap, in the order of the text. No cut goes
            through one of them.
        breaks: Further places to cut at.
    """
    pattern = _ASCII_END if text.isascii() else _END
    cuts = [
        found.end()
        for found in pattern.finditer(text)
        if not _is_abbreviation(text, found)
    ]
    if breaks:
        cuts = sorted({*cuts, *breaks})
    if spans:
        starts = [start for start, _ in spans]
        cuts = [cut for cut in cuts if not _is_within(cut, spans, starts)]
    if not cuts or cuts[-1] < len(text):
        cuts.append(len(text))
    return cuts


def _is_abbreviation(text: str, found: re.Match[str]) -> bool:
    """Whether a full stop belongs to the word before it: ``Dr.``, ``J.``, ``e.g.``."""
    stop = found.start()
    if text[stop] != "." or text.startswith("..", stop) or "\n" in found[0]:
        return False
    words = text[max(0, stop - _LOOK_BACK) : stop].split()
    word = words[-1].lstrip("\"'([") if words else ""
    is_initial = word[-1:].isalpha() and (len(word) == 1 or word[-2] == ".")
    return is_initial or word in _ABBREVIATED


def _is_within(
    cut: int, spans: Sequence[tuple[int, int]], starts: Sequence[int]
) -> bool:
    place = bisect_left(starts, cut)
    return place > 0 and spans[place - 1][1] > cut
