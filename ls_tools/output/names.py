"""File names of the output's media: the server's names, without collisions.

A cheap pass over all tasks finds the names that collide, and keeps a few bytes
per reference while it runs. Knows no format; opens no file.
"""

from __future__ import annotations

import re
from array import array
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol
from unicodedata import normalize

from ls_tools.locator import safe_file_name
from ls_tools.output.fingerprints import (
    FINGERPRINT_BITS,
    Fingerprints,
    fingerprint,
    repeated,
)
from ls_tools.output.identities import IdentityReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ls_tools.locator import Locator

NameStyle = Literal["original", "task-id"]

LONGEST_NAME_BYTES = 200
"""Longest file name in bytes of UTF-8, its extension included."""

_LONGEST_EXTENSION_BYTES = 16
_PART_BITS = 3
_SHORT, _LONG = 8, 16
_LOOKS_SUFFIXED = re.compile(r"_(?:[0-9a-f]{8}|[0-9a-f]{16})\Z")


class HasData(Protocol):
    """A task as far as names are concerned.

    Attributes:
        id: Task id.
        data: Task data.
    """

    id: int | str | None
    data: dict[str, Any]


class Named(NamedTuple):
    """What a plan says of one reference.

    Attributes:
        name: The file name.
        canonical: The reference as it may be written down: without secrets.
        is_shared: Whether several tasks refer to the same medium.
    """

    name: str
    canonical: str
    is_shared: bool


class NamePlan:
    """One file name per medium; under ``task-id`` one per task and medium.

    No two names of a plan have the same stem, in any letter case or Unicode
    form: ``a.jpg`` and ``A.png`` would share ``labels/a.txt``. Where the
    server's names collide, each of them gets a suffix made from its reference.

    Args:
        locate: Parses a reference.
        style: ``original`` keeps the server's file names; ``task-id`` names
            media after their task, and they never change.
    """

    def __init__(
        self, locate: Callable[[str], Locator], *, style: NameStyle = "original"
    ) -> None:
        self._identities = IdentityReader(locate)
        self._is_by_task = style == "task-id"
        self._colliding: frozenset[int] = frozenset()
        self._shared: frozenset[int] = frozenset()
        self._needs_long: frozenset[int] = frozenset()
        self._looks_suffixed: frozenset[int] = frozenset()
        self._last: tuple[str, int | str | None, Named] | None = None

    @classmethod
    def build(
        cls,
        tasks: Iterable[HasData],
        references_of: Callable[[HasData], Sequence[str]],
        locate: Callable[[str], Locator],
        *,
        style: NameStyle = "original",
    ) -> NamePlan:
        """The plan for all media of ``tasks``.

        Args:
            tasks: Every task that may be written, and no others.
            references_of: The distinct media references of a task.
            locate: Parses a reference.
            style: As for the class.
        """
        plan = cls(locate, style=style)
        plan._learn((r, task.id) for task in tasks for r in references_of(task))
        return plan

    def named(self, reference: str, task: HasData) -> Named:
        """Everything about a reference of a task.

        The same medium gives the same name, and no other does.
        """
        last = self._last
        if last is None or last[0] != reference or last[1] != task.id:
            last = reference, task.id, self._find(reference, task.id)
            self._last = last
        return last[2]

    def name(self, reference: str, task: HasData) -> str:
        """The file name for a reference of a task; at most 200 bytes of UTF-8."""
        return self.named(reference, task).name

    def stem(self, reference: str, task: HasData) -> str:
        """``name`` without its extension, for files that go with the medium."""
        return _split(self.named(reference, task).name)[0]

    def is_shared(self, reference: str) -> bool:
        """Whether several tasks refer to the same medium."""
        last = self._last
        if last is not None and last[0] == reference:
            return last[2].is_shared
        return self._is_shared(self._identities.read(reference).identity)

    def _is_shared(self, identity: str) -> bool:
        return bool(self._shared) and fingerprint(identity) in self._shared

    def _natural_name(self, name: str, task_id: int | str | None) -> str:
        """The name where nothing collides; never one that hides the file."""
        if self._is_by_task:
            stem = "task" if task_id is None else str(task_id)
            name = safe_file_name(stem + _split(name)[1])
        stem, extension = _split(name)
        if stem.endswith((" ", ".")):  # lost on Windows where it names a folder
            name = (stem.rstrip(" .") or "_") + extension
        return "_" + name[1:] if name.startswith(".") else name

    def _who(self, identity: str, task_id: int | str | None) -> str:
        """What has a name of its own."""
        return f"{identity}\0{task_id!r}" if self._is_by_task else identity

    def _learn(self, references: Iterator[tuple[str, int | str | None]]) -> None:
        stems, media, owners = array("Q"), array("Q"), array("Q")
        suffixed: set[int] = set()
        for reference, task_id in references:
            identity, name, _ = self._identities.read(reference)
            stem = _fold(_split(self._natural_name(name, task_id))[0])
            stems.append(fingerprint(stem))
            media.append(fingerprint(identity))
            if self._is_by_task:
                owners.append(fingerprint(self._who(identity, task_id)))
            if _LOOKS_SUFFIXED.search(stem):
                suffixed.add(stems[-1])
        self._shared = repeated(media)
        self._looks_suffixed = frozenset(suffixed)
        self._settle(stems, media, owners if self._is_by_task else media)

    def _settle(
        self, stems: Fingerprints, media: Fingerprints, owners: Fingerprints
    ) -> None:
        """Find the stems that several owners want, and whose suffixes clash."""
        again = repeated(stems)
        if not again:
            return
        first: dict[int, int] = {}
        colliding: set[int] = set()
        for stem, owner in zip(stems, owners, strict=True):
            if stem in again and first.setdefault(stem, owner) != owner:
                colliding.add(stem)
        self._colliding = frozenset(colliding)
        self._needs_long = frozenset(
            owner
            for part in range(1 << _PART_BITS)
            for owner in _clashing(part, colliding, stems, media, owners)
        )

    def _find(self, reference: str, task_id: int | str | None) -> Named:
        identity, name, canonical = self._identities.read(reference)
        natural = self._natural_name(name, task_id)
        if self._colliding:
            natural = self._without_collision(natural, identity, task_id)
        return Named(natural, canonical, self._is_shared(identity))

    def _without_collision(
        self, name: str, identity: str, task_id: int | str | None
    ) -> str:
        stem, extension = _split(name)
        if fingerprint(_fold(stem)) not in self._colliding:
            return name
        for suffix in self._suffixes(identity, self._who(identity, task_id)):
            room = LONGEST_NAME_BYTES - len(f"_{suffix}{extension}".encode())
            if len(stem.encode()) > room and len(suffix) == _SHORT:
                continue  # what a cut takes away, a longer suffix gives back
            candidate = f"{_cut(stem, room)}_{suffix}"
            if fingerprint(_fold(candidate)) not in self._looks_suffixed:
                return candidate + extension
        raise AssertionError(name)  # pragma: no cover -- suffixes never end

    def _suffixes(self, identity: str, owner: str) -> Iterator[str]:
        if fingerprint(owner) not in self._needs_long:
            yield _hexadecimal(fingerprint(identity), _SHORT)
        yield _hexadecimal(fingerprint(owner), _LONG)
        for attempt in count():  # pragma: no branch -- without end
            yield _hexadecimal(fingerprint(f"{owner}\0{attempt}"), _LONG)


def _split(name: str) -> tuple[str, str]:
    """Stem and extension; what is too long for an extension is none."""
    stem, _, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _LONGEST_EXTENSION_BYTES:
        return name, ""
    return stem, f".{extension}"


def _hexadecimal(digest: int, length: int) -> str:
    return f"{digest:016x}"[:length]


def _fold(stem: str) -> str:
    """The form in which file systems without case or Unicode forms compare."""
    if stem.isascii():
        return stem.lower()
    return normalize("NFC", normalize("NFC", stem).casefold())


def _cut(stem: str, size_bytes: int) -> str:
    return stem.encode()[:size_bytes].decode(errors="ignore").rstrip(". ") or "_"


def _clashing(
    part: int,
    colliding: set[int],
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
            short = medium >> FINGERPRINT_BITS - 4 * _SHORT
            other = first.setdefault(stem << 4 * _SHORT | short, owner)
            if other != owner:
                yield other
                yield owner
