"""HTML as the text that a reader sees, and spans that are told by xpaths.

Pure: no script is run, nothing is fetched, and markup that is wrong is read as
browsers read it, roughly.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

from ls_tools.texts.offsets import Claim, Place, Utf16Map, readings_of, settle
from ls_tools.texts.values import NO_OFFSETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.texts.values import SpanValue

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_BLOCK_NAMES = """address article aside blockquote body caption center dd details dialog
div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main
nav ol p pre section summary table tbody td tfoot th thead title tr ul"""
_VOID = frozenset(_VOID_NAMES.split())
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_TRANSPARENT = frozenset({"html", "head", "body"})
"""Tags that the editor drops when it puts a page into its own."""

_HIDDEN = frozenset({"script", "style", "template"})
_CLOSED_BY: dict[str, frozenset[str]] = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "tr": frozenset({"tr", "td", "th"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "option": frozenset({"option"}),
}
_SCOPES = frozenset({"ul", "ol", "dl", "table", "select"})
_STEP = re.compile(r"([\w-]+|text\(\))(?:\[(\d+)\])?")


class _Node:
    """An element, or a run of text.

    Attributes:
        tag: In lower case; ``text()`` for text.
        start: Where its text begins.
        end: Where its text ends.
        parent: The element it is in.
        children: Those of an element.
    """

    __slots__ = ("children", "end", "parent", "start", "tag")

    def __init__(self, tag: str, start: int, parent: _Node | None) -> None:
        self.tag = tag
        self.start = self.end = start
        self.parent = parent
        self.children: list[_Node] = []


class _TreeBuilder(HTMLParser):
    """Reads markup into a tree, its text into one string."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._node = _Node("", 0, None)
        self.parts: list[str] = []
        self.length = 0
        self.block_edges: list[int] = []
        self._hidden = 0
        self._open: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _TRANSPARENT:
            return
        self._close_implied(tag)
        self._note_edge(tag)
        node = _Node(tag, self.length, self._node)
        self._node.children.append(node)
        if tag == "br":
            self._add("\n")
        if tag in _VOID:
            node.end = self.length
        else:
            self._node = node
            self._open[tag] += 1
            self._hidden += tag in _HIDDEN

    def handle_endtag(self, tag: str) -> None:
        if self._open[tag]:
            node = self._node
            while node.tag != tag and node.parent is not None:
                node = node.parent
            self._close(node)

    def handle_data(self, data: str) -> None:
        siblings = self._node.children
        if siblings and siblings[-1].tag == "text()":
            node = siblings[-1]
        else:
            node = _Node("text()", self.length, self._node)
            siblings.append(node)
        if not self._hidden:
            self._add(data)
        node.end = self.length

    def handle_comment(self, data: str) -> None:
        del data
        self._node.children.append(_Node("comment()", self.length, self._node))

    def close(self) -> None:
        super().close()
        self._close(self.root)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _note_edge(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.block_edges.append(self.length)

    def _close_implied(self, tag: str) -> None:
        """Close what a start tag ends without saying so, as browsers do."""
        if tag in _BLOCKS and self._node.tag == "p":
            self._close(self._node)
        closed = _CLOSED_BY.get(tag, ())
        if not any(self._open[other] for other in closed):
            return
        found, node = None, self._node
        while node.parent is not None and node.tag not in _SCOPES:
            if node.tag in closed:
                found = node
            node = node.parent
        if found is not None:
            self._close(found)

    def _close(self, node: _Node) -> None:
        while True:
            found = self._node
            found.end = self.length
            self._note_edge(found.tag)
            self._open[found.tag] -= 1
            self._hidden -= found.tag in _HIDDEN
            if found.parent is None:
                return
            self._node = found.parent
            if found is node:
                return


class HyperTextBody:
    """A ``HyperText``: its text without tags, one block a line.

    Spans are placed in the text of the document's nodes, which has no line
    breaks between blocks; ``text`` has them, so that words of two blocks do
    not run together.

    Attributes:
        text: The text.
        breaks: Where blocks begin.
    """

    def __init__(self, html: str) -> None:
        builder = _TreeBuilder()
        builder.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
        builder.close()
        self._root = builder.root
        self._nodes_text = "".join(builder.parts)
        self._added = _line_breaks(self._nodes_text, builder.block_edges)
        self.text = _with_breaks(self._nodes_text, self._added)
        self.breaks: Sequence[int] = [
            place + number + 1 for number, place in enumerate(self._added)
        ]

    def locate(self, values: Sequence[SpanValue]) -> list[Place | str]:
        """Where spans are in ``text``, or the reasons why that is unknown."""
        utf16 = Utf16Map(self._nodes_text)
        claims = [self._claim(value, utf16) for value in values]
        places = iter(settle(self._nodes_text, [claim for claim in claims if claim]))
        return [
            NO_OFFSETS if claim is None else self._shown(next(places))
            for claim in claims
        ]

    def _shown(self, place: Place | str) -> Place | str:
        """A place in the nodes' text as one in ``text``."""
        if isinstance(place, str):
            return place
        start = place.start + bisect_right(self._added, place.start)
        return Place(
            start, place.end + bisect_left(self._added, place.end), place.moved
        )

    def _claim(self, value: SpanValue, utf16: Utf16Map) -> Claim | None:
        by_path = self._by_path(value)
        span = value.global_span() or value.span()
        if span is not None:
            by_offset = readings_of(*span, utf16)
        elif any(by_path):
            by_offset = (None,) * 4
        else:
            return None
        return Claim((*by_path, *by_offset), value.text)

    def _by_path(self, value: SpanValue) -> tuple[tuple[int, int] | None, ...]:
        """A span by its xpaths, offsets in code points and in UTF-16 units."""
        offsets = value.offsets()
        if offsets is None:
            return None, None
        first, last = self._find(value.start), self._find(value.end)
        if first is None or last is None:
            return None, None
        start, end = offsets
        return (
            (first.start + start, last.start + end),
            (
                first.start + self._map(first).code_points(start),
                last.start + self._map(last).code_points(end),
            ),
        )

    def _map(self, node: _Node) -> Utf16Map:
        return Utf16Map(self._nodes_text[node.start : node.end])

    def _find(self, path: object) -> _Node | None:
        """The node of an xpath such as ``/div[1]/p[2]/text()[1]``."""
        if not isinstance(path, str):
            return None
        node = self._root
        for step in path.strip("/").split("/"):
            found = _STEP.fullmatch(step.strip())
            if found is None:
                return None
            child = _child(node, found[1].lower(), int(found[2] or 1))
            if child is not None:
                node = child
            elif found[1].lower() != "tbody":  # which browsers add
                return None
        return node


def _child(node: _Node, tag: str, number: int) -> _Node | None:
    for child in node.children:
        if child.tag == tag:
            number -= 1
            if not number:
                return child
    return None


def _line_breaks(text: str, edges: Sequence[int]) -> list[int]:
    """The edges of blocks where the text has no line break yet."""
    return [
        place
        for place in sorted(set(edges))
        if 0 < place < len(text) and "\n" not in text[place - 1 : place + 1]
    ]


def _with_breaks(text: str, places: Sequence[int]) -> str:
    edges = [0, *places, len(text)]
    return "\n".join(text[start:end] for start, end in pairwise(edges))
