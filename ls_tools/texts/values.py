"""The values of labelled spans, as Label Studio writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from ls_tools.models import Result

SPAN_TYPES = frozenset({"labels", "hypertextlabels", "paragraphlabels"})
"""Types of the results that label spans of texts."""

MALFORMED = "malformed value"
NO_OFFSETS = "malformed value: a span needs start and end"

_Spot: TypeAlias = "int | float | str | None"


class _Pair(msgspec.Struct, gc=False):
    start: int | float | str | None = None
    end: int | float | str | None = None


class SpanValue(msgspec.Struct, rename="camel", gc=False):
    """Where a span is, in whichever way its control tells it.

    Attributes:
        start: A character's place in a text; an xpath in a hypertext; the
            place of a paragraph.
        end: Likewise.
        start_offset: A character's place in the text node or paragraph.
        end_offset: Likewise.
        text: The text that was labelled, as the browser showed it.
        global_offsets: Characters in the whole of a hypertext.
        labels: Of a ``Labels`` control.
        hypertextlabels: Of a ``HyperTextLabels`` control.
        paragraphlabels: Of a ``ParagraphLabels`` control.
    """

    start: int | float | str | None = None
    end: int | float | str | None = None
    start_offset: int | float | str | None = None
    end_offset: int | float | str | None = None
    text: str | None = None
    global_offsets: _Pair | None = None
    labels: list[str] | None = None
    hypertextlabels: list[str] | None = None
    paragraphlabels: list[str] | None = None

    def own_labels(self) -> list[str]:
        """The labels, whichever control they are of."""
        return self.labels or self.hypertextlabels or self.paragraphlabels or []

    def span(self) -> tuple[int, int] | None:
        """``start`` and ``end`` where they are numbers."""
        return _numbers(self.start, self.end)

    def offsets(self) -> tuple[int, int] | None:
        """``start_offset`` and ``end_offset`` where they are numbers."""
        return _numbers(self.start_offset, self.end_offset)

    def global_span(self) -> tuple[int, int] | None:
        """``global_offsets`` where they are numbers."""
        pair = self.global_offsets
        return None if pair is None else _numbers(pair.start, pair.end)


_DECODER = msgspec.json.Decoder(SpanValue)
_ANY_DECODER = msgspec.json.Decoder()


def read_span_value(result: Result) -> SpanValue | str:
    """The value of a result, or the reason why it cannot be read.

    A field of a wrong type is as good as none; labels are left to
    ``Region.labels()`` then.
    """
    try:
        return _DECODER.decode(result.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_leniently(result.value)


def _read_leniently(raw: msgspec.Raw) -> SpanValue | str:
    try:
        fields = _ANY_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MALFORMED
    if not isinstance(fields, dict):
        return MALFORMED
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(SpanValue):
        found = fields.get(field.encode_name)
        try:
            kept[field.name] = msgspec.convert(found, field.type)
        except msgspec.ValidationError:
            continue
    return SpanValue(**kept)


def _numbers(start: _Spot, end: _Spot) -> tuple[int, int] | None:
    if type(start) is int and type(end) is int:
        return start, end
    first, last = _whole(start), _whole(end)
    return None if first is None or last is None else (first, last)


def _whole(number: _Spot) -> int | None:
    """A whole number that may be spelled as a float or as text."""
    if isinstance(number, str):
        digits = number.strip()
        is_short = digits.isdecimal() and digits.isascii() and len(digits) < 16  # noqa: PLR2004 -- exact as a float
        return int(digits) if is_short else None
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number
