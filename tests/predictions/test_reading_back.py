"""Spans that were built are read as the same characters."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools import read_tasks
from ls_tools.predictions import Target, document_text, hypertext, paragraph, span
from ls_tools.texts import Place, SpanValue, open_body, read_span_value

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXTS = st.text(st.sampled_from("ab 👩‍👧\n東é"), min_size=1, max_size=30)
TALK = ["Hi 👋 Ada!", "👩‍👩‍👧 Hello", "Ada Ada"]


def read(result: Any) -> SpanValue:
    task = {"id": 1, "data": {}, "predictions": [{"result": [result]}]}
    (found,) = read_tasks(BytesIO(json.dumps([task]).encode()))
    value = read_span_value(found.predictions[0].result[0])
    assert isinstance(value, SpanValue)
    return value


def target(text: str) -> Target:
    return Target(from_name="a", to_name="b", text=text)


@calm
@given(text=TEXTS, ends=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_spans_of_a_text_are_read_where_they_were(
    text: str, ends: tuple[int, int]
) -> None:
    """F20."""
    start, end = sorted(min(end, len(text)) for end in ends)
    if start < end:
        made = span(target(text), (start, end), "PER")
        body = open_body("Text", text)
        assert body
        assert body.locate([read(made)]) == [Place(start, end)]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_spans_of_paragraphs_are_read_where_they_were(index: int) -> None:
    body = open_body("Paragraphs", [{"author": "A", "text": text} for text in TALK])
    assert body
    said = TALK[index]
    for start in range(len(said)):
        made = paragraph(target(said), index, "PER", offsets=(start, len(said)))
        (place,) = body.locate([read(made)])
        assert isinstance(place, Place)
        assert body.text[place.start : place.end] == said[start:]


@pytest.mark.parametrize(
    "html",
    [
        "<p>Ada <b>Love</b>lace</p><p>in London 👋 &amp; Paris</p>",
        "<div>\n <p>👋<br>Lovelace<br/> in London</p>\n</div>",
        "Lovelace &lt;b&gt; in London",
        "<style>p { color: red }</style>Lovelace<script>1 < 2</script> London",
    ],
)
def test_spans_of_a_document_are_read_where_they_were(html: str) -> None:
    text = document_text(html)
    body = open_body("HyperText", html)
    assert body
    for part in ("Lovelace", "London"):
        start = text.index(part)
        made = hypertext(target(text), (start, start + len(part)), "PER")
        (place,) = body.locate([read(made)])
        assert isinstance(place, Place)
        assert not place.moved
        assert body.text[place.start : place.end] == part


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b<br/>c</p>", "ab\nc"),
        ("<style>p { }</style>\n<div>\n <p>a</p>\n</div>", "\n a\n"),
        ("\n\n  <p>x</p>\n<p>y</p>\n", "x\ny\n"),
        ("<html>\n<head>\n<title>T</title></head>\n<body>\n<p>a</p>", "\na"),
        ("<p>a<script>1 < 2</script> b</p><pre>\nc\n d</pre>", "a bc\n d"),
        ("<pre><b>\nc</b></pre>", "\nc"),
        ("  a &lt;b&gt; &amp;\r\nc", "a <b> &\nc"),
        ("<table>\n<tr><td>a</td></tr>\n<tr><td>b</td></tr></table>", "\na\nb"),
        ("<!-- c -->\n<p>a</p><!-- d --> b", "a b"),
        ("</script>a", "a"),
        ("", ""),
    ],
)
def test_a_document_is_counted_as_a_browser_counts_it(html: str, text: str) -> None:
    """As the labeling page of Label Studio 1.23 does, which finds spans by it."""
    assert document_text(html) == text
