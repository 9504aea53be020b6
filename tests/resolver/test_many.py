"""Many references at once: order, failures, duplicates, progress, interruption."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from resolver.media_server import MediaServer

from ls_tools.errors import BadReferenceError, MissingUrlError, NotFoundError
from ls_tools.progress import NullProgress
from ls_tools.resolver import Resolver, get_local_paths
from ls_tools.resolver.batch import run_all
from ls_tools.settings import Settings


class Recorder(NullProgress):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int | None, str]] = []
        self.count = self.size_bytes = self.finished = 0
        self._lock = threading.Lock()

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        self.started.append((label, total, unit))

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        with self._lock:
            self.count += count
            self.size_bytes += size_bytes

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def references(server: MediaServer) -> list[str]:
    for number in range(20):
        server.put(f"/data/upload/1/{number}.png", b"x" * number)
    return [f"/data/upload/1/{number}.png" for number in range(20)]


def test_results_come_in_the_order_asked(
    resolver: Resolver, references: list[str]
) -> None:
    asked = references[::-1]
    found = resolver.paths(asked)
    assert [one.reference for one in found] == asked
    assert [one.size_bytes for one in found] == list(range(20))[::-1]


def test_one_failure_stops_no_other(
    resolver: Resolver, references: list[str], tmp_path: Path
) -> None:
    asked = [*references, "/data/upload/1/gone.png", "no reference", *references]
    found = resolver.paths(asked)
    errors = [one.error for one in found if one.error is not None]
    assert [type(error) for error in errors] == [NotFoundError, BadReferenceError]
    assert sum(one.path is not None for one in found) == 40
    without_server = Resolver(Settings(cache_dir=tmp_path / "other"))
    kinds = {type(one.error) for one in without_server.paths(references)}
    assert kinds == {MissingUrlError}


def test_a_reference_asked_twice_is_resolved_once(
    resolver: Resolver, server: MediaServer, references: list[str]
) -> None:
    found = resolver.paths(references * 3)
    assert sorted(server.targets) == sorted(references)
    assert [one.path for one in found[:20]] == [one.path for one in found[40:]]


def test_progress_tells_files_and_bytes(
    settings: Settings, references: list[str]
) -> None:
    progress = Recorder()
    get_local_paths(references * 2, settings=settings, progress=progress)
    assert progress.started == [("media", 20, "files")]
    assert (progress.count, progress.size_bytes) == (20, sum(range(20)))
    assert progress.finished == 1
    get_local_paths(references, settings=settings, progress=progress)
    assert (progress.count, progress.size_bytes) == (40, sum(range(20)))


def test_progress_is_silent_outside_of_a_batch(
    settings: Settings, references: list[str]
) -> None:
    progress = Recorder()
    with Resolver(settings, progress=progress) as resolver:
        resolver.path(references[5])
    assert (progress.count, progress.size_bytes) == (0, 0)


def test_nothing_asked_gives_nothing(resolver: Resolver) -> None:
    assert resolver.paths([]) == []


def test_no_more_threads_than_jobs_work_at_once() -> None:
    lock = threading.Lock()
    now, most = 0, 0
    together = threading.Barrier(3, timeout=30)

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1

    list(run_all(work, range(30), jobs=3))
    assert most == 3


def test_an_error_of_the_work_reaches_the_caller() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise KeyError(number)
        return number

    with pytest.raises(KeyError):
        list(run_all(work, range(8), jobs=2))


def test_stopping_early_begins_nothing_new() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            go_on.wait(30)
        return number

    def consume() -> Iterator[int]:
        for index, _ in run_all(work, range(100), jobs=2):
            yield index

    results = consume()
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("ls_tools-"):
            thread.join(30)
    assert len(begun) <= 4
