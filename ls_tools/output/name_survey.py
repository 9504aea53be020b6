"""Which names of media collide, found from a few bytes per reference.

Surveys of parts of the tasks may be made in several processes and joined. Knows
fingerprints only, and no file names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.output.fingerprints import (
    FINGERPRINT_BITS,
    digest_of,
    from_digests,
    repeated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.output.fingerprints import Fingerprints

SHORT_SUFFIX_DIGITS = 8
"""Hexadecimal digits of a medium's fingerprint that tell colliding names apart."""

_SHORT_SUFFIX_BITS = 4 * SHORT_SUFFIX_DIGITS
_PART_BITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFacts:
    """What must be known of all tasks before one medium is named.

    Attributes:
        colliding: Stems that several owners want.
        shared: Media that several tasks refer to.
        needs_long: Owners whose short suffix is that of another owner of the
            same stem.
        looks_suffixed: Stems that look as if they had a suffix.
    """

    colliding: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()
    needs_long: frozenset[int] = frozenset()
    looks_suffixed: frozenset[int] = frozenset()


@dataclass(slots=True, kw_only=True)
class NameSurvey:
    """Digests of what every reference of some tasks would be called.

    Attributes:
        stems: Of the stem of each reference's natural name, as file systems
            compare it; one after another.
        media: Of the identity of each medium.
        owners: Of what has a name of its own, one for each reference; empty
            where that is the medium.
        suffixed: Of stems that look as if they had a suffix.
    """

    stems: bytearray = field(default_factory=bytearray)
    media: bytearray = field(default_factory=bytearray)
    owners: bytearray = field(default_factory=bytearray)
    suffixed: set[bytes] = field(default_factory=set)

    def add(self, stem: str, medium: str) -> None:
        """Take a reference down: its stem, and the identity of its medium."""
        self.stems += digest_of(stem)
        self.media += digest_of(medium)

    def merge(self, other: NameSurvey) -> None:
        """Add the survey of further tasks, in any order."""
        self.stems += other.stems
        self.media += other.media
        self.owners += other.owners
        self.suffixed |= other.suffixed

    def settle(self) -> NameFacts:
        """What follows for the names, whatever order the tasks came in."""
        stems, media = from_digests(self.stems), from_digests(self.media)
        owners = from_digests(self.owners) if self.owners else media
        colliding = _find_colliding(stems, owners)
        return NameFacts(
            colliding=colliding,
            shared=repeated(media),
            needs_long=frozenset(
                owner
                for part in range(1 << _PART_BITS if colliding else 0)
                for owner in _clashing(part, colliding, stems, media, owners)
            ),
            looks_suffixed=frozenset(from_digests(b"".join(self.suffixed))),
        )


def _find_colliding(stems: Fingerprints, owners: Fingerprints) -> frozenset[int]:
    again = repeated(stems)
    if not again:
        return again
    first: dict[int, int] = {}
    return frozenset(
        stem
        for stem, owner in zip(stems, owners, strict=True)
        if stem in again and first.setdefault(stem, owner) != owner
    )


def _clashing(
    part: int,
    colliding: frozenset[int],
    stems: Fingerprints,
    media: Fingerprints,
    owners: Fingerprints,
) -> Iterator[int]:
    """Owners whose stem and short suffix are those of another owner.

    Args:
        part: Looks only at digests of media that begin with these bits, which
            bounds the memory: the suffixes of others begin otherwise.
        colliding: Stems that get a suffix.
        stems: Of every reference.
        media: Likewise.
        owners: Likewise.
    """
    first: dict[int, int] = {}
    for stem, medium, owner in zip(stems, media, owners, strict=True):
        if medium >> FINGERPRINT_BITS - _PART_BITS == part and stem in colliding:
            short = medium >> FINGERPRINT_BITS - _SHORT_SUFFIX_BITS
            other = first.setdefault(stem << _SHORT_SUFFIX_BITS | short, owner)
            if other != owner:
                yield other
                yield owner
