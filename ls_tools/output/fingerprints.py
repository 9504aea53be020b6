"""64-bit fingerprints of texts, and how to find those that occur again."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FINGERPRINT_BITS = 64


def fingerprint(text: str) -> int:
    """The fingerprint of a text: the same in every run and on every machine."""
    raw = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def repeated(fingerprints: Iterable[int]) -> frozenset[int]:
    """The values that occur more than once."""
    ordered = sorted(fingerprints)
    following = iter(ordered)
    next(following, None)
    return frozenset(a for a, b in zip(ordered, following, strict=False) if a == b)
