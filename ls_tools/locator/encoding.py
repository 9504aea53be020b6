"""Percent-encoding: one spelling for every URL that means the same."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote, unquote, unquote_plus

_TRIPLET = re.compile(r"(%[0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
PATH_SAFE = "/~!$&'()*+,;=:@"
QUERY_SAFE = PATH_SAFE + "?[]"


def normal_quoting(text: str, safe: str) -> str:
    """``text`` with what must be encoded encoded, and nothing else.

    Existing escapes stay, in upper case, except those of unreserved characters.
    """
    if "%" not in text:
        return _quote(text, safe)
    pieces = _TRIPLET.split(text)
    return "".join(
        _normal_triplet(piece) if index % 2 else _quote(piece, safe)
        for index, piece in enumerate(pieces)
    )


def _normal_triplet(triplet: str) -> str:
    character = chr(int(triplet[1:], 16))
    return character if _UNRESERVED.match(character) else triplet.upper()


def decode_path(path: str) -> str:
    """``path`` decoded once; bytes that are no UTF-8 survive a later quoting."""
    return unquote(path, errors="surrogateescape")


def encode_path(path: str, safe: str = PATH_SAFE) -> str:
    """A decoded path as it stands in a URL."""
    return _quote(path, safe, "surrogateescape")


def _quote(text: str, safe: str, errors: str = "strict") -> str:
    """``quote``, which goes through a text byte by byte, for what needs it alone."""
    return _unsafe(safe).sub(lambda run: quote(run.group(), safe, errors=errors), text)


@cache
def _unsafe(safe: str) -> re.Pattern[str]:
    return re.compile(rf"[^A-Za-z0-9_.~{re.escape(safe)}-]+")


def parameter(query: str, name: str) -> str | None:
    """The last value of a query parameter, still encoded; None where absent."""
    value = None
    for item in query.split("&"):
        key, _, text = item.partition("=")
        if unquote_plus(key) == name:
            value = text
    return value


def decode_parameter(value: str) -> str:
    """A query value decoded once, ``+`` as a space."""
    return unquote_plus(value, errors="surrogateescape")
