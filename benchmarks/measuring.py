"""Run sides by turns, each as a whole process, and say what each run took.

Memory is sampled and needs Linux; elsewhere it is 0.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SAMPLE_S = 0.01
_SAMPLES_PER_SEARCH = 10
_LONG_S = 20
_LONG_ROUNDS = 3
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """What a run took, its child processes included.

    Attributes:
        wall_s: Seconds by the clock.
        cpu_s: Seconds of processors.
        anonymous_bytes: Peak of the memory that no file stands for.
        resident_bytes: Peak of all memory, pages of mapped files included.
    """

    wall_s: float
    cpu_s: float
    anonymous_bytes: int = 0
    resident_bytes: int = 0


class RunError(Exception):
    """A side failed, or did not do what it was asked to."""


class NotMeasuredError(Exception):
    """Something cannot be measured here; says why."""


@dataclass(frozen=True)
class Side:
    """One way to do something.

    Attributes:
        name: In the table.
        command: The command for a folder that the run may fill.
        tells_s: Whether it measures itself: the last line that it prints is then
            its seconds by the clock.
        check: Looks at what the run left in its folder; raises ``RunError``.
        most_rounds: Of slow sides; as many as all others where None.
        given: Its standard input.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    tells_s: bool = False
    check: Callable[[Path], None] | None = None
    most_rounds: int | None = None
    given: str = ""


Runs = dict[str, list[Cost]]


def compare(sides: Sequence[Side], rounds: int, folder: Path) -> Runs:
    """Run the sides by turns; costs by the names of the sides.

    A side that takes longer than a minute runs in the first three rounds only.

    Args:
        sides: In the order of their turns.
        rounds: How often.
        folder: Where each run gets an empty folder.
    """
    runs: Runs = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            found = runs[side.name]
            if len(found) < _rounds_of(side, found):
                found.append(run_side(side, folder))
    return runs


def _rounds_of(side: Side, found: Sequence[Cost]) -> int:
    most = sys.maxsize if side.most_rounds is None else side.most_rounds
    is_long = any(cost.wall_s > _LONG_S for cost in found)
    return min(most, _LONG_ROUNDS) if is_long else most


def run_side(side: Side, folder: Path) -> Cost:
    """Run one side once."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        cost, printed = run(side.command(Path(out)), given=side.given)
        if side.check:
            side.check(Path(out))
    if side.tells_s:
        return replace(cost, wall_s=float(printed.split()[-1]))
    return cost


def run(command: Sequence[str], *, given: str = "") -> tuple[Cost, str]:
    """Run a process to its end.

    Returns:
        What it took, and what it printed.

    Raises:
        RunError: It failed.
    """
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as said:
        with tempfile.TemporaryFile("w+") as given_file:
            given_file.write(given)
            given_file.seek(0)
            started = time.perf_counter()
            process = subprocess.Popen(
                list(command), stdin=given_file, stdout=told, stderr=said
            )
        watch = Watch(process.pid)
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            wall_s = time.perf_counter() - started
            watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        said.seek(0)
        if process.returncode:
            msg = f"{command[:4]} failed: {said.read()[-2000:]}"
            raise RunError(msg)
        cpu_s = usage.ru_utime + usage.ru_stime
        cost = Cost(wall_s, cpu_s, watch.anonymous_bytes, watch.resident_bytes)
        return cost, told.read()


class Watch(threading.Thread):
    """Samples the memory of a process and of all its descendants, summed.

    Pages that a fork shares with its parent are counted for both.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.anonymous_bytes = 0
        self.resident_bytes = 0
        self._pid = pid
        self._over = threading.Event()

    def stop(self) -> None:
        """End the sampling."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Sample until stopped."""
        samples = 0
        family = [self._pid]
        while not self._over.wait(_SAMPLE_S):
            if samples % _SAMPLES_PER_SEARCH == 0:
                family = family_of(self._pid)
            samples += 1
            found = [memory_of(pid) for pid in family]
            anonymous = sum(one[0] for one in found)
            resident = sum(one[1] for one in found)
            self.anonymous_bytes = max(self.anonymous_bytes, anonymous)
            self.resident_bytes = max(self.resident_bytes, resident)


def family_of(pid: int) -> list[int]:
    """A process and all that descend from it."""
    family = [pid]
    for one in family:  # grows under way
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                family += map(int, _read(f"{thread}/children").split())
    return family


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes of anonymous memory, and of all that is resident."""
    try:
        _, resident, of_files = map(int, _read(f"/proc/{pid}/statm").split()[:3])
    except (OSError, ValueError):
        return (0, 0)
    return (resident - of_files) * _PAGE_BYTES, resident * _PAGE_BYTES


def _read(path: str) -> bytes:
    """A small file of the system's, in few steps: its reader shares the processors."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
