"""A server process that ends with the process that started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services import supervise

_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "OPENBLAS_CORETYPE")
_LOG_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run.

    Attributes:
        arguments: The command.
        folder: Working folder, with the log, and the home of the program.
        env: Its environment, beside a few inherited variables.
        ending: The signal that ends it.
    """

    arguments: Sequence[str]
    folder: Path
    env: Mapping[str, str]
    ending: signal.Signals = signal.SIGTERM

    @property
    def log(self) -> Path:
        """What the program last printed."""
        return self.folder / "server.log"


class Daemon:
    """A program that runs until it is told to end, or its starter is gone.

    Args:
        program: What is run; started at once.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        supervised = [sys.executable, supervise.__file__, program.ending.name]
        with program.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*supervised, *program.arguments],
                cwd=program.folder,
                env=_environment(program),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, is_up: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until the server answers; a server that does not is ended.

        Raises:
            RuntimeError: It ended or stayed silent; the message has its log.
        """
        deadline = time.monotonic() + timeout_s
        while not self._ask(is_up):
            if not self._goes_on(0.05) or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(self._complaint())

    def stop(self) -> None:
        """Ask the server to end, and wait for it."""
        self._end(self._program.ending)

    def kill(self) -> None:
        """End the server at once, in the middle of what it does."""
        self._end(signal.SIGKILL)

    def _ask(self, is_up: Callable[[], bool]) -> bool:
        try:
            return is_up()
        except BaseException:
            self.kill()
            raise

    def _goes_on(self, wait_s: float) -> bool:
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _complaint(self) -> str:
        name = Path(self._program.arguments[0]).name
        log = self._program.log.read_text(errors="replace")
        return f"{name} did not start:\n{log[-_LOG_CHARACTERS:]}"

    def _end(self, signal_number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal_number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def free_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def is_open(port: int) -> bool:
    """Whether something listens on this port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _environment(program: Program) -> dict[str, str]:
    home = program.folder / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    own = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
    }
    return {**inherited, **own, **program.env}
