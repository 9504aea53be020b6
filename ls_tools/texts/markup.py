"""HTML as a tree of nodes with one text, counted as browsers count it.

Pure: no script is run, nothing is fetched, and markup that is wrong is read as
browsers read it, roughly.
"""

from __future__ import annotations

from collections import Counter
from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_BLOCK_NAMES = """address article aside blockquote body caption center dd details dialog
div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main
nav ol p pre section summary table tbody td tfoot th thead tr ul"""
_VOID = frozenset(_VOID_NAMES.split())
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_TRANSPARENT = frozenset({"html", "head", "body"})
"""Tags that the editor drops when it puts a page into its own."""

_REMOVED = frozenset({"script"})
"""Tags that the editor drops with what they hold, as it drops comments."""

_HIDDEN = frozenset({"script", "style", "template", "title"})
_COUNTED = frozenset({"style", "title"})
"""Tags whose text is not shown, but counts in the body."""

_HEAD = _HIDDEN | {"base", "head", "html", "link", "meta", "noscript"}
_SWALLOWS_LINE_BREAK = frozenset({"listing", "pre", "textarea"})
_WHITE_SPACE = " \t\n\f"
_PATIENCE = 32
"""How many times all of a page is searched in vain for ends of tags."""

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


class Node:
    """An element, or a run of text.

    Attributes:
        tag: In lower case; ``text()`` for text.
        start: Where its text begins.
        end: Where its text ends.
        parent: The element it is in.
        children: Those of an element.
    """

    __slots__ = ("children", "end", "parent", "start", "tag")

    def __init__(self, tag: str, start: int, parent: Node | None) -> None:
        self.tag: str = tag
        self.start: int = start
        self.end: int = start
        self.parent: Node | None = parent
        self.children: list[Node] = []


class Document(NamedTuple):
    """What markup says.

    Attributes:
        root: Holds all nodes.
        text: All text nodes that are shown one after the other, with a line break
            for each ``<br>``.
        block_edges: Places in ``text`` where blocks begin or end; ascending, some
            of them several times.
        unseen: What offsets count without that it is shown, such as a style sheet
            in the body: its place in ``text``, and what it is; ascending.
    """

    root: Node
    text: str
    block_edges: list[int]
    unseen: list[tuple[int, str]]


def read_markup(html: str) -> Document:
    """Read markup, whatever is wrong with it.

    Args:
        html: A document, or a part of one.
    """
    builder = _TreeBuilder()
    builder.read(html.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(builder.parts)
    return Document(builder.root, text, builder.block_edges, builder.unseen)


def document_text(html: str) -> str:
    r"""The text that offsets in a ``HyperText`` count.

    That is all its text nodes one after the other, white space between tags
    included, and a line break for each ``<br>``; nothing stands between
    paragraphs. As in a browser, white space before the body does not count, nor
    do scripts, and style sheets in the head; those in the body do.

    Args:
        html: As the task data have it; markup that is wrong may be counted
            otherwise than by browsers, which repair it.

    Example:
        >>> document_text("<p>Ada<br>Love<b>lace</b> &amp; co</p><p>London</p>")
        'Ada\nLovelace & coLondon'
    """
    document = read_markup(html)
    pieces: list[str] = []
    start = 0
    for place, unseen in document.unseen:
        pieces += (document.text[start:place], unseen)
        start = place
    return "".join([*pieces, document.text[start:]])


class _TreeBuilder(HTMLParser):
    """Reads markup into a tree, its text into one string.

    Some versions of the parser search all that follows for the end of each tag
    and comment that has none. Here a page that goes on so is read as text.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._node = Node("", 0, None)
        self.parts: list[str] = []
        self.length = 0
        self.block_edges: list[int] = []
        self.unseen: list[tuple[int, str]] = []
        self._hidden = 0
        self._in_body = False
        self._at_line_break = False
        self._open: Counter[str] = Counter()
        self._scopes: list[Counter[str]] = [Counter()]
        self._patience = 0
        self._comments_end = True

    def read(self, html: str) -> None:
        """Read all of a page."""
        self._patience = _PATIENCE * len(html)
        last = html.rfind(">") + 1
        tail = html[last:]  # no tag ends in it: it is text, or of a script
        self.feed(html[:last])
        if self.cdata_elem is not None:
            self.feed(tail)
        self.close()
        if tail and self.cdata_elem is None:
            self.handle_data(unescape(tail))
        self._close(self.root)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self._in_body |= tag not in _HEAD
        self._at_line_break = tag in _SWALLOWS_LINE_BREAK
        if tag in _TRANSPARENT:
            return
        self._close_implied(tag)
        self._note_edge(tag)
        node = Node(tag, self.length, self._node)
        if tag not in _REMOVED:
            self._node.children.append(node)
        if tag == "br":
            self._add("\n")
        if tag in _VOID:
            node.end = self.length
        else:
            self._node = node
            self._open[tag] += 1
            self._enter(tag)
            self._hidden += tag in _HIDDEN

    def handle_endtag(self, tag: str) -> None:
        self._at_line_break = False
        if self._open[tag]:
            node = self._node
            while node.tag != tag and node.parent is not None:
                node = node.parent
            self._close(node)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            if self._in_body and self._node.tag in _COUNTED:
                self.unseen.append((self.length, data))
            return
        shown = self._shown(data)
        if not shown:
            return
        siblings = self._node.children
        if siblings and siblings[-1].tag == "text()":
            node = siblings[-1]
        else:
            node = Node("text()", self.length, self._node)
            siblings.append(node)
        self._add(shown)
        node.end = self.length

    def parse_starttag(self, i: int) -> int:
        end = super().parse_starttag(i) if self._patience > 0 else -1
        if end < 0:
            self._patience -= len(self.rawdata) - i
        return end

    def parse_comment(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002 -- inherited
        end = super().parse_comment(i, report) if self._comments_end else -1
        self._comments_end = end >= 0  # where one has none, later ones have none
        return end

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Read ``<![...>`` as browsers do: as a comment, however it is made."""
        del report
        return self.parse_bogus_comment(i)

    def _shown(self, data: str) -> str:
        """A text without what browsers leave out: before the body, in a ``pre``."""
        if self._at_line_break:
            data = data.removeprefix("\n")
            self._at_line_break = False
        if not self._in_body:
            data = data.lstrip(_WHITE_SPACE)
            self._in_body = bool(data)
        return data

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
        left = sum(self._scopes[-1][other] for other in closed)
        found, node = None, self._node
        while left and node.parent is not None:
            if node.tag in closed:
                found, left = node, left - 1
            node = node.parent
        if found is not None:
            self._close(found)

    def _enter(self, tag: str) -> None:
        """Count what is open in the innermost list or table."""
        if tag in _SCOPES:
            self._scopes.append(Counter())
        else:
            self._scopes[-1][tag] += 1

    def _leave(self, tag: str) -> None:
        if tag in _SCOPES:
            self._scopes.pop()
        else:
            self._scopes[-1][tag] -= 1

    def _close(self, node: Node) -> None:
        while True:
            found = self._node
            found.end = self.length
            self._note_edge(found.tag)
            self._open[found.tag] -= 1
            self._leave(found.tag)
            self._hidden -= found.tag in _HIDDEN
            if found.parent is None:
                return
            self._node = found.parent
            if found is node:
                return
