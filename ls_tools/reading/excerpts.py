"""What stands at some place of the input, in words fit for a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec

_KINDS = {
    ord("{"): "object",
    ord("["): "list",
    ord('"'): "string",
    ord("n"): "null",
    ord("t"): "boolean",
    ord("f"): "boolean",
}
_USERINFO = re.compile(r"//[^/@\s]*@")


def json_kind(raw: msgspec.Raw | bytes | memoryview) -> str:
    """The kind of JSON value that starts here: ``object``, ``list``, ``number`` …."""
    text = bytes(memoryview(raw)[:64]).lstrip()
    return _KINDS.get(text[0], "number") if text else "nothing"


def excerpt(raw: msgspec.Raw | bytes | memoryview, limit: int = 60) -> str:
    """The beginning of ``raw`` for a message: one printable line, no signature."""
    text = bytes(memoryview(raw)[: limit + 1]).decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    if "://" in text and ("?" in text or "@" in text):
        text = _USERINFO.sub("//", text).partition("?")[0] + "…"
    return text if len(text) <= limit else text[: limit - 1] + "…"
