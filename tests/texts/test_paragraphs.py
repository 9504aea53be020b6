from __future__ import annotations

from typing import Any

import pytest

from ls_tools.texts import OUTSIDE_TEXT, Place, SpanValue, open_body

DIALOGUE = [
    {"author": "Ann", "text": "Hello \U0001f600 Bob"},
    {"author": "Bob", "text": "Hi\nAnn"},
    {"author": None, "text": ""},
]


def locate(value: Any, span: SpanValue, **attributes: str) -> str:
    body = open_body("Paragraphs", value, attributes)
    assert body is not None
    (place,) = body.locate([span])
    return place if isinstance(place, str) else body.text[place.start : place.end]


def span(start: Any, end: Any, first: int, last: int, text: str = "") -> SpanValue:
    return SpanValue(
        start=start, end=end, start_offset=first, end_offset=last, text=text or None
    )


def test_offsets_count_in_their_paragraph() -> None:
    assert locate(DIALOGUE, span("1", "1", 3, 6, "Ann")) == "Ann"
    assert locate(DIALOGUE, span("0", "0", 8, 11, "Bob")) == "Bob"


def test_spans_without_their_text_count_as_the_labeling_page_does() -> None:
    assert locate(DIALOGUE, span(0, 0, 9, 12)) == "Bob"
    assert locate("\U0001f600 a a a", span("0", "0", 5, 6, "a")) == "a"
    body = open_body("Paragraphs", "\U0001f600 a a a")
    assert body is not None
    (place,) = body.locate([span("0", "0", 5, 6, "a")])
    assert place == Place(4, 5)


def test_utf16_units_count_in_their_paragraph() -> None:
    """F20."""
    assert locate(DIALOGUE, span("0", "0", 9, 12, "Bob")) == "Bob"
    assert locate(DIALOGUE, span("0", "1", 9, 2, "Bob\\n\\nHi")) == "Bob\nHi"


def test_each_paragraph_begins_a_sentence() -> None:
    body = open_body("Paragraphs", DIALOGUE)
    assert body is not None
    assert body.text == "Hello \U0001f600 Bob\nHi\nAnn\n"
    assert list(body.breaks) == [12, 19]


def test_the_keys_are_those_of_the_tag() -> None:
    rows = [{"said": "yes"}, "no", {"text": "x"}]
    found = locate(rows, span("1", "1", 0, 2), textKey="said")
    assert found == "no"


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (span("7", "7", 0, 1), OUTSIDE_TEXT),
        (span("1", "0", 0, 1), OUTSIDE_TEXT),
        (span(None, "0", 0, 1), "malformed value: a span needs start and end"),
    ],
)
def test_a_paragraph_that_is_not_there_is_a_reason(
    where: SpanValue, reason: str
) -> None:
    found = locate(DIALOGUE, where)
    assert found in {reason, "empty span"}


@pytest.mark.parametrize("value", [None, [], 3, {"text": "x"}])
def test_no_paragraphs_are_no_body(value: Any) -> None:
    assert open_body("Paragraphs", value) is None
