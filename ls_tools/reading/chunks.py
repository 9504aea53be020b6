"""An input in chunks, which several processes read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ls_tools.models import Problem, Task
from ls_tools.reading.elements import read_task
from ls_tools.reading.known_ids import KnownIds
from ls_tools.reading.problem_log import ProblemLog
from ls_tools.reading.quick import QuickDecoder
from ls_tools.reading.scanner import Spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    from ls_tools.settings import Bounds

    S = TypeVar("S", bound=msgspec.Struct)

REPEATED_ID = "duplicate task id"

HOPELESS_AFTER = 1000
"""Entries that are no task before the first one that is: then a file is given up."""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of an input that stand one after the other.

    Attributes:
        first: Position of the first one in the input, from 0.
        starts: Where each begins in the file, 8 bytes each.
        ends: Where each ends.
    """

    first: int
    starts: bytes
    ends: bytes


def cut(elements: Spans, size_bytes: int) -> Iterator[Chunk]:
    """Chunks of about this size, in order."""
    first, count = 0, len(elements)
    while first < count:
        end = max(elements.find(elements.start_of(first) + size_bytes), first + 1)
        starts, ends = elements.bounds(first, end)
        yield Chunk(first=first, starts=starts, ends=ends)
        first = end


class Pass:
    """What one pass over an input knows of what it read so far.

    Attributes:
        log: What could not be read.
        known: The ids of tasks.
        tasks: Number of tasks read.
        lost: Number of entries that are none.
        lost_first: Number of those before the first task.
    """

    def __init__(self) -> None:
        self.log: ProblemLog = ProblemLog()
        self.known: KnownIds = KnownIds()
        self.tasks: int = 0
        self.lost: int = 0
        self.lost_first: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether a file that begins like this is given up."""
        return self.lost_first >= HOPELESS_AFTER

    def read(
        self,
        elements: Iterable[tuple[str, msgspec.Raw | memoryview | bytes]],
        bounds: Bounds,
        *,
        first: int = 0,
        gives_up: bool = False,
    ) -> Iterator[Task]:
        """The tasks of entries that come next.

        Args:
            elements: The entries, each with the name of its file.
            bounds: Size and depth that a task may have.
            first: Position of the first entry in the input.
            gives_up: End where it is hopeless; never in several files.
        """
        log, known = self.log, self.known
        for index, (source, element) in enumerate(elements, first):
            task = read_task(element, index, bounds=bounds, source=source)
            if isinstance(task, Problem):
                log.add([task])
                self.lost += 1
                self.lost_first += not self.tasks
                if gives_up and self.is_hopeless and not source:
                    return
                continue
            self.tasks += 1
            if task.id is not None and known.is_repeated(task.id):
                _note_repeated(task, source)
            if task.problems:
                log.add(task.problems)
            yield task

    def merge(self, later: Pass) -> bool:
        """Add what another pass knows of the entries that come next.

        Returns:
            Whether it could be added: not where an id of theirs came before,
            which they did not know, or where too much could not be read. Nothing
            has changed then.
        """
        if not (self.log.has_room_for(later.log) and self.known.merge(later.known)):
            return False
        self.log.add(later.log.kept)
        self.lost_first += 0 if self.tasks else later.lost_first
        self.tasks += later.tasks
        self.lost += later.lost
        return True


class ChunkReader:
    """Reads chunks of a file.

    Args:
        data: The file.
        bounds: Size and depth that a task may have.
    """

    def __init__(self, data: memoryview, bounds: Bounds) -> None:
        self._data = data
        self._bounds = bounds

    def read(self, chunk: Chunk, so_far: Pass) -> Iterator[Task]:
        """The tasks of a chunk."""
        elements = (("", element) for element in self._elements(chunk))
        return so_far.read(elements, self._bounds, first=chunk.first)

    def scan(self, chunk: Chunk, struct_type: type[S]) -> Iterator[S]:
        """A quick pass over a chunk; see ``TaskReader.scan``."""
        quick = QuickDecoder(struct_type, self._bounds)
        for element in self._elements(chunk):
            value = quick.decode(element)
            if value is not None:
                yield value

    def _elements(self, chunk: Chunk) -> Spans:
        return Spans.unpack(self._data, chunk.starts, chunk.ends)


def _note_repeated(task: Task, source: str) -> None:
    note = Problem(reason=REPEATED_ID, index=task.index, task_id=task.id, source=source)
    task.problems = (*task.problems, note)
