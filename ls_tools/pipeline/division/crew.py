"""Worker processes: begun, told what to do, listened to, ended."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import deque
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Any, cast

from ls_tools.pipeline.division.messages import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.pipeline.division.messages import Begin, Order, Settle

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ls_tools.pipeline.division.worker import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]))"
)
"""What a worker runs. Unlike what multiprocessing starts, it does not import the main
module of the program, which may have no guard against that."""


class CrewError(Exception):
    """Several processes are not worth it, not to be had, or one of them failed."""


class Crew:
    """Processes that do chunks; made by ``start_crew``.

    Args:
        connections: To each of them.
    """

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._idle = deque(connections)
        self._all = tuple(connections)

    def begin(self, begin: Begin) -> None:
        """Tell all what it is about.

        Raises:
            CrewError: One of them is gone.
        """
        for worker in self._all:
            self.send(worker, begin)

    def settle(self, settle: Settle) -> None:
        """Tell all what was found so far.

        Raises:
            CrewError: One of them failed.
        """
        for worker in self._all:
            self.send(worker, settle)
        for worker in self._all:
            self.receive(worker)

    def do(self, orders: Sequence[Order]) -> Iterator[Any]:
        """The answers to orders, in their order.

        Raises:
            CrewError: One of the processes failed.
        """
        waiting = deque(enumerate(orders))
        busy: dict[Connection, int] = {}
        answers: dict[int, Any] = {}
        for number in range(len(orders)):
            while number not in answers:
                while waiting and (worker := self.take_idle()):
                    busy[worker], order = waiting.popleft()
                    self.send(worker, order)
                for worker in self.ready(busy):
                    answers[busy.pop(worker)] = self.receive(worker)
                    self.rest(worker)
            yield answers.pop(number)

    def take_idle(self) -> Connection | None:
        """One that has nothing to do; None where all have."""
        return self._idle.popleft() if self._idle else None

    def rest(self, worker: Connection) -> None:
        """It has nothing to do any more."""
        self._idle.append(worker)

    def ready(self, workers: Iterable[Connection]) -> list[Connection]:
        """Wait until some of these have answered."""
        return cast("list[Connection]", wait(list(workers)))

    def send(self, worker: Connection, message: Any) -> None:
        """Tell one of them something.

        Raises:
            CrewError: It is gone, or the message cannot be pickled.
        """
        try:
            worker.send(message)
        except (OSError, pickle.PicklingError, TypeError, AttributeError) as exc:
            raise CrewError(str(exc)) from exc

    def receive(self, worker: Connection) -> Any:
        """What one of them answered.

        Raises:
            CrewError: It failed, or is gone.
        """
        try:
            answer = worker.recv()
        except (EOFError, OSError) as exc:
            msg = "a worker process ended"
            raise CrewError(msg) from exc
        if isinstance(answer, Failed):
            raise CrewError(answer.text)
        return answer


@contextmanager
def start_crew(count: int, descriptor: int) -> Iterator[Crew]:
    """Begin worker processes, and end them with the block.

    Args:
        count: How many.
        descriptor: Of the input; they get it too.

    Raises:
        CrewError: They cannot be begun.
    """
    with ExitStack() as stack:
        # They live as long as the other end of this pipe is open.
        life, ours = os.pipe()
        stack.callback(os.close, ours)
        connections = [_start(stack, descriptor, life) for _ in range(count)]
        os.close(life)
        yield Crew(connections)


def _start(stack: ExitStack, descriptor: int, life: int) -> Connection:
    mine, theirs = Pipe()
    stack.callback(mine.close)
    command = [sys.executable, *_flags(), "-c", _BOOT, json.dumps(sys.path)]
    try:
        with theirs:
            process = subprocess.Popen(  # noqa: S603 -- this interpreter
                [*command, str(theirs.fileno()), str(life)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), life, descriptor),
            )
    except OSError as exc:
        raise CrewError(str(exc)) from exc
    stack.callback(_end, process)
    return mine


def _flags() -> list[str]:
    """The options that make an interpreter like this one."""
    find = subprocess._args_from_interpreter_flags  # type: ignore[attr-defined]  # noqa: SLF001 -- multiprocessing uses it too
    return cast("list[str]", find())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
