"""Tasks out of an export, one after the other, as often as wanted."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

from ls_tools.reading.chunks import Pass
from ls_tools.reading.documents import find_start
from ls_tools.reading.entries import Entries
from ls_tools.reading.inputs import open_input
from ls_tools.reading.problem_log import ProblemLog
from ls_tools.reading.quick import QuickDecoder
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from ls_tools.models import Problem, Task
    from ls_tools.progress import Progress
    from ls_tools.reading.entries import Division
    from ls_tools.reading.mapping import MappedFile
    from ls_tools.reading.pieces import Pieces
    from ls_tools.settings import Settings

S = TypeVar("S", bound=msgspec.Struct)


def read_tasks(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    bounds: Bounds | None = None,
    limit: int | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> TaskReader:
    """Open an export.

    Args:
        source: A file (a JSON list, one task, or one task a line; as it is, in
            gzip or zip), a folder of such files or of the objects of a target
            storage, ``-`` for standard input, an open binary file, or in a
            bucket such a file (``s3://bucket/export.json``) or prefix
            (``s3://bucket/prefix/``; ``gs://`` and ``azure-blob://`` likewise).
            With or without byte order mark. A file is mapped into memory:
            replace it, but do not shorten it in place while it is read. The
            objects of a bucket are fetched to a temporary file, each one once.
        bounds: What hostile input may cost; those of ``settings`` if None.
        limit: Most tasks to read; None for all.
        settings: How buckets are reached; from the environment where None.
        progress: Told of the bytes that come from a bucket, and of a stage
            for a single object, and for what ``prefetch`` fetches.

    Returns:
        A reader to iterate over, any number of times.

    Raises:
        NotFoundError: There is no such file, bucket or object.
        UsageError: It is a URL of another kind.
        AccessError: A file or bucket may not be read. While iterating: an
            object may not.
        NetworkError: A bucket cannot be reached; likewise.
        NotAnExportError: The input is empty, no JSON, or damaged. While
            iterating: it is cut off, or holds no task at all.
        RefusedError: gzip or zip expands to more than ``bounds`` allow.
    """
    bounds = bounds or (settings.bounds if settings else Bounds())
    pieces = open_input(source, bounds, settings=settings, progress=progress)
    if pieces.only is not None:
        find_start(pieces.only.load(), pieces.only.name)
    return TaskReader(pieces, bounds, limit)


class TaskReader:
    """The tasks of an export; made by ``read_tasks``.

    Iterating yields each Task in input order. Annotations that hold their task,
    as target storages store them, are gathered by task and come last. Nothing
    in a task raises: what cannot be read is a Problem. Not thread-safe.

    Attributes:
        problems: What the last pass could not read, those of yielded tasks
            included; complete once it has ended, and bounded in number.
    """

    def __init__(self, pieces: Pieces, bounds: Bounds, limit: int | None) -> None:
        self.problems: list[Problem] = []
        self._entries = Entries(pieces, bounds)
        self._bounds = bounds
        self._limit = limit

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks.

        Raises:
            NotAnExportError: The input is cut off, or holds no task at all.
        """
        one = Pass()
        self.problems = one.log.kept
        return islice(self._read(one), self._limit)

    def scan(self, struct_type: type[S]) -> Iterator[S]:
        """A quick pass that decodes only what ``struct_type`` names.

        Args:
            struct_type: A msgspec Struct with fields of a task as exports
                spell them, each with a default: ``annotations``, ``data`` ….

        Yields:
            One instance (of a subclass) for each task that iterating yields, in
            order. Tasks in another shape (``completions``, odd types) are
            normalised first; one that still does not fit is all defaults.
            ``problems`` stays as it is.
        """
        quick = QuickDecoder(struct_type, self._bounds)
        found = 0
        for _, element in self._entries.walk(ProblemLog()):
            if found == self._limit:
                return
            value = quick.decode(element)
            if value is not None:
                found += 1
                yield value

    @property
    def count(self) -> int | None:
        """Number of entries that a pass goes through; None where not known yet."""
        total = self._entries.count()
        if total is None or self._limit is None:
            return total
        return min(total, self._limit)

    def prefetch(self) -> None:
        """Fetch all of the input at once, where it is in a bucket.

        A pass fetches only as far as it goes, and somewhat ahead.

        Raises:
            LsToolsError: It cannot be had.
        """
        self._entries.prefetch()

    def close(self) -> None:
        """Let go of the input; tasks that were read stay valid."""
        self._entries.close()

    def __enter__(self) -> Self:
        """The reader, to be closed on leaving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the input."""
        self.close()

    def divide(self, size_bytes: int) -> Division | None:
        """The input in chunks, which ``ChunkReader`` reads.

        Args:
            size_bytes: About how large a chunk is.

        Returns:
            None where the input is no single file of tasks.

        Raises:
            NotAnExportError: The input is cut off.
        """
        if self._limit is not None:
            return None
        return self._entries.divide(size_bytes)

    @property
    def file(self) -> MappedFile | None:
        """The file that the input is, where it is a large one alone, and all of it."""
        return None if self._limit is not None else self._entries.file

    def _read(self, one: Pass) -> Iterator[Task]:
        try:
            elements = self._entries.walk(one.log)
            yield from one.read(elements, self._bounds, gives_up=True)
        finally:
            one.log.close()
        if one.log.kept and not one.tasks:
            raise self._entries.no_task(one.log.kept[0], one.lost)
