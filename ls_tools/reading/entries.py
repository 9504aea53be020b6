"""The entries of all files of an input: what should each be one task."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ls_tools.errors import NotAnExportError, NotFoundError, UsageError
from ls_tools.models import Problem
from ls_tools.reading.chunks import Chunk, cut
from ls_tools.reading.documents import Elements, find_start, split
from ls_tools.reading.elements import NOT_A_TASK, UNREADABLE
from ls_tools.reading.excerpts import excerpt
from ls_tools.reading.foreign import hint_for, not_an_export
from ls_tools.reading.grouping import AnnotationGroups, is_annotation
from ls_tools.reading.mapping import MappedFile, file_of
from ls_tools.reading.repair import repair
from ls_tools.reading.scanner import Spans
from ls_tools.reading.wire import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ls_tools.reading.pieces import Piece, Pieces
    from ls_tools.reading.problem_log import ProblemLog
    from ls_tools.settings import Bounds

Element: TypeAlias = msgspec.Raw | memoryview | bytes

FOREIGN_FILE = "file is not an export"
VANISHED = "file vanished while it was read"

_FIRST = re.compile(rb"\[?\s*")


class Division(msgspec.Struct, frozen=True, kw_only=True):
    """The file that an input is, in chunks.

    Attributes:
        data: The file.
        count: Number of its entries.
        chunks: All of them, in order.
    """

    data: memoryview
    count: int
    chunks: list[Chunk]


class Entries:
    """Walks through the files of an input, and gathers annotations by task."""

    def __init__(self, pieces: Pieces, bounds: Bounds) -> None:
        self._pieces = pieces
        self._bounds = bounds
        self._elements: Elements | None = None
        self._is_closed = False

    def walk(self, log: ProblemLog) -> Iterator[tuple[str, Element]]:
        """Every entry, with the name of its file where there are several.

        Args:
            log: Where files of a folder that hold no tasks are noted.

        Raises:
            NotAnExportError: A file with several tasks is cut off.
        """
        if self._is_closed:
            msg = "The reader is closed."
            raise UsageError(msg, hint="Iterate inside of its with block.")
        with AnnotationGroups(self._bounds.expanded_bytes) as groups:
            for piece in self._pieces:
                source = "" if piece.is_only else piece.name
                for element in self._ungrouped(piece, groups, log):
                    yield source, element
            for assembled in groups.tasks():
                yield "", assembled

    def count(self) -> int | None:
        """The number of entries, where finding it needs no pass."""
        only = self._pieces.only
        if only is None:
            return None
        elements = self._split(only)
        if _begins_with_annotation(elements):
            return None
        return len(elements)

    @property
    def file(self) -> MappedFile | None:
        """The file that the input is, where it is a large one alone."""
        only = self._pieces.only
        return None if only is None else file_of(only.load())

    def divide(self, size_bytes: int) -> Division | None:
        """The one file of tasks that the input is, in chunks."""
        only = self._pieces.only
        elements = None if only is None else self._split(only)
        if (
            only is None
            or not isinstance(elements, Spans)
            or _begins_with_annotation(elements)
        ):
            return None
        return Division(
            data=only.load(),
            count=len(elements),
            chunks=list(cut(elements, size_bytes)),
        )

    def close(self) -> None:
        """Let go of the files."""
        self._is_closed = True
        self._pieces.close()
        self._elements = None

    def prefetch(self) -> None:
        """Bring here what is still elsewhere."""
        self._pieces.prefetch()

    def no_task(self, first: Problem, lost: int) -> NotAnExportError:
        """The error where no entry at all is a task.

        Args:
            first: The first that is none.
            lost: How many entries there are.
        """
        if first.reason in {FOREIGN_FILE, VANISHED}:
            return NotAnExportError(first.detail, hint=hint_for(""), offset=0)
        piece = next(
            (p for p in self._pieces if p.is_only or p.name == first.source),
            next(iter(self._pieces)),
        )
        data = piece.load()
        found = _FIRST.match(data, find_start(data, piece.name))
        offset = found.end() if found else 0
        return not_an_export(
            piece.name,
            _what_it_is(first, lost),
            offset=offset,
            found=excerpt(data[offset : offset + 61]),
            hint=hint_for(first.detail),
        )

    def _ungrouped(
        self, piece: Piece, groups: AnnotationGroups, log: ProblemLog
    ) -> Iterator[Element]:
        """The entries of one file, but for annotations, which are set aside."""
        elements = self._try_split(piece, log)
        if not _begins_with_annotation(elements):
            yield from elements
            return
        for element in elements:
            raw = _repaired(element)
            if is_annotation(raw):
                groups.add(raw)
            else:
                yield raw

    def _split(self, piece: Piece) -> Elements:
        if not piece.is_only:
            return split(piece.load(), piece.name)
        if self._elements is None:
            self._elements = split(piece.load(), piece.name)
        return self._elements

    def _try_split(self, piece: Piece, log: ProblemLog) -> Elements:
        """Split a file; one of many that is gone, foreign or cut off is noted."""
        try:
            return self._split(piece)
        except NotFoundError as exc:
            if piece.is_only:
                raise
            vanished = Problem(reason=VANISHED, detail=exc.message, source=piece.name)
            log.add([vanished])
            return []
        except NotAnExportError as exc:
            if piece.is_only or exc.data.get("tasks_before"):
                raise
            if not piece.is_guess:
                is_cut = "tasks_before" in exc.data
                reason = UNREADABLE if is_cut else FOREIGN_FILE
                log.add(
                    [
                        Problem(
                            reason=reason,
                            detail=exc.message,
                            source=piece.name,
                            tasks=int(is_cut),
                        )
                    ]
                )
            return []


def _begins_with_annotation(elements: Iterable[Element]) -> bool:
    return any(is_annotation(element) for element in islice(elements, 1))


def _repaired(element: Element) -> bytes:
    raw = bytes(element)
    try:
        return repair(raw)[0]
    except UNDECODABLE:
        return raw


def _what_it_is(first: Problem, lost: int) -> str:
    is_foreign = first.reason == NOT_A_TASK
    what = first.detail if is_foreign else f"{first.reason}: {first.detail}"
    if lost == 1:
        return f"it is {what}" if is_foreign else what
    return f"none of the {lost} entries read is a task, the first is {what}"
