"""A process that does chunks of a conversion, as it is told through a pipe."""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ls_tools._version import __version__
from ls_tools.errors import LsToolsError
from ls_tools.output import Tally, Tree, settle
from ls_tools.pipeline.division.messages import (
    Complete,
    Connection,
    Failed,
    Made,
    Settle,
    SurveyItems,
    SurveyNames,
    Write,
)
from ls_tools.pipeline.job import NamedTask
from ls_tools.reading import ChunkReader, MappedFile, Pass
from ls_tools.resolver.lazy import LazyResolver

if TYPE_CHECKING:
    from ls_tools.formats import DivisibleFormat, Writing
    from ls_tools.output import NamePlan, Part
    from ls_tools.pipeline.division.messages import Begin, Order
    from ls_tools.pipeline.job import Job


_LOOK_MS = 1000


def main(life: str, parent: str, version: str) -> None:
    """Do what is ordered on standard input, until there is nobody to order.

    Args:
        life: Descriptor of a pipe that ends when the process at its other end does.
        parent: The id of that process.
        version: Of the code there; what was updated meanwhile does nothing here.
    """
    if version != __version__:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who ordered it ends it
    threading.Thread(
        target=_die_with, args=(int(life), int(parent)), daemon=True
    ).start()
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # whatever a library prints is no answer
    with suppress(EOFError, BrokenPipeError), orders, answers:
        serve(Connection(orders, answers))


def serve(connection: Connection) -> None:
    """Answer orders.

    Raises:
        EOFError: There are no more.
    """
    worker = _Worker(connection.receive(), connection)
    while True:
        worker.do(connection.receive())


def _shown(exc: Exception) -> str:
    """An error; of other libraries without its text, which may hold a signed URL."""
    return str(exc) if isinstance(exc, LsToolsError) else type(exc).__name__


def _die_with(life: int, parent: int) -> None:
    end = select.poll()
    end.register(life, select.POLLIN)
    # Somebody whom the parent forked may hold the other end too.
    while not end.poll(_LOOK_MS) and os.getppid() == parent:
        pass
    os._exit(1)  # in the middle of anything: nobody wants it any more


class _Worker:
    """Does chunks of one conversion."""

    def __init__(self, begin: Begin, connection: Connection) -> None:
        self._job: Job = begin.job
        self._target = cast("DivisibleFormat", begin.job.target)
        data = memoryview(MappedFile(begin.descriptor, begin.size_bytes))
        self._reader = ChunkReader(data, self._job.settings.bounds)
        self._resolver = LazyResolver(self._job.settings)
        self._connection = connection
        self._names: NamePlan = self._job.names(self._resolver)
        self._settled = Settle(root=Path(), facts=None, survey=None)
        split = self._job.plan.split
        self._split = None if split is None else settle(split)

    def do(self, order: Order) -> None:
        """Do one thing, and answer."""
        try:
            answer = self._answer(order)
        except Exception as exc:  # noqa: BLE001 -- done again by one process, which raises it
            answer = Failed(text=_shown(exc))
        self._connection.send(answer)

    def _answer(self, order: Order) -> Any:
        job = self._job
        match order:
            case SurveyNames():
                named = self._reader.scan(order.chunk, NamedTask)
                return self._names.survey(named, job.media_of)
            case SurveyItems():
                tasks = self._reader.read(order.chunk, Pass())
                return self._target.survey(job.scan(tasks))
            case Settle():
                self._settled = order
                self._names = job.names(self._resolver, order.facts)
                return None
            case Write():
                return self._write(order)
        raise TypeError(order)

    def _write(self, order: Write) -> Part | None:
        """Write a chunk, say what it amounts to, and go on as is answered."""
        order.folder.mkdir()
        tally = Tally()
        with Tree(self._settled.root, part_folder=order.folder) as tree:
            made, writing = self._make(order, tree, tally)
            self._connection.send(made)
            reply = self._connection.receive()
            if isinstance(reply, Complete):
                writing.begin_numbers(reply.numbers)
                return tree.part()
            tree.discard(tree.part())
            return None

    def _make(self, order: Write, tree: Tree, tally: Tally) -> tuple[Made, Writing]:
        job, reading = self._job, Pass()
        if self._split is not None:
            tree.splitter = job.open_splitter(tree, tally, self._resolver, self._split)
        output = job.open_output(tree, tally, self._names, self._resolver)
        writing = self._target.begin(
            job.config, output, job.options, self._settled.survey
        )
        output.classes.learn(order.labels)
        writing.learn(order.names)
        tasks = self._reader.read(order.chunk, reading)
        writing.add(job.items((), output).count(tasks))
        made = Made(
            labels=output.classes.met[len(order.labels) :],
            names=writing.names()[len(order.names) :],
            numbers=writing.numbers(),
            tally=tally,
            reading=reading,
            state=writing.state(),
            splits=None if tree.splitter is None else tree.splitter.taken(),
        )
        return made, writing
