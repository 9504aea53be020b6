"""How deep JSON is nested, found without recursion."""

from __future__ import annotations

from itertools import accumulate

_PEELINGS = 24
_NEITHER_BRACKET_NOR_QUOTE = bytes(set(range(256)) - set(b'[]{}"'))


def is_deeper_than(raw: bytes, limit: int) -> bool:
    """Whether JSON containers in ``raw`` are nested deeper than ``limit``.

    Costs two quick passes over ``raw``; more only where there are many brackets.
    """
    if len(raw) <= 2 * limit:
        return False
    # Dropping a byte jumps from one to the next, counting it would look at all.
    others = raw.replace(b"{", b"", limit + 1).replace(b"[", b"", limit + 1)
    if len(raw) - len(others) <= limit:
        return False
    return _is_deeper(_structure_of(raw), limit)


def _structure_of(raw: bytes) -> bytes:
    """The brackets of ``raw`` that stand outside of strings."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = raw.translate(None, _NEITHER_BRACKET_NOR_QUOTE)
    return b"".join(marks.replace(b'""', b"").split(b'"')[::2])


def _is_deeper(brackets: bytes, limit: int) -> bool:
    """Peel innermost pairs off layer by layer; count what is deeper one by one.

    Peeling is a pass in C over what is left, and hardly anything is nested deeper
    than a few levels. What is would cost a pass for each of them.
    """
    rest = brackets
    for _ in range(min(limit // _LEVELS_OF_PEEL, _PEELINGS)):
        peeled = _peel(rest)
        if len(peeled) == len(rest):
            # Nothing is left, or brackets that do not match: malformed, not deep.
            return False
        rest = peeled
    return _depth_of(brackets) > limit


_LEVELS_OF_PEEL = 2
"""Most levels that ``_peel`` takes off: of ``{[]}`` both."""


def _peel(brackets: bytes) -> bytes:
    """Drop pairs that enclose nothing, one level of them at least."""
    return brackets.replace(b"[]", b"").replace(b"{}", b"")


def _depth_of(brackets: bytes) -> int:
    """How many of ``brackets`` are open at once, at most."""
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
