"""Worker processes: begun, told what to do, listened to, ended."""

from __future__ import annotations

import os
import pickle
import re
import selectors
import subprocess
import sys
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from ls_tools._version import __version__
from ls_tools.pipeline.division.messages import Connection, Failed
from ls_tools.reading.mapping import keep_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.pipeline.division.messages import Begin, Order, Settle

_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from ls_tools.pipeline.division.worker import main; main(*sys.argv[1:4])"
)
"""What a worker runs. Unlike what multiprocessing starts, it does not import the main
module of the program, which may have no guard against that; nor anything from the
working directory, which is the first place to look in until the path is set."""

_UNSENT = (
    BrokenPipeError,
    pickle.PicklingError,
    TypeError,
    AttributeError,
    ValueError,
    RecursionError,
)
"""What it raises to send something; no OSError, which a program may raise to stop us
from the handler of a signal."""

_UNHEARD = (EOFError, pickle.UnpicklingError, AttributeError, ImportError)
"""Likewise to receive something."""

_IS_PYTHON = re.compile("python|pypy", re.IGNORECASE)
"""Names of interpreters; servers that embed one name themselves instead."""


class CrewError(Exception):
    """Several processes are not worth it, not to be had, or one of them failed."""


class Worker:
    """One process.

    Args:
        orders: Where it reads what to do.
        answers: Where it answers.
    """

    def __init__(self, orders: IO[bytes], answers: IO[bytes]) -> None:
        self._connection = Connection(answers, orders)

    def fileno(self) -> int:
        """The descriptor that can be read when it has answered."""
        return self._connection.fileno()

    def send(self, message: Any) -> None:
        """Tell it something.

        Raises:
            CrewError: It is gone, or the message cannot be pickled.
        """
        try:
            self._connection.send(message)
        except _UNSENT as exc:
            raise CrewError(str(exc)) from exc

    def receive(self) -> Any:
        """What it answers.

        Raises:
            CrewError: It failed, or is gone.
        """
        try:
            answer = self._connection.receive()
        except _UNHEARD as exc:
            msg = "a worker process ended"
            raise CrewError(msg) from exc
        if isinstance(answer, Failed):
            raise CrewError(answer.text)
        return answer


class Crew:
    """Processes that do chunks; made by ``start_crew``."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._all = tuple(workers)
        self._idle = deque(workers)

    def begin(self, begin: Begin) -> None:
        """Tell all what it is about.

        Raises:
            CrewError: One of them is gone.
        """
        for worker in self._all:
            worker.send(begin)

    def settle(self, settle: Settle) -> None:
        """Tell all what was found so far.

        Raises:
            CrewError: One of them failed.
        """
        for worker in self._all:
            worker.send(settle)
        for worker in self._all:
            worker.receive()

    def do(self, orders: Sequence[Order]) -> Iterator[Any]:
        """The answers to orders, in their order.

        Raises:
            CrewError: One of the processes failed.
        """
        waiting = deque(enumerate(orders))
        busy: dict[Worker, int] = {}
        answers: dict[int, Any] = {}
        for number in range(len(orders)):
            while number not in answers:
                while waiting and (worker := self.take_idle()):
                    busy[worker], order = waiting.popleft()
                    worker.send(order)
                for worker in self.ready(busy):
                    answers[busy.pop(worker)] = worker.receive()
                    self.rest(worker)
            yield answers.pop(number)

    def take_idle(self) -> Worker | None:
        """One that has nothing to do; None where all have."""
        return self._idle.popleft() if self._idle else None

    def rest(self, worker: Worker) -> None:
        """It has nothing to do any more."""
        self._idle.append(worker)

    def ready(self, workers: Iterable[Worker]) -> list[Worker]:
        """Wait until some of these have answered."""
        with selectors.PollSelector() as selector:  # which takes no descriptor
            for worker in workers:
                selector.register(worker, selectors.EVENT_READ)
            return [cast("Worker", key.fileobj) for key, _ in selector.select()]


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
        life = _open_life(stack)
        yield Crew([_start(stack, (life, descriptor)) for _ in range(count)])


def _open_life(stack: ExitStack) -> int:
    """The end to read from of a pipe that is closed with the stack."""
    try:
        life = keep_open(_open_pipe(stack, stack)[0].fileno())
    except OSError as exc:
        raise CrewError(str(exc)) from exc
    stack.callback(os.close, life)
    return life


def _open_pipe(reader: ExitStack, writer: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Both ends of a pipe, each closed with its stack.

    What subprocess opens itself stays open where it cannot open all (before 3.12).
    """
    ends = os.pipe()
    incoming = reader.enter_context(os.fdopen(ends[0], "rb"))
    outgoing = os.fdopen(ends[1], "wb")
    writer.callback(_close, outgoing)
    return incoming, outgoing


def _close(outgoing: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # what nobody was told any more
        outgoing.close()


def _start(stack: ExitStack, descriptors: tuple[int, int]) -> Worker:
    interpreter = sys.executable or ""
    is_python = _IS_PYTHON.match(os.path.basename(interpreter))  # noqa: PTH119 -- ""
    if not is_python or hasattr(sys, "frozen"):
        msg = f"{interpreter!r} is no Python interpreter"
        raise CrewError(msg)
    path = filter(_is_text, sys.path)  # imports pass over other things as well
    boot = [_BOOT, str(descriptors[0]), str(os.getpid()), __version__, *path]
    try:
        with ExitStack() as theirs:
            ordered, orders = _open_pipe(theirs, stack)
            answers, answered = _open_pipe(stack, theirs)
            process = subprocess.Popen(  # noqa: S603 -- this interpreter
                [interpreter, *_flags(), "-c", *boot],
                stdin=ordered,
                stdout=answered,
                stderr=subprocess.DEVNULL,
                pass_fds=descriptors,
            )
            stack.callback(_end, process)
    except (OSError, ValueError, RuntimeError) as exc:
        raise CrewError(str(exc)) from exc
    return Worker(orders, answers)


def _is_text(place: Any) -> bool:
    return isinstance(place, str)


def _flags() -> list[str]:
    """The options that make an interpreter like this one."""
    find = subprocess._args_from_interpreter_flags  # type: ignore[attr-defined]  # noqa: SLF001 -- multiprocessing uses it too
    return cast("list[str]", find())


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()
