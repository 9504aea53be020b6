"""Progress reaches the person at the terminal, or a log, and never stdout."""

from __future__ import annotations

import io
import sys
import threading

import pytest
from rich import progress as rich_progress
from rich.console import Console as RichConsole

from ls_tools.cli.output import Console
from ls_tools.cli.progress import (
    INTERVAL_S,
    BarProgress,
    LineProgress,
    progress_for,
)
from ls_tools.progress import NullProgress, StagePart


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines_of(clock: Clock) -> tuple[LineProgress, list[str]]:
    lines: list[str] = []
    return LineProgress(lines.append, clock), lines


def test_a_line_is_written_when_one_is_due(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    progress.start("media", 10, "files")
    progress.advance(2, size_bytes=1500)
    assert lines == []
    clock.now_s += INTERVAL_S
    progress.advance(size_bytes=500)
    assert lines == ["media: 3 of 10 files, 2 kB, 66.67 B/s, 70 s left"]
    progress.advance()
    assert len(lines) == 1
    clock.now_s += INTERVAL_S
    progress.advance()
    assert lines[1] == "media: 5 of 10 files, 2 kB, 33.33 B/s, 60 s left"


def test_a_stage_begins_at_nothing(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    progress.start("media", 10, "files")
    progress.advance(5, size_bytes=10)
    progress.finish()
    progress.start("tasks")
    clock.now_s += INTERVAL_S
    progress.advance(2)
    assert lines == ["tasks: 2"]


def test_short_stages_write_nothing(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    for _ in range(3):
        progress.start("tasks", 1, "tasks")
        progress.advance()
        progress.finish()
    assert lines == []


def test_no_advance_is_lost_between_threads(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    progress.start("media", None, "files")

    def work() -> None:
        for _ in range(1000):
            progress.advance(size_bytes=1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.now_s += INTERVAL_S
    progress.advance(0)
    assert lines == ["media: 4000 files, 4 kB, 133.3 B/s"]


@pytest.fixture
def bars() -> rich_progress.Progress:
    console = RichConsole(file=io.StringIO(), force_terminal=True, width=100)
    return rich_progress.Progress(
        "{task.description}",
        rich_progress.MofNCompleteColumn(),
        "{task.fields[unit]} {task.fields[moved]} {task.fields[left]}",
        console=console,
        auto_refresh=False,
    )


def shown(bars: rich_progress.Progress) -> str:
    console = RichConsole(file=io.StringIO(), width=100)
    console.print(bars)
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_a_bar_shows_what_is_done_and_moved(bars: rich_progress.Progress) -> None:
    progress = BarProgress(bars)
    progress.start("media", 4, "files")
    progress.advance(3, size_bytes=2_500_000)
    assert shown(bars) == "media 3/4 files 2.5 MB"
    progress.finish()
    assert shown(bars) == ""


def test_a_bar_shows_rate_and_remaining_time(
    bars: rich_progress.Progress, clock: Clock
) -> None:
    progress = BarProgress(bars, clock)
    progress.start("media", 1000, "files")
    for _ in range(100):
        clock.now_s += 0.1
        progress.advance(size_bytes=100_000)
    assert shown(bars) == "media 100/1000 files 10 MB, 1 MB/s 90 s left"
    for _ in range(200):
        clock.now_s += 0.1
        progress.advance(2, size_bytes=400_000)
    assert shown(bars) == "media 500/1000 files 90 MB, 4 MB/s 25 s left"
    progress.advance(500)
    assert shown(bars).endswith("1000/1000 files 90 MB, 4 MB/s")


def test_the_speed_is_that_of_lately(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    progress.start("media", 100_000, "files")
    progress.advance(90_000)
    for _ in range(200):
        clock.now_s += 1
        progress.advance(1, size_bytes=1_000_000)
    assert lines[-1] == (
        "media: 90180 of 100000 files, 180 MB, 1 MB/s, 2 h 43 min left"
    )


def test_the_bar_of_an_unfinished_stage_gives_way(bars: rich_progress.Progress) -> None:
    progress = BarProgress(bars)
    progress.start("media", 4, "files")
    progress.start("tasks", None, "tasks")
    progress.advance()
    assert shown(bars) == "tasks 1/? tasks"
    progress.finish()
    progress.finish()
    progress.advance()
    assert shown(bars) == ""


def test_a_part_moves_the_stage_that_is_open(
    bars: rich_progress.Progress,
) -> None:
    progress = BarProgress(bars)
    progress.start("tasks", 9, "tasks")
    other, same = (StagePart(progress, counts=counts) for counts in (False, True))
    for part in (other, same):
        part.start("media", 2, "files")
        part.advance(2, size_bytes=5)
        part.finish()
    assert shown(bars) == "tasks 2/9 tasks 10 B"


def test_quiet_shows_nothing() -> None:
    with progress_for(Console(quiet=True)) as progress:
        assert isinstance(progress, NullProgress)


def test_without_a_terminal_there_are_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ls_tools.cli.progress.INTERVAL_S", 0)
    with progress_for(Console()) as progress:
        progress.start("tasks", 2, "tasks")
        progress.advance()
    assert isinstance(progress, LineProgress)
    assert capsys.readouterr() == ("", "tasks: 1 of 2 tasks\n")


def test_a_terminal_shows_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stdout, stderr = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with progress_for(Console()) as progress:
        assert isinstance(progress, BarProgress)
        progress.start("tasks", 2, "tasks")
        progress.advance()
    assert stdout.getvalue() == ""
    assert "tasks" in stderr.getvalue()
