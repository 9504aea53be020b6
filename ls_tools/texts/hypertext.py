"""A hypertext as the text that a reader sees, and spans that are told by xpaths."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ls_tools.texts.markup import read_markup
from ls_tools.texts.offsets import Claim, Place, Utf16Map, readings_of, settle
from ls_tools.texts.values import NO_OFFSETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.texts.markup import Node
    from ls_tools.texts.values import SpanValue

_STEP = re.compile(r"([\w-]+|text\(\))(?:\[(\d{1,9})\])?")


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
        document = read_markup(html)
        self._root = document.root
        self._families: dict[Node, dict[str, list[Node]]] = {}
        self._maps: dict[Node, Utf16Map] = {}
        self._nodes_text = document.text
        lengths = [len(text) for _, text in document.unseen]
        self._unseen_before = [0, *accumulate(lengths)]
        self._unseen_ends = [
            place + before
            for (place, _), before in zip(
                document.unseen, self._unseen_before[1:], strict=True
            )
        ]
        self._added = _line_breaks(document.text, document.block_edges)
        self.text: str = _with_breaks(self._nodes_text, self._added)
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

    def _seen(self, offset: int) -> int:
        """A place in all that offsets count as one in the nodes' text."""
        return offset - self._unseen_before[bisect_right(self._unseen_ends, offset)]

    def _claim(self, value: SpanValue, utf16: Utf16Map) -> Claim | None:
        by_path = self._by_path(value)
        span = value.global_span() or value.span()
        if span is not None:
            start, end = map(self._seen, span)
            by_offset = readings_of(start, end, utf16)
        elif any(by_path):
            by_offset = (None,) * 4
        else:
            return None
        return Claim((*by_path, *by_offset), value.text)

    def _by_path(self, value: SpanValue) -> tuple[tuple[int, int] | None, ...]:
        """A span by its xpaths: by UTF-16 units as the page has it, by code points."""
        offsets = value.offsets()
        if offsets is None:
            return None, None
        first, last = self._find(value.start), self._find(value.end)
        if first is None or last is None:
            return None, None
        start, end = offsets
        wide = (
            first.start + self._map(first).code_points(start),
            last.start + self._map(last).code_points(end),
        )
        return wide, (first.start + start, last.start + end)

    def _map(self, node: Node) -> Utf16Map:
        found = self._maps.get(node)
        if found is None:
            found = Utf16Map(self._nodes_text[node.start : node.end])
            self._maps[node] = found
        return found

    def _find(self, path: object) -> Node | None:
        """The node of an xpath such as ``/div[1]/p[2]/text()[1]``."""
        if not isinstance(path, str):
            return None
        node = self._root
        for step in path.strip("/").split("/"):
            found = _STEP.fullmatch(step.strip())
            if found is None:
                return None
            child = self._child(node, found[1].lower(), int(found[2] or 1))
            if child is not None:
                node = child
            elif found[1].lower() != "tbody":  # which browsers add
                return None
        return node

    def _child(self, node: Node, tag: str, number: int) -> Node | None:
        """The first, second, ... child of a node with some tag."""
        family = self._families.get(node)
        if family is None:
            family = self._families[node] = _by_tag(node.children)
        named = family.get(tag, ())
        return named[number - 1] if 0 < number <= len(named) else None


def _by_tag(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.tag, []).append(node)
    return found


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
