"""The process that joins, in order, what the others write."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ls_tools.output import NameSurvey
from ls_tools.output.ownership import OWN_PREFIX
from ls_tools.pipeline.division.crew import CrewError
from ls_tools.pipeline.division.messages import (
    Complete,
    Discard,
    Settle,
    SurveyItems,
    SurveyNames,
    Write,
)
from ls_tools.reading import ChunkReader, Pass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.formats import DivisibleFormat, Survey, Writing
    from ls_tools.output import NameFacts, Output, Part
    from ls_tools.pipeline.division.crew import Crew, Worker
    from ls_tools.pipeline.division.messages import Made
    from ls_tools.pipeline.job import Job
    from ls_tools.progress import Progress
    from ls_tools.reading import Division

_AHEAD = 16
"""Most chunks under way or waiting to be joined."""


class Joiner:
    """Has an input converted by a crew.

    Args:
        job: The conversion.
        division: The input in chunks.
        crew: The processes; they know the job.
    """

    def __init__(self, job: Job, division: Division, crew: Crew) -> None:
        self._job = job
        self._target = cast("DivisibleFormat", job.target)
        self._division = division
        self._crew = crew

    def survey_names(self) -> NameSurvey:
        """What all media would be called.

        Raises:
            CrewError: A process failed.
        """
        joined = NameSurvey()
        orders = [SurveyNames(chunk=chunk) for chunk in self._division.chunks]
        for survey in self._crew.do(orders):
            joined.merge(survey)
        return joined

    def _survey_items(self) -> Survey | None:
        """What the format must know of all items."""
        if not self._target.looks_ahead:
            return None
        orders = [SurveyItems(chunk=chunk) for chunk in self._division.chunks]
        answers: Iterator[Survey] = self._crew.do(orders)
        joined = next(answers)
        for survey in answers:
            joined.merge(survey)
        return joined

    def write(self, output: Output, facts: NameFacts, progress: Progress) -> None:
        """Write everything, and count it.

        Args:
            output: Where to.
            facts: What is known of the names of media.
            progress: Told of tasks.

        Raises:
            CrewError: A process failed; what is written is of no use.
            LsToolsError: As the format's ``write``.
        """
        survey = self._survey_items()
        self._crew.settle(Settle(root=output.root, facts=facts, survey=survey))
        progress.start("tasks", self._division.count, "tasks")
        try:
            with _refused_by_the_system(), _folder_for_parts(output.root) as folder:
                writing = self._target.begin(
                    self._job.config, output, self._job.options, survey
                )
                run = _Run(self._job, self._division, self._crew, output, writing)
                run.run(folder, progress)
        finally:
            progress.finish()


@contextmanager
def _folder_for_parts(root: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=root, prefix=OWN_PREFIX))
    yield folder
    folder.rmdir()  # where it failed, all that is beside goes too


@contextmanager
def _refused_by_the_system() -> Iterator[None]:
    """What fails here may do with one process.

    It needs less room and fewer descriptors, and no file that a chunk to be done
    again should have has been written by a later one.
    """
    try:
        yield
    except OSError as exc:
        cause = exc.__cause__ or exc
        if isinstance(cause, OSError) and cause.errno is not None:
            raise CrewError(str(exc)) from exc
        raise


class _Run:
    """The writing of all chunks.

    A chunk is handed out, then settled, then joined; the last two in order. Settled
    means that what it amounts to is added to what came before; joined, that its
    records are in their files.
    """

    def __init__(
        self,
        job: Job,
        division: Division,
        crew: Crew,
        output: Output,
        writing: Writing,
    ) -> None:
        self._chunks = division.chunks
        self._crew = crew
        self._output = output
        self._writing = writing
        self._reader = ChunkReader(division.data, job.settings.bounds)
        self._reading = Pass()
        self._items = job.items((), output)
        self._orders: dict[int, Write] = {}
        self._making: dict[Worker, int] = {}
        self._made: dict[int, tuple[Worker, Made]] = {}
        self._completing: dict[Worker, int] = {}
        self._parts: dict[int, Part | None] = {}
        self._begun = self._settled = self._joined = 0

    def run(self, folder: Path, progress: Progress) -> None:
        """Write all chunks, their parts below a folder, and what comes after them."""
        while self._joined < len(self._chunks):
            self._hand_out(folder)
            for worker in self._crew.ready([*self._making, *self._completing]):
                self._hear(worker)
            before = self._reading.tasks + self._reading.lost
            while self._settle_next() or self._join_next(folder):
                pass
            progress.advance(self._reading.tasks + self._reading.lost - before)
            self._check_hope()
        self._reading.log.close()
        self._writing.finish()
        self._items.count_lost(self._reading.log.kept)

    def _check_hope(self) -> None:
        """Leave what is no export to one process, which tells what it is instead."""
        is_over = self._joined == len(self._chunks)
        if self._reading.is_hopeless or (is_over and not self._reading.tasks):
            msg = "there is no task"
            raise CrewError(msg)

    def _hand_out(self, folder: Path) -> None:
        while self._begun < min(len(self._chunks), self._joined + _AHEAD):
            worker = self._crew.take_idle()
            if worker is None:
                return
            number = self._begun
            order = Write(
                chunk=self._chunks[number],
                folder=folder / str(number),
                labels=tuple(self._output.classes.met),
                names=tuple(self._writing.names()),
            )
            worker.send(order)
            self._orders[number] = order
            self._making[worker] = number
            self._begun += 1

    def _hear(self, worker: Worker) -> None:
        answer = worker.receive()
        if worker in self._making:
            self._made[self._making.pop(worker)] = worker, answer
        else:
            self._parts[self._completing.pop(worker)] = answer
            self._crew.rest(worker)

    def _settle_next(self) -> bool:
        """Add what the next chunk amounts to, where it is made."""
        if self._settled not in self._made:
            return False
        worker, made = self._made.pop(self._settled)
        numbers = self._writing.numbers()
        self._completing[worker] = self._settled
        if self._add(made, self._orders.pop(self._settled)):
            worker.send(Complete(numbers=numbers))
            self._settled += 1
        else:
            worker.send(Discard())
        return True

    def _join_next(self, folder: Path) -> bool:
        """Put the records of the next chunk into their files, where it is complete."""
        number = self._joined
        if number not in self._parts:
            return False
        part = self._parts.pop(number)
        if part is not None:
            self._output.tree.adopt(part)
        else:
            tasks = self._reader.read(self._chunks[number], self._reading)
            self._writing.add(self._items.count(tasks))
            self._settled += 1
        shutil.rmtree(folder / str(number))
        self._joined += 1
        return True

    def _add(self, made: Made, order: Write) -> bool:
        """Add what a chunk amounts to, unless it began with something else."""
        classes, writing, tally = self._output.classes, self._writing, made.tally
        is_same = (
            not (made.labels and len(order.labels) < len(classes.met))
            and not (made.names and len(order.names) < len(writing.names()))
            and self._output.tally.has_room_for(tally)
            and self._reading.merge(made.reading)
        )
        if is_same:
            self._output.tally.adopt(tally)
            classes.learn(made.labels)
            writing.learn(made.names)
            writing.join(made.state)
            splitter = self._output.tree.splitter
            if splitter is not None and made.splits is not None:
                splitter.adopt(made.splits)
        return is_same
