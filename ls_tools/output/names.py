"""File names of the output's media: the server's names, without collisions.

A cheap pass over all tasks finds the names that collide. Knows no format; opens
no file.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Protocol
from unicodedata import normalize

import msgspec

from ls_tools.locator import safe_file_name
from ls_tools.output.fingerprints import digest_of, fingerprint
from ls_tools.output.identities import IdentityReader
from ls_tools.output.name_survey import SHORT_SUFFIX_DIGITS, NameFacts, NameSurvey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ls_tools.locator import Locator

NameStyle = Literal["original", "task-id"]

LONGEST_NAME_BYTES = 200
"""Longest file name in bytes of UTF-8, its extension included."""

_LONGEST_EXTENSION_BYTES = 16
_LONG_SUFFIX_DIGITS = 16
_LOOKS_SUFFIXED = re.compile(r"_(?:[0-9a-f]{8}|[0-9a-f]{16})\Z")


class HasData(Protocol):
    """A task as far as names are concerned.

    Attributes:
        id: Task id.
        data: Task data.
    """

    id: int | str | None
    data: dict[str, Any]


class Named(msgspec.Struct, frozen=True, gc=False):
    """What a plan says of one reference.

    Attributes:
        name: The file name.
        stem: It without its extension.
        canonical: The reference as it may be written down: without secrets.
        is_shared: Whether several tasks refer to the same medium.
    """

    name: str
    stem: str
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
        facts: What a plan of the same style was settled with, in this process
            or another; nothing collides where left out.

    Attributes:
        facts: What the names follow from, besides the references.
    """

    def __init__(
        self,
        locate: Callable[[str], Locator],
        *,
        style: NameStyle = "original",
        facts: NameFacts | None = None,
    ) -> None:
        self.facts: NameFacts = facts or NameFacts()
        self._identities = IdentityReader(locate)
        self._is_by_task = style == "task-id"
        self._last: tuple[str, int | str | None, Named] | None = None

    def survey(
        self,
        tasks: Iterable[HasData],
        references_of: Callable[[HasData], Sequence[str]],
    ) -> NameSurvey:
        """What naming the media of ``tasks`` takes; a part of what ``settle`` does.

        Args:
            tasks: Some of the tasks that may be written.
            references_of: The distinct media references of a task.
        """
        survey, read = NameSurvey(), self._identities.read
        for task in tasks:
            for reference in references_of(task):
                found = read(reference)
                identity = found.identity
                stem = _fold(self._natural(found.file_name, task.id)[0])
                survey.add(stem, identity)
                if self._is_by_task:
                    survey.owners += digest_of(self._who(identity, task.id))
                if _LOOKS_SUFFIXED.search(stem):
                    survey.suffixed.add(digest_of(stem))
        return survey

    def settle(self, survey: NameSurvey) -> None:
        """Settle all names.

        Args:
            survey: Of every task that may be written, and no others: surveys of
                parts of them, joined.
        """
        self.facts = survey.settle()
        self._last = None

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
        return self.named(reference, task).stem

    def is_shared(self, reference: str) -> bool:
        """Whether several tasks refer to the same medium."""
        last = self._last
        if last is not None and last[0] == reference:
            return last[2].is_shared
        return self._is_shared(self._identities.read(reference).identity)

    @property
    def has_shared(self) -> bool:
        """Whether there is any medium that several tasks refer to."""
        return bool(self.facts.shared)

    def _is_shared(self, identity: str) -> bool:
        shared = self.facts.shared
        return bool(shared) and fingerprint(identity) in shared

    def _natural(self, name: str, task_id: int | str | None) -> tuple[str, str]:
        """Stem and extension where nothing collides; the file is never hidden."""
        if self._is_by_task:
            stem = "task" if task_id is None else str(task_id)
            name = safe_file_name(stem + _split(name)[1])
        stem, extension = _split(name)
        if stem[-1] in " .":  # lost on Windows where it names a folder
            stem = stem.rstrip(" .") or "_"
        if stem[0] == ".":
            stem = "_" + stem[1:]
        return stem, extension

    def _who(self, identity: str, task_id: int | str | None) -> str:
        """What has a name of its own."""
        return f"{identity}\0{task_id!r}" if self._is_by_task else identity

    def _find(self, reference: str, task_id: int | str | None) -> Named:
        found = self._identities.read(reference)
        identity = found.identity
        stem, extension = self._natural(found.file_name, task_id)
        colliding = self.facts.colliding
        if colliding and fingerprint(_fold(stem)) in colliding:
            stem = self._without_collision(stem, extension, identity, task_id)
        return Named(stem + extension, stem, found.canonical, self._is_shared(identity))

    def _without_collision(
        self, stem: str, extension: str, identity: str, task_id: int | str | None
    ) -> str:
        for suffix in self._suffixes(identity, self._who(identity, task_id)):
            room = LONGEST_NAME_BYTES - len(f"_{suffix}{extension}".encode())
            if len(stem.encode()) > room and len(suffix) == SHORT_SUFFIX_DIGITS:
                continue  # what a cut takes away, a longer suffix gives back
            candidate = f"{_cut(stem, room)}_{suffix}"
            if fingerprint(_fold(candidate)) not in self.facts.looks_suffixed:
                return candidate
        raise AssertionError(stem)  # pragma: no cover -- suffixes never end

    def _suffixes(self, identity: str, owner: str) -> Iterator[str]:
        if fingerprint(owner) not in self.facts.needs_long:
            yield _hexadecimal(fingerprint(identity), SHORT_SUFFIX_DIGITS)
        yield _hexadecimal(fingerprint(owner), _LONG_SUFFIX_DIGITS)
        for attempt in count():  # pragma: no branch -- without end
            yield _hexadecimal(fingerprint(f"{owner}\0{attempt}"), _LONG_SUFFIX_DIGITS)


def _split(name: str) -> tuple[str, str]:
    """Stem and extension; what is too long for an extension is none."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _LONGEST_EXTENSION_BYTES:
        return name, ""
    return stem, dot + extension


def _hexadecimal(digest: int, length: int) -> str:
    return f"{digest:016x}"[:length]


def _fold(stem: str) -> str:
    """The form in which file systems without case or Unicode forms compare."""
    if stem.isascii():
        return stem.lower()
    return normalize("NFC", normalize("NFC", stem).casefold())


def _cut(stem: str, size_bytes: int) -> str:
    return stem.encode()[:size_bytes].decode(errors="ignore").rstrip(". ") or "_"
