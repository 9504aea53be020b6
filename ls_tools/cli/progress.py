"""Progress on stderr: a bar on a terminal, a line every 30 s elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from ls_tools.cli.output import Console
    from ls_tools.progress import Progress

INTERVAL_S = 30.0
"""Seconds between two lines where there is no terminal."""

_SHORT_S = 10.0
_LONG_S = 2 * INTERVAL_S
"""Over how many seconds a speed is taken, on a terminal and in a line."""


@contextlib.contextmanager
def progress_for(console: Console) -> Iterator[Progress]:
    """The progress that fits where stderr goes."""
    if console.quiet:
        yield NullProgress()
    elif sys.stderr.isatty():
        with _terminal_bars() as bars:
            yield BarProgress(bars)
    else:
        yield LineProgress(console.note)


@contextlib.contextmanager
def _terminal_bars() -> Iterator[RichProgress]:
    from rich import progress
    from rich.console import Console as RichConsole

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[unit]}"),
        progress.TextColumn("{task.fields[moved]}"),
        progress.TextColumn("{task.fields[left]}"),
    )
    console = RichConsole(stderr=True)
    with progress.Progress(*columns, console=console, transient=True) as bars:
        yield bars


class BarProgress:
    """Progress as bars, one per stage.

    Args:
        bars: The live display to draw on.
        clock: Seconds that never go back.
    """

    def __init__(
        self, bars: RichProgress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bars = bars
        self._clock = clock
        self._lock = threading.Lock()
        self._stage: TaskID | None = None
        self._count = _Count(clock(), _SHORT_S)
        self._total: int | None = None

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Add a bar."""
        self.finish()
        with self._lock:
            self._count, self._total = _Count(self._clock(), _SHORT_S), total
        self._stage = self._bars.add_task(
            label, total=total, unit=unit, moved="", left=""
        )

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Move the bar."""
        if self._stage is None:
            return
        with self._lock:
            self._count.add(self._clock(), count, size_bytes)
            moved, left = self._count.moved_text(), self._count.left_text(self._total)
        self._bars.update(self._stage, advance=count, moved=moved, left=left)

    def finish(self) -> None:
        """Take the bar away."""
        if self._stage is not None:
            self._bars.remove_task(self._stage)
            self._stage = None


class LineProgress:
    """Progress as a line of text every ``INTERVAL_S`` seconds.

    Args:
        note: Takes each line.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._note = note
        self._clock = clock
        self._lock = threading.Lock()
        self._label, self._unit = "", ""
        self._total: int | None = None
        self._count = _Count(clock(), _LONG_S)
        self._due = clock() + INTERVAL_S

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Begin a stage, without a line of its own."""
        with self._lock:
            self._label, self._total, self._unit = label, total, unit
            self._count = _Count(self._clock(), _LONG_S)

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Count, and write a line when one is due."""
        with self._lock:
            now = self._clock()
            self._count.add(now, count, size_bytes)
            if now < self._due:
                return
            self._due = now + INTERVAL_S
            line = self._line()
        self._note(line)

    def finish(self) -> None:
        """End a stage, without a line of its own."""

    def _line(self) -> str:
        count = self._count
        total = "" if self._total is None else f" of {self._total}"
        done = f"{self._label}: {count.done}{total} {self._unit}".rstrip()
        parts = (done, count.moved_text(), count.left_text(self._total))
        return ", ".join(filter(None, parts))


class _Count:
    """What a stage did so far, and how fast lately.

    Args:
        now_s: When it began.
        window_s: Over how many seconds the speed is taken.
    """

    def __init__(self, now_s: float, window_s: float) -> None:
        self.done = self.moved = 0
        self._window_s = window_s
        self._now_s = now_s
        self._past: deque[tuple[float, int, int]] = deque([(now_s, 0, 0)])

    def add(self, now_s: float, count: int, size_bytes: int) -> None:
        """Count what was done and moved."""
        self.done += count
        self.moved += size_bytes
        self._now_s = now_s
        past = self._past
        if now_s - past[-1][0] >= self._window_s / 10:
            past.append((now_s, self.done, self.moved))
            # What lies between two moments is measured from the earlier one.
            while len(past) > 1 and past[1][0] <= now_s - self._window_s:
                past.popleft()

    def moved_text(self) -> str:
        """The bytes that moved, and how many of them a second."""
        if not self.moved:
            return ""
        seconds, _, moved = self._lately()
        speed = f", {_size_text(moved / seconds)}/s" if seconds and moved else ""
        return _size_text(self.moved) + speed

    def left_text(self, total: int | None) -> str:
        """How long the rest will take at this speed; empty where nobody knows."""
        seconds, done, _ = self._lately()
        rest = 0 if total is None else total - self.done
        if rest <= 0 or done <= 0 or not seconds:
            return ""
        return f"{_time_text(rest * seconds / done)} left"

    def _lately(self) -> tuple[float, int, int]:
        """Seconds, and what was done and moved in them; none in under a second."""
        began_s, done, moved = self._past[0]
        seconds = self._now_s - began_s
        return (
            (seconds, self.done - done, self.moved - moved)
            if seconds >= 1
            else (0.0, 0, 0)
        )


_STEP = 1000
_MINUTE_S, _HOUR_S = 60, 3600
_SECONDS_UP_TO_S = 100


def _time_text(seconds: float) -> str:
    if seconds < _SECONDS_UP_TO_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    hours, rest = divmod(seconds, _HOUR_S)
    return f"{hours:.0f} h {rest // _MINUTE_S:.0f} min"


def _size_text(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < _STEP:
            return f"{size_bytes:.4g} {unit}"
        size_bytes /= _STEP
    return f"{size_bytes:.4g} TB"
