"""The text of an HTML document, counted as Label Studio's editor counts it. Pure."""

from __future__ import annotations

from html.parser import HTMLParser

_HIDDEN = frozenset({"script", "style", "template", "title"})
_HEAD = _HIDDEN | {"base", "head", "html", "link", "meta", "noscript"}
_WHITE_SPACE = " \t\n\f"


def document_text(html: str) -> str:
    r"""The text that offsets in a ``HyperText`` count.

    That is all its text nodes one after the other, white space between tags
    included, and a line break for each ``<br>``; nothing stands between
    paragraphs. As in a browser, white space before the body does not count.

    Args:
        html: As the task data have it; markup that is wrong may be counted
            otherwise than by browsers, which repair it.

    Example:
        >>> document_text("<p>Ada<br>Love<b>lace</b> &amp; co</p><p>London</p>")
        'Ada\nLovelace & coLondon'
    """
    reader = _Reader()
    reader.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    """Collects text nodes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._in_body = False
        self._after_pre = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self._in_body |= tag not in _HEAD
        self._after_pre = tag == "pre"
        self._hidden += tag in _HIDDEN
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._after_pre = False
        self._hidden -= tag in _HIDDEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._after_pre:
            data = data.removeprefix("\n")
            self._after_pre = False
        if not self._in_body:
            data = data.lstrip(_WHITE_SPACE)
            self._in_body = bool(data)
        self.parts.append(data)
