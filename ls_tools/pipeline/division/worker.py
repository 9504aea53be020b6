"""A process that does chunks of a conversion, as it is told through a socket."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ls_tools.output import Tally, Tree
from ls_tools.pipeline.division.messages import (
    Complete,
    Failed,
    Made,
    Settle,
    SurveyItems,
    SurveyNames,
    Write,
)
from ls_tools.pipeline.job import NamedTask
from ls_tools.reading import ChunkReader, MappedFile, Pass
from ls_tools.resolver import Resolver

if TYPE_CHECKING:
    from ls_tools.formats import DivisibleFormat, Writing
    from ls_tools.output import NamePlan, Part
    from ls_tools.pipeline.division.messages import Begin, Order
    from ls_tools.pipeline.job import Job


def main(orders: int, life: int) -> None:
    """Do what is ordered, until there is nobody to order.

    Args:
        orders: Descriptor of the socket that orders come through.
        life: Descriptor of a pipe that ends when the process at its other end does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who ordered it ends it
    threading.Thread(target=_die_with, args=(life,), daemon=True).start()
    connection = Connection(orders)
    try:
        serve(connection)
    except EOFError:
        return


def serve(connection: Connection) -> None:
    """Answer orders.

    Raises:
        EOFError: There are no more.
    """
    begin = connection.recv()
    worker = _Worker(begin, connection)
    while True:
        worker.do(connection.recv())


def _die_with(life: int) -> None:
    os.read(life, 1)
    os._exit(1)  # in the middle of anything: nobody wants it any more


class _Worker:
    """Does chunks of one conversion."""

    def __init__(self, begin: Begin, connection: Connection) -> None:
        self._job: Job = begin.job
        self._target = cast("DivisibleFormat", begin.job.target)
        data = memoryview(MappedFile(begin.descriptor, begin.size_bytes))
        self._reader = ChunkReader(data, self._job.settings.bounds)
        self._resolver = Resolver(self._job.settings)
        self._connection = connection
        self._names: NamePlan = self._job.names(self._resolver)
        self._settled = Settle(root=Path(), facts=None, survey=None)

    def do(self, order: Order) -> None:
        """Do one thing, and answer."""
        try:
            answer = self._answer(order)
        except Exception as exc:  # noqa: BLE001 -- done again by one process, which raises it
            answer = Failed(text=f"{type(exc).__name__}: {exc}")
        self._connection.send(answer)

    def _answer(self, order: Order) -> Any:
        job = self._job
        match order:
            case SurveyNames():
                named = self._reader.scan(order.chunk, NamedTask)
                return self._names.survey(named, job.media_of)
            case SurveyItems():
                tasks = self._reader.read(order.chunk, Pass())
                return self._target.survey(job.items(tasks, Tally()).scan())
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
            reply = self._connection.recv()
            if isinstance(reply, Complete):
                writing.begin_numbers(reply.numbers)
                return tree.part()
            tree.discard(tree.part())
            return None

    def _make(self, order: Write, tree: Tree, tally: Tally) -> tuple[Made, Writing]:
        job, reading = self._job, Pass()
        output = job.open_output(tree, tally, self._names, self._resolver)
        writing = self._target.begin(
            job.config, output, job.options, self._settled.survey
        )
        output.classes.learn(order.labels)
        writing.learn(order.names)
        tasks = self._reader.read(order.chunk, reading)
        writing.add(job.items((), tally).count(tasks))
        made = Made(
            labels=output.classes.met[len(order.labels) :],
            names=writing.names()[len(order.names) :],
            numbers=writing.numbers(),
            tally=tally,
            reading=reading,
            state=writing.state(),
        )
        return made, writing
