"""64-bit fingerprints of texts, and how to find those that occur again."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

FINGERPRINT_BITS = 64

Fingerprints: TypeAlias = "array[int]"

_PART_BITS = 4


def fingerprint(text: str) -> int:
    """The fingerprint of a text: the same in every run and on every machine."""
    raw = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def in_order(fingerprints: Iterable[int]) -> Fingerprints:
    """The values in ascending order, sorted part by part to keep memory low."""
    parts = [array("Q") for _ in range(1 << _PART_BITS)]
    for value in fingerprints:
        parts[value >> FINGERPRINT_BITS - _PART_BITS].append(value)
    ordered = array("Q")
    for part in parts:
        ordered.extend(sorted(part))
    return ordered


def repeated(fingerprints: Iterable[int]) -> frozenset[int]:
    """The values that occur more than once."""
    ordered = in_order(fingerprints)
    following = iter(ordered)
    next(following, None)
    return frozenset(a for a, b in zip(ordered, following, strict=False) if a == b)
