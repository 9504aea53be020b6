"""64-bit fingerprints of texts, and how to find those that occur again."""

from __future__ import annotations

import sys
from array import array
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from typing_extensions import Buffer

FINGERPRINT_BITS = 64

Fingerprints: TypeAlias = "array[int]"

_PART_BITS = 4
_FEW = 2**16
"""Fingerprints of which as many objects may be in memory."""

_BLANK = blake2b(digest_size=FINGERPRINT_BITS // 8)


def digest_of(text: str) -> bytes:
    """The fingerprint of a text as 8 bytes, the highest first."""
    state = _BLANK.copy()  # quicker than making one
    state.update(text.encode("utf-8", "surrogatepass"))
    return state.digest()


def fingerprint(text: str) -> int:
    """The fingerprint of a text: the same in every run and on every machine."""
    return int.from_bytes(digest_of(text), "big")


def from_digests(digests: Buffer) -> Fingerprints:
    """The fingerprints of what ``digest_of`` gave, one after another."""
    found = array("Q")
    found.frombytes(digests)
    if sys.byteorder == "little":  # pragma: no branch -- as nearly everywhere
        found.byteswap()
    return found


def in_order(fingerprints: Iterable[int]) -> Fingerprints:
    """The values in ascending order, sorted part by part to keep memory low."""
    ordered = array("Q")
    for part in _parts_of(fingerprints):
        ordered.extend(sorted(part))
    return ordered


def repeated(fingerprints: Collection[int]) -> frozenset[int]:
    """The values that occur more than once."""
    few = len(fingerprints) <= _FEW
    parts = [fingerprints] if few else _parts_of(fingerprints)
    return frozenset().union(*map(_repeated_among, parts))


def _parts_of(fingerprints: Iterable[int]) -> list[Fingerprints]:
    """The values by their highest bits."""
    parts = [array("Q") for _ in range(1 << _PART_BITS)]
    for value in fingerprints:
        parts[value >> FINGERPRINT_BITS - _PART_BITS].append(value)
    return parts


def _repeated_among(fingerprints: Collection[int]) -> set[int]:
    if len(set(fingerprints)) == len(fingerprints):
        return set()
    return {a for a, b in pairwise(sorted(fingerprints)) if a == b}
