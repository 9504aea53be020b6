"""Progress on stderr: a bar on a terminal, a line every 30 s elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
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
        progress.TimeRemainingColumn(compact=True),
    )
    console = RichConsole(stderr=True)
    with progress.Progress(*columns, console=console, transient=True) as bars:
        yield bars


class BarProgress:
    """Progress as bars, one per stage.

    Args:
        bars: The live display to draw on.
    """

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._stage: TaskID | None = None
        self._moved = 0

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Add a bar."""
        self.finish()
        self._moved = 0
        self._stage = self._bars.add_task(label, total=total, unit=unit, moved="")

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Move the bar."""
        if self._stage is None:
            return
        self._moved += size_bytes
        moved = _size_text(self._moved) if self._moved else ""
        self._bars.update(self._stage, advance=count, moved=moved)

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
        self._done = self._moved = 0
        self._due = clock() + INTERVAL_S

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Begin a stage, without a line of its own."""
        with self._lock:
            self._label, self._total, self._unit = label, total, unit
            self._done = self._moved = 0

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Count, and write a line when one is due."""
        with self._lock:
            self._done += count
            self._moved += size_bytes
            now = self._clock()
            if now < self._due:
                return
            self._due = now + INTERVAL_S
            line = self._line()
        self._note(line)

    def finish(self) -> None:
        """End a stage, without a line of its own."""

    def _line(self) -> str:
        total = "" if self._total is None else f" of {self._total}"
        moved = f", {_size_text(self._moved)}" if self._moved else ""
        return f"{self._label}: {self._done}{total} {self._unit}".rstrip() + moved


_STEP = 1000


def _size_text(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < _STEP:
            return f"{size_bytes:.4g} {unit}"
        size_bytes /= _STEP
    return f"{size_bytes:.4g} TB"
