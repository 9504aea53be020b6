from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.texts import (
    EMPTY_SPAN,
    NO_MATCH,
    OUTSIDE_TEXT,
    Place,
    SpanValue,
    letters,
    open_body,
    trimmed,
)
from ls_tools.texts.letters import Letters
from ls_tools.texts.values import NO_OFFSETS

EMOJI = "\U0001f600"


def locate(text: Any, *values: SpanValue, tag: str = "Text", **attributes: str) -> Any:
    body = open_body(tag, text, attributes)
    assert body is not None
    found = body.locate(values)
    return [
        one if isinstance(one, str) else body.text[one.start : one.end] for one in found
    ]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_code_points_are_taken_where_the_text_agrees() -> None:
    """F20."""
    text = f"{EMOJI * 5} Ada met Bob"
    assert locate(text, SpanValue(start=6, end=9, text="Ada")) == ["Ada"]


def test_utf16_units_are_found_by_the_text_of_the_span() -> None:
    """F20."""
    text = f"{EMOJI * 5} Ada met Bob"
    assert locate(text, SpanValue(start=11, end=14, text="Ada")) == ["Ada"]


@given(
    st.lists(
        st.text("a\u00e9\u6f22" + EMOJI, min_size=1, max_size=4), min_size=1, max_size=9
    ),
    st.data(),
)
def test_spans_are_found_in_either_unit(words: list[str], data: st.DataObject) -> None:
    """F20."""
    text = " ".join(words)
    index = data.draw(st.integers(0, len(words) - 1))
    start = len("".join(f"{word} " for word in words[:index]))
    end = start + len(words[index])
    others = [
        SpanValue(start=0, end=utf16(words[0]), text=words[0]),
        SpanValue(start=0, end=utf16(text), text=text),
    ]
    wide = SpanValue(
        start=utf16(text[:start]), end=utf16(text[:end]), text=words[index]
    )
    assert locate(text, wide, *others) == [words[index], words[0], text]
    body = open_body("Text", text)
    plain = SpanValue(start=start, end=end, text=words[index])
    assert body is not None
    assert body.locate([plain]) == [Place(start, end)]


def test_a_span_without_its_text_is_read_as_the_others_of_its_document() -> None:
    """F20."""
    text = f"{EMOJI} ab cd"
    known, bare = SpanValue(start=3, end=5, text="ab"), SpanValue(start=6, end=8)
    assert locate(text, bare, known) == ["cd", "ab"]
    assert locate(text, SpanValue(start=5, end=7)) == ["cd"]


def test_the_unit_of_most_spans_decides_where_both_agree() -> None:
    """F20."""
    text = f"{EMOJI} a a a bc"
    (first, _) = locate_places(
        text,
        SpanValue(start=5, end=6, text="a"),
        SpanValue(start=9, end=11, text="bc"),
    )
    assert first == Place(4, 5)


def test_line_breaks_are_compared_as_the_editor_quotes_them() -> None:
    """White space alone would fit one line break too late."""
    text = f"{EMOJI}\n\na\nb\n\n"
    assert locate(text, SpanValue(start=3, end=7, text="\\na\\nb")) == ["\na\nb"]


def locate_places(text: str, *values: SpanValue) -> Any:
    body = open_body("Text", text)
    assert body is not None
    return body.locate(values)


def test_inclusive_ends_of_older_exports_are_found() -> None:
    assert locate("Ada met Bob", SpanValue(start=0, end=2, text="Ada")) == ["Ada"]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("one\ntwo", "one\\ntwo"),  # as the editor quotes line breaks
        ("one\r\ntwo", "one\ntwo"),
        ("one \u00a0two", "one two"),
    ],
)
def test_white_space_may_be_quoted_otherwise(text: str, quote: str) -> None:
    assert locate(text, SpanValue(start=0, end=len(text), text=quote)) == [text]


def test_a_span_elsewhere_is_moved_to_the_only_place_of_its_text() -> None:
    (place,) = locate_places("x Ada met Bob", SpanValue(start=0, end=3, text="Ada"))
    assert place == Place(2, 5, moved=True)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (SpanValue(start=0, end=3, text="xyz"), NO_MATCH),
        (SpanValue(start=1, end=3, text="a"), NO_MATCH),  # in several places
        (SpanValue(start=3, end=3), EMPTY_SPAN),
        (SpanValue(start=2, end=99), OUTSIDE_TEXT),
        (SpanValue(start=-3, end=2), OUTSIDE_TEXT),
        (SpanValue(start="/p[1]", end="/p[1]"), NO_OFFSETS),
        (SpanValue(end=3), NO_OFFSETS),
    ],
)
def test_what_cannot_be_placed_is_a_reason(value: SpanValue, reason: str) -> None:
    assert locate("banana", value) == [reason]


def test_numbers_may_be_spelled_as_text_or_as_floats() -> None:
    value = SpanValue(start="0", end=3.0, text="Ada")
    assert locate("Ada met Bob", value) == ["Ada"]


def test_base64_is_decoded() -> None:
    found = locate("QWRhIG1ldA==", SpanValue(start=0, end=3), encoding="base64")
    assert found == ["Ada"]
    assert open_body("Text", "!", {"encoding": "base64"}) is None


@pytest.mark.parametrize("value", [None, [], {}, True, ["x"]])
def test_what_is_no_text_opens_no_body(value: Any) -> None:
    assert open_body("Text", value) is None


@given(st.text(" \n\ta", max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_trimming_takes_white_space_only(text: str, start: int, end: int) -> None:
    start, end = min(start, len(text)), min(end, len(text))
    if start <= end:
        first, last = trimmed(text, start, end)
        assert text[first:last] == text[start:end].strip()


@given(st.text("ab\\n \n\u00a0", max_size=1200), st.text("ab\\n \n", max_size=9))
def test_letters_are_compared_as_if_both_texts_were_squashed(
    text: str, quote: str
) -> None:
    """Parts that begin or end within a quoted line break too."""

    def squash(part: str) -> str:
        return "".join(part.replace("\\n", "\n").split())

    found = Letters(text)
    for start in range(min(len(text), 9)):
        for end in (start + 1, start + 5, len(text), len(text) + 3):
            is_same = squash(text[start:end]) == squash(quote)
            assert found.are(start, end, quote) == is_same
            assert found.are(start, end, text[start:end])


def test_spans_that_quote_little_of_the_much_they_cover_cost_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work is counted: to compare all of what is covered is 100 times it."""
    text = "ab  \n " * 20_000
    worked: list[int] = []

    def note(part: str) -> str:
        worked.append(len(part))
        return "".join(part.split())

    monkeypatch.setattr(letters, "squashed", note)
    spans = [SpanValue(start=0, end=len(text), text=f"x{n}") for n in range(100)]
    assert set(locate(text, *spans)) == {NO_MATCH}
    assert sum(worked) < 3 * len(text)
