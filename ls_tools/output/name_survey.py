"""Which names of media collide, found from a few bytes per reference.

Surveys of parts of the tasks may be made in several processes and joined. Knows
fingerprints only, and no file names.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.output.fingerprints import FINGERPRINT_BITS, Fingerprints, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT_SUFFIX_DIGITS = 8
"""Hexadecimal digits of a medium's fingerprint that tell colliding names apart."""

_SHORT_SUFFIX_BITS = 4 * SHORT_SUFFIX_DIGITS
_PART_BITS = 3


def _none() -> Fingerprints:
    return array("Q")


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
    """Fingerprints of what every reference of some tasks would be called.

    Attributes:
        stems: Of the stem of each reference's natural name, as file systems
            compare it.
        media: Of the identity of each medium.
        owners: Of what has a name of its own, one for each reference; empty
            where that is the medium.
        suffixed: Stems that look as if they had a suffix.
    """

    stems: Fingerprints = field(default_factory=_none)
    media: Fingerprints = field(default_factory=_none)
    owners: Fingerprints = field(default_factory=_none)
    suffixed: set[int] = field(default_factory=set)

    def extend(self, other: NameSurvey) -> None:
        """Join the survey of further tasks to this one."""
        self.stems.extend(other.stems)
        self.media.extend(other.media)
        self.owners.extend(other.owners)
        self.suffixed |= other.suffixed

    def settle(self) -> NameFacts:
        """What follows for the names, whatever order the tasks came in."""
        colliding = self._colliding()
        return NameFacts(
            colliding=colliding,
            shared=repeated(self.media),
            needs_long=frozenset(self._needing_long(colliding)),
            looks_suffixed=frozenset(self.suffixed),
        )

    def _colliding(self) -> frozenset[int]:
        again = repeated(self.stems)
        if not again:
            return again
        first: dict[int, int] = {}
        return frozenset(
            stem
            for stem, owner in zip(self.stems, self.owners or self.media, strict=True)
            if stem in again and first.setdefault(stem, owner) != owner
        )

    def _needing_long(self, colliding: frozenset[int]) -> Iterator[int]:
        if colliding:
            for part in range(1 << _PART_BITS):
                yield from self._clashing(part, colliding)

    def _clashing(self, part: int, colliding: frozenset[int]) -> Iterator[int]:
        """Owners whose stem and short suffix are those of another owner.

        Args:
            part: Looks only at digests of media that begin with these bits,
                which bounds the memory: the suffixes of others begin otherwise.
            colliding: Stems that get a suffix.
        """
        first: dict[int, int] = {}
        owners = self.owners or self.media
        for stem, medium, owner in zip(self.stems, self.media, owners, strict=True):
            if medium >> FINGERPRINT_BITS - _PART_BITS == part and stem in colliding:
                short = medium >> FINGERPRINT_BITS - _SHORT_SUFFIX_BITS
                other = first.setdefault(stem << _SHORT_SUFFIX_BITS | short, owner)
                if other != owner:
                    yield other
                    yield owner
