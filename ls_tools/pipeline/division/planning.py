"""Whether a conversion is divided, and among how many processes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ls_tools.errors import NotAnExportError
from ls_tools.formats import DivisibleFormat
from ls_tools.pipeline.division.crew import CrewError, start_crew
from ls_tools.pipeline.division.joining import Joiner
from ls_tools.pipeline.division.messages import Begin
from ls_tools.pipeline.division.processors import core_count
from ls_tools.reading import TaskReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ls_tools.pipeline.job import Job
    from ls_tools.reading import Division, MappedFile, Tasks

CHUNK_BYTES = 4 * 2**20
"""About how much of the input a process reads at once: memory against orders."""

WORTH_BYTES = 40 * 2**20
"""Input from which on another process pays: to start it takes about as long as it then
saves, in formats of boxes; in quicker ones it takes twice as much input."""

_UNASKED = 8
"""Most processes where nobody asks for more: each takes 25 MB, one joins for all."""

_CHUNKS_EACH = 3
"""Chunks that each process gets at least, since they are not of the same cost."""


@contextmanager
def divide(job: Job, tasks: Tasks) -> Iterator[Joiner]:
    """Begin processes for a conversion, until the block ends.

    Args:
        job: The conversion.
        tasks: Its tasks.

    Raises:
        CrewError: It is not worth it, or not possible.
    """
    mapped = _divisible_file(job, tasks)
    size_bytes = len(mapped) if mapped is not None else 0
    count = _process_count(job, size_bytes) if size_bytes >= WORTH_BYTES else 1
    if mapped is None or count < 2:  # noqa: PLR2004 -- one is no division
        msg = "that is the quickest way"
        raise CrewError(msg)
    with start_crew(count, mapped.descriptor) as crew:
        crew.begin(Begin(job=job, descriptor=mapped.descriptor, size_bytes=size_bytes))
        # They start while this is looked for.
        chunk_bytes = min(CHUNK_BYTES, size_bytes // (_CHUNKS_EACH * count) + 1)
        division = _divide(tasks, chunk_bytes)
        if division is None or not division.chunks:
            msg = "the input is no list of tasks"
            raise CrewError(msg)
        yield Joiner(job, division, crew)


def _divide(tasks: Tasks, chunk_bytes: int) -> Division | None:
    try:
        return tasks.divide(chunk_bytes) if isinstance(tasks, TaskReader) else None
    except NotAnExportError as exc:  # one process may find something else wrong first
        raise CrewError(str(exc)) from exc


def _divisible_file(job: Job, tasks: Tasks) -> MappedFile | None:
    """The file that the input is, where its chunks depend little on each other."""
    classes = job.plan.classes
    is_apart = (
        isinstance(job.target, DivisibleFormat)
        and _is_written_in_runs(type(job.target))
        and all(map(_can_be_read_again, (classes.pinned, classes.rename)))
        and (job.plan.split is None or not job.plan.split.stratify)
        and job.media_policy == "none"
    )
    return tasks.file if is_apart and isinstance(tasks, TaskReader) else None


def _is_written_in_runs(kind: type[DivisibleFormat]) -> bool:
    """Whether no subclass of a format of ours writes in a way of its own."""
    names = [
        name
        for each in kind.__mro__
        for name in ("begin", "write")
        if name in vars(each)
    ]
    return names[0] == "begin"


def _can_be_read_again(path: Path | None) -> bool:
    """Whether a file that every process reads is none that one of them uses up."""
    return path is None or path.is_file()


def _process_count(job: Job, size_bytes: int) -> int:
    """How many processes pay, if so many are allowed."""
    is_heavy = getattr(job.target, "is_heavy", False)  # no subclass may lack it
    most = job.settings.processes or (1 if is_heavy else _UNASKED)
    return min(most, core_count(), size_bytes // WORTH_BYTES + 1)
