"""File names taken from data, made safe for every file system."""

from __future__ import annotations

import re
from urllib.parse import unquote

_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*'
    r"\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_EDGES = re.compile(r"\A[\s.]+|[\s.]+\Z")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\Z", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:\.[A-Za-z0-9]{1,12}){1,2}\Z")
_FALLBACK = "file"


def safe_file_name(name: str, *, limit_bytes: int = 200) -> str:
    """``name`` as a single path component that any file system accepts.

    Separators, control characters, direction marks and what Windows forbids
    become ``_``; a long name is cut before its extension.

    Args:
        name: A decoded name; what stands before a slash is kept as text.
        limit_bytes: Longest result in bytes of UTF-8, at least 32.

    Returns:
        A name that is neither empty, ``.`` nor ``..``. Passing it in again
        gives it back unchanged.
    """
    clean = _EDGES.sub("", _UNSAFE.sub("_", name))
    hidden = name.startswith(".") and clean
    clean = _shorten(f".{clean}" if hidden else clean or _FALLBACK, limit_bytes)
    if _RESERVED.match(clean.partition(".")[0].rstrip()):
        clean = _shorten("_" + clean, limit_bytes)
    return clean


def base_name(path: str) -> str:
    """The last named component of a decoded path; empty where there is none."""
    return path.rstrip("/").rpartition("/")[2]


def decoded_base_name(path: str) -> str:
    """The last named component of a percent-encoded path, decoded.

    An encoded slash separates like a plain one.
    """
    return base_name(unquote(path, errors="replace"))


def _shorten(name: str, limit_bytes: int) -> str:
    if len(name.encode()) <= limit_bytes:
        return name
    match = _EXTENSION.search(name)
    extension = match.group() if match else ""
    room = limit_bytes - len(extension)
    stem = name[: len(name) - len(extension)].encode()[:room].decode(errors="ignore")
    return _EDGES.sub("", stem) + extension
