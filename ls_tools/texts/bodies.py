"""The texts of tasks: plain, hypertext, or paragraphs of a dialogue."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Protocol

from ls_tools.texts.hypertext import HyperTextBody
from ls_tools.texts.offsets import Claim, Place, Utf16Map, readings_of, settle
from ls_tools.texts.paragraphs import ParagraphsBody
from ls_tools.texts.values import NO_OFFSETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ls_tools.texts.values import SpanValue


class Body(Protocol):
    """A text that spans are on.

    Attributes:
        text: The text, as a reader sees it.
        breaks: Places where a sentence ends whatever the text says: between
            paragraphs. In ascending order.
    """

    text: str
    breaks: Sequence[int]

    def locate(self, values: Sequence[SpanValue]) -> list[Place | str]:
        """Where spans are in ``text``, or the reasons why that is unknown."""
        ...  # pragma: no cover -- a protocol


class PlainBody:
    """A ``Text``."""

    __slots__ = ("breaks", "text")

    def __init__(self, text: str) -> None:
        self.text: str = text
        self.breaks: Sequence[int] = ()

    def locate(self, values: Sequence[SpanValue]) -> list[Place | str]:
        """See ``Body``."""
        return self._locate_all_plain(values) or self._compare(values)

    def _locate_all_plain(self, values: Sequence[SpanValue]) -> list[Place | str]:
        """Nearly always every span is what it says; empty where one is not."""
        found: list[Place | str] = []
        text = self.text
        for value in values:
            start, end = value.start, value.end
            if type(start) is not int or type(end) is not int or not 0 <= start < end:
                return []
            if text[start:end] != value.text:
                return []
            found.append(Place(start, end))
        return found

    def _compare(self, values: Sequence[SpanValue]) -> list[Place | str]:
        utf16 = Utf16Map(self.text)
        spans = [value.span() or value.global_span() for value in values]
        claims = [
            Claim(readings_of(*span, utf16), value.text)
            for span, value in zip(spans, values, strict=True)
            if span is not None
        ]
        places = iter(settle(self.text, claims))
        return [NO_OFFSETS if span is None else next(places) for span in spans]


def open_body(
    tag: str, value: Any, attributes: Mapping[str, str] | None = None
) -> Body | None:
    """The text that an object tag shows.

    Args:
        tag: ``Text``, ``HyperText`` or ``Paragraphs``, in any case.
        value: What the task data hold under its key, or what was fetched.
        attributes: Those of the tag: ``encoding``, ``nameKey``, ``textKey``.

    Returns:
        None where there is no text.
    """
    known = {name.lower(): text for name, text in (attributes or {}).items()}
    if tag.lower() == "paragraphs":
        keys = known.get("namekey", "author"), known.get("textkey", "text")
        return ParagraphsBody.of(value, *keys)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    if known.get("encoding", "").lower().startswith("base64"):
        value = _decode_base64(value)
    if value is None:
        return None
    return HyperTextBody(value) if tag.lower() == "hypertext" else PlainBody(value)


def _decode_base64(text: str) -> str | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
