"""How deep JSON is nested, found without recursion."""

from __future__ import annotations

from itertools import accumulate

_PEELED_LEVELS = 24
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_deeper_than(raw: bytes, limit: int) -> bool:
    """Whether JSON containers in ``raw`` are nested deeper than ``limit``.

    Costs a pass over ``raw``; more only where there are many brackets.
    """
    if len(raw) <= 2 * limit:
        return False
    if raw.count(b"{") + raw.count(b"[") <= limit:
        return False
    return _is_deeper(_structure_of(raw), limit)


def _structure_of(raw: bytes) -> bytes:
    """The brackets of ``raw`` that stand outside of strings."""
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    return outside.translate(None, _NO_BRACKETS)


def _is_deeper(brackets: bytes, limit: int) -> bool:
    """Peel innermost pairs off level by level; count what is deeper one by one.

    Peeling is a pass in C over what is left, and hardly anything is nested deeper
    than a few levels. What is would cost a pass for each of them.
    """
    rounds = min(limit, _PEELED_LEVELS)
    for _ in range(rounds):
        peeled = _peel(brackets)
        if len(peeled) == len(brackets):
            # Nothing is left, or brackets that do not match: malformed, not deep.
            return False
        brackets = peeled
    return _depth_of(brackets) > limit - rounds


def _peel(brackets: bytes) -> bytes:
    """Drop each pair that encloses nothing: one level of them."""
    marked = brackets.replace(b"[]", b"  ").replace(b"{}", b"  ")
    return marked.replace(b" ", b"")


def _depth_of(brackets: bytes) -> int:
    """How many of ``brackets`` are open at once, at most."""
    steps = (1 if bracket in b"[{" else -1 for bracket in brackets)
    return max(accumulate(steps), default=0)
