from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.models import Result
from ls_tools.texts import (
    SpanValue,
    document_text,
    hypertext,
    markup,
    open_body,
    read_span_value,
)
from ls_tools.texts.hypertext import HyperTextBody
from ls_tools.texts.offsets import Utf16Map

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (
    "<html><body><h1>A&amp;B</h1><p>One <b>two</b> three<br>four</p>"
    "<ul><li>five<li>six \U0001f600 seven</ul>"
    "<table><tr><td>a<td>b</table></body></html>"
)


def shown(html: str) -> str:
    body = open_body("HyperText", html)
    assert body is not None
    return body.text


def locate(html: str, **fields: Any) -> str:
    body = open_body("HyperText", html)
    value = read_span_value(Result(value=msgspec.Raw(msgspec.json.encode(fields))))
    assert body is not None
    assert isinstance(value, SpanValue)
    (place,) = body.locate([value])
    return place if isinstance(place, str) else body.text[place.start : place.end]


def path(start: str, first: int, end: str, last: int, text: str = "") -> dict[str, Any]:
    found = {"start": start, "startOffset": first, "end": end, "endOffset": last}
    return {**found, **({"text": text} if text else {})}


def test_the_text_has_a_line_for_each_block() -> None:
    assert shown(PAGE) == "A&B\nOne two three\nfour\nfive\nsix \U0001f600 seven\na\nb"


def test_what_is_not_shown_is_no_text() -> None:
    html = "<style>p {}</style><p>a<!-- no --><script>let b</script>c"
    assert shown(html) == "ac"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (path("/h1[1]/text()[1]", 2, "/h1[1]/text()[1]", 3), "B"),
        (path("/p[1]/b[1]/text()[1]", 0, "/p[1]/text()[2]", 6), "two three"),
        (path("/p[1]/text()[3]", 0, "/p[1]/text()[3]", 4), "four"),
        (path("/ul[1]/li[2]/text()[1]", 7, "/ul[1]/li[2]/text()[1]", 12), "seven"),
        (
            path("/ul[1]/li[2]/text()[1]", 6, "/ul[1]/li[2]/text()[1]", 11, "seven"),
            "seven",
        ),
        (
            path(
                "/table[1]/tbody[1]/tr[1]/td[2]/text()[1]",
                0,
                "/table[1]/tbody[1]/tr[1]/td[2]/text()[1]",
                1,
            ),
            "b",
        ),
        (path("/h1[1]/text()[1]", 0, "/p[1]/b[1]/text()[1]", 3), "A&B\nOne two"),
    ],
)
def test_xpaths_lead_to_their_text(fields: dict[str, Any], found: str) -> None:
    assert locate(PAGE, **fields) == found


@pytest.mark.parametrize(
    ("html", "paths", "global_start"),
    [
        (
            "<style>p { }</style>\n<div>\n <p>A\U0001f44b<br>Love<b>lace</b></p></div>",
            path("/div[1]/p[1]/text()[2]", 0, "/div[1]/p[1]/b[1]/text()[1]", 4),
            5,
        ),
        (
            "\n\n  <p>x</p>\n<p>Lovelace</p>",
            path("/p[2]/text()[1]", 0, "/p[2]/text()[1]", 8),
            2,
        ),
        (
            "<html>\n<head>\n<title>T</title>\n</head>\n<body>\n<p>a</p>\r\n<p>Lovelace",
            path("/p[2]/text()[1]", 0, "/p[2]/text()[1]", 8),
            3,
        ),
        (
            "<p>a<script>1;</script> b</p><pre>\nin\n Lovelace</pre>",
            path("/pre[1]/text()[1]", 4, "/pre[1]/text()[1]", 12),
            7,
        ),
        (
            "  &lt;b&gt; Lovelace",
            path("/text()[1]", 4, "/text()[1]", 12),
            4,
        ),
        (
            "<table>\n<tr><td>a</td></tr>\n<tr><td>Lovelace</td></tr></table>",
            path(
                "/table[1]/tbody[1]/tr[2]/td[1]/text()[1]",
                0,
                "/table[1]/tbody[1]/tr[2]/td[1]/text()[1]",
                8,
            ),
            3,
        ),
        (
            "<ul>\n<li>Ada\n<li>Lovelace\n</ul><p>in<p>Paris",
            path("/ul[1]/li[2]/text()[1]", 0, "/ul[1]/li[2]/text()[1]", 8),
            5,
        ),
        (
            "<!-- c -->\n<p>a</p><!-- d --> Lovelace",
            path("/text()[1]", 1, "/text()[1]", 9),
            2,
        ),
        (
            "<div>a<!-- c -->b x<br/>in\r\nLovelace</div>",
            path("/div[1]/text()[2]", 3, "/div[1]/text()[2]", 11),
            8,
        ),
        (
            "<p>a<script>1;</script> b <i>c</i> Lovelace</p>",
            path("/p[1]/text()[2]", 1, "/p[1]/text()[2]", 9),
            6,
        ),
        (
            "<p>a<style>p {}</style> b <i>c</i> Lovelace</p>",
            path("/p[1]/text()[3]", 1, "/p[1]/text()[3]", 9),
            10,
        ),
        (
            "<div>a<title>tit</title> b <i>c</i> Lovelace</div>",
            path("/div[1]/text()[3]", 1, "/div[1]/text()[3]", 9),
            9,
        ),
    ],
)
def test_documents_are_counted_as_the_labeling_page_counts(
    html: str, paths: dict[str, Any], global_start: int
) -> None:
    """As Label Studio 1.23.2 serialised spans that it had drawn."""
    offsets = {"start": global_start, "end": global_start + len("Lovelace")}
    assert locate(html, **paths) == "Lovelace"
    assert locate(html, globalOffsets=offsets) == "Lovelace"
    assert document_text(html).index("Lovelace") == global_start


def test_offsets_in_nodes_count_utf_16_units_and_global_ones_code_points() -> None:
    html = "<p>\U0001f44b a b</p>"
    assert locate(html, **path("/p[1]/text()[1]", 5, "/p[1]/text()[1]", 6)) == "b"
    assert locate(html, globalOffsets={"start": 4, "end": 5}) == "b"


def test_global_offsets_serve_where_xpaths_lead_nowhere() -> None:
    fields = path("/x[1]/text()[1]", 0, "/x[1]/text()[1]", 3, "two")
    offsets = {"start": 7, "end": 10}
    assert locate(PAGE, **fields, globalOffsets=offsets) == "two"
    assert locate(PAGE, globalOffsets=offsets) == "two"


def test_xpaths_that_disagree_with_the_text_are_not_believed() -> None:
    fields = path("/h1[1]/text()[1]", 0, "/h1[1]/text()[1]", 3, "two")
    assert locate(PAGE, **fields, globalOffsets={"start": 7, "end": 10}) == "two"
    assert locate(PAGE, **fields) == "two"  # it stands once


@pytest.mark.parametrize(
    "fields",
    [
        path("/h1[9]/text()[1]", 0, "/h1[1]/text()[1]", 3),
        path("//*[@id='x']", 0, "/h1[1]/text()[1]", 3),
        {"start": None, "end": 3},
        path("/h1[1]/text()[1]", 0, "/h1[1]/text()[1]", 3, "nowhere"),
    ],
)
def test_what_cannot_be_located_is_a_reason(fields: dict[str, Any]) -> None:
    assert locate(PAGE, **fields) in {
        "malformed value: a span needs start and end",
        "span does not match its text",
    }


MARKUP = ["<p>", "</p>", "<b>", "</b>", "<td>", "<tr>", "<table>", "</table>", "<li>"]


@given(st.lists(st.sampled_from([*MARKUP, "a", " b ", "&lt;", "<br>", "&#0;"])))
def test_any_markup_has_a_text(parts: list[str]) -> None:
    html = "".join(parts)
    text = shown(html)
    assert text.count("a") == parts.count("a")
    assert text.count("<") == parts.count("&lt;")


@pytest.mark.parametrize(
    "section", ["<![ endif]>", "<![>", "<![if !x]>", "<![CDATA[x]]>"]
)
def test_marked_sections_are_comments(section: str) -> None:
    """Pages saved by word processors have them, malformed ones too."""
    assert shown(f"<p>one{section}two</p>") == "onetwo"


def test_a_marked_section_that_never_ends_leaves_what_is_before_it() -> None:
    assert shown("<p>one</p><![").startswith("one")


class CountedNodes(list[Any]):
    """The children of a node; counts how often one of them is looked at."""

    looked = 0

    def __iter__(self) -> Iterator[Any]:
        for node in super().__iter__():
            self.looked += 1
            yield node


def test_each_child_of_a_node_is_looked_at_once_for_all_spans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work is counted: once for each span would be 100 times it."""
    body = HyperTextBody("".join(f"<p>{n} \U0001f44b</p>" for n in range(100)))
    root = body._root
    root.children = children = CountedNodes(root.children)
    mapped: list[str] = []

    def note_map(text: str) -> Utf16Map:
        mapped.append(text)
        return Utf16Map(text)

    monkeypatch.setattr(hypertext, "Utf16Map", note_map)
    paths = [f"/p[{n}]/text()[1]" for n in range(1, 101)] * 2
    places = body.locate(
        [SpanValue(start=p, end=p, start_offset=0, end_offset=2) for p in paths]
    )
    assert not any(isinstance(place, str) for place in places)
    assert children.looked == 100
    assert len(mapped) == 101  # each node, and the page


@pytest.mark.parametrize("number", ["0", "3", "9" * 5000])
def test_a_number_that_no_child_has_leads_nowhere(number: str) -> None:
    step = f"/p[{number}]/text()[1]"
    assert locate("<p>a</p><p>b</p>", **path(step, 0, step, 1)) not in {"a", "b"}


@pytest.mark.parametrize("tail", ["<b", '<a href="x', "a < b &amp; c", "<!-- c", "</"])
def test_what_no_bracket_ends_is_text(tail: str) -> None:
    assert shown(f"<p>one</p>{tail}") == "one\n" + tail.replace("&amp;", "&")


@pytest.mark.parametrize("piece", ["<a ", "<!--a>", '<a x="1>" ', "<!--"])
def test_tags_and_comments_that_never_end_are_not_searched_each_to_the_end(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is counted: the end of each is up to 1000 times the page."""
    searched: list[int] = []

    def note(name: str) -> None:
        parse = getattr(HTMLParser, name)

        def noted(self: HTMLParser, i: int, *others: Any) -> Any:
            searched.append(len(self.rawdata) - i)
            return parse(self, i, *others)

        monkeypatch.setattr(HTMLParser, name, noted)

    note("parse_starttag")
    note("parse_comment")
    html = "<p>one</p>" + piece * 2000
    assert shown(html).startswith("one")
    assert sum(searched) < 40 * len(html)


def test_comments_that_never_end_leave_the_tags_in_them() -> None:
    assert shown("<p>a</p><!-- b >" * 99) == "a\n<!-- b >\n" * 98 + "a\n<!-- b >"


class CountedNode(markup.Node):
    """Counts the steps from nodes to their parents."""

    __slots__ = ()
    steps = 0

    def __getattribute__(self, name: str) -> Any:
        CountedNode.steps += name == "parent"
        return super().__getattribute__(name)


def test_items_that_close_no_other_are_not_sought_in_all_that_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work is counted: to the list for each item would be 100 times it."""
    monkeypatch.setattr(CountedNode, "steps", 0)
    monkeypatch.setattr(markup, "Node", CountedNode)
    document_text("<li><ul>" + "<div>" * 1000 + "<li>a" * 1000)
    assert 0 < CountedNode.steps < 10_000
