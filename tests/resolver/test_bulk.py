"""Thousands of references: streamed, bounded by what the stores bear, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from resolver.media_server import MediaServer, Reply
from resolver.test_many import Recorder

from ls_tools.errors import BadReferenceError, NotFoundError
from ls_tools.forks import PerProcess
from ls_tools.pacing import Pace
from ls_tools.registry import Registry
from ls_tools.resolver import MediaRequest, Resolver, batch
from ls_tools.resolver.batch import run_all
from ls_tools.settings import Settings
from ls_tools.sources import Services, register_source, routes
from ls_tools.transfer import Fetched, Sink, Validator
from ls_tools.transport import Transport


def requests(count: int) -> Iterator[MediaRequest]:
    return (MediaRequest(reference=f"yard://b/{n}.png") for n in range(count))


class Yard:
    """Gives an object its own name; counts how many are asked for at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.turn_s = 0.0

    def __call__(self, services: Services) -> Yard:
        self.services = services
        return self

    def find(self, locator: object) -> None:
        """Nothing is on the disk."""

    def fetch(
        self, locator: object, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        del validator
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        body = str(locator.canonical).encode()  # type: ignore[attr-defined]
        sink.write_at(0, body)
        time.sleep(self.turn_s)
        with self.lock:
            self.now -= 1
        if body.endswith(b"7.png"):
            raise NotFoundError(body.decode())
        return Fetched(size_bytes=len(body))


@pytest.fixture
def yard(monkeypatch: pytest.MonkeyPatch) -> Yard:
    """The source of ``yard://``."""
    yard = Yard()
    registry: Registry[object] = Registry("source", dict(routes.SOURCES._targets))  # type: ignore[arg-type]
    monkeypatch.setattr(routes, "SOURCES", registry)
    monkeypatch.setattr(routes, "_ROUTES", dict(routes._ROUTES))
    register_source("yard", yard, kinds=["yard"])
    return yard


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator[Resolver]:
    with Resolver(Settings(cache_dir=tmp_path, jobs=4)) as resolver:
        yield resolver


def test_results_are_streamed_with_their_places(resolver: Resolver, yard: Yard) -> None:
    found = dict(resolver.iter_paths(requests(100)))
    assert sorted(found) == list(range(100))
    assert yard.most <= 4
    for place, one in found.items():
        assert one.reference == f"yard://b/{place}.png"
        assert (one.error is None) == (place % 10 != 7)


def test_no_more_is_read_ahead_than_fits(
    resolver: Resolver, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_AHEAD", 10)
    taken = 0

    def endless() -> Iterator[MediaRequest]:
        nonlocal taken
        while True:
            taken += 1
            yield MediaRequest(reference=f"yard://b/{taken}.png")

    results = resolver.iter_paths(endless())
    for _ in range(50):
        next(results)
    results.close()  # type: ignore[attr-defined]
    assert taken <= 50 + 10
    assert yard.most <= 4


def test_what_goes_wrong_in_the_input_reaches_the_caller(
    resolver: Resolver, yard: Yard
) -> None:
    def broken() -> Iterator[MediaRequest]:
        yield from requests(5)
        raise KeyError

    with pytest.raises(KeyError):
        list(resolver.iter_paths(broken()))
    assert yard.most <= 4
    assert len(list(resolver.iter_paths(requests(5)))) == 5


def test_progress_counts_what_is_streamed(tmp_path: Path, yard: Yard) -> None:
    progress = Recorder()
    with Resolver(Settings(cache_dir=tmp_path, jobs=2), progress=progress) as resolver:
        list(resolver.iter_paths(requests(20)))
    assert yard.most <= 2
    assert (progress.started, progress.count) == ([], 20)


def test_fewer_are_under_way_after_a_store_complained(
    resolver: Resolver, yard: Yard
) -> None:
    resolver._pace.slow_down()
    resolver._pace.slow_down()
    yard.turn_s = 0.001
    found = resolver.paths([request.reference for request in requests(40)])
    assert len(found) == 40
    assert yard.most == 1


def test_a_source_learns_the_pace(resolver: Resolver, yard: Yard) -> None:
    resolver.resolve("yard://b/1.png")
    assert yard.services.pace is resolver._pace


def test_throttling_slows_the_batch_and_every_file_comes(
    server: MediaServer, tmp_path: Path
) -> None:
    for number in range(40):
        slow = Reply(status=503, headers={"Retry-After": "0"})
        right = Reply(body=b"x" * number)
        server.replies[f"/{number}.png"] = [slow, right]
    settings = Settings(cache_dir=tmp_path, jobs=8, retry_wait_s=0.001)
    with Resolver(settings) as resolver:
        found = resolver.paths([f"{server.url}/{n}.png" for n in range(40)])
        assert resolver._pace.bound < 8
        assert resolver._pace.under_way == 0
    assert [one.size_bytes for one in found] == list(range(40))


def test_who_waits_for_a_slow_store_holds_up_no_other(
    server: MediaServer, elsewhere: MediaServer, tmp_path: Path
) -> None:
    """Two that are told to come back in a minute, and two places in all."""
    sleeping = threading.Semaphore(0)
    wake = threading.Event()

    def sleep(_: float) -> None:
        sleeping.release()
        assert wake.wait(60)

    for number in range(2):
        server.replies[f"/{number}.png"] = [
            Reply(status=500, headers={"Retry-After": "60"}),
            Reply(body=b"late"),
        ]
    for number in range(20):
        elsewhere.put(f"/{number}.png", b"soon")
    settings = Settings(cache_dir=tmp_path, jobs=2)
    with Resolver(settings) as resolver:
        transport = Transport(settings, sleep=sleep, pace=resolver._pace)
        resolver._transport = PerProcess(lambda: transport)
        asked = [f"{server.url}/{n}.png" for n in range(2)]
        asked += [f"{elsewhere.url}/{n}.png" for n in range(20)]
        results = resolver.iter_paths(MediaRequest(reference=one) for one in asked)
        first = [next(results) for _ in range(20)]
        assert {place for place, _ in first} == set(range(2, 22))
        assert sleeping.acquire(timeout=60)
        assert sleeping.acquire(timeout=60)
        wake.set()
        late = list(results)
    assert sorted(place for place, _ in late) == [0, 1]
    assert all(one.error is None for _, one in [*first, *late])


def test_one_pool_of_connections_serves_all(resolver: Resolver) -> None:
    transport = resolver._connect()
    assert resolver._connect() is transport
    adapter = transport._exchange()._connections._adapter
    size = adapter._pool_maxsize  # type: ignore[attr-defined]
    assert size == resolver.settings.jobs


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("paced", [False, True])
def test_an_interrupt_begins_nothing_new(jobs: int, *, paced: bool) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    def consume() -> None:
        pace = Pace(jobs) if paced else None
        for _ in run_all(work, range(100_000), jobs=jobs, pace=pace):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    for thread in threading.enumerate():
        if thread.name.startswith("ls_tools-"):
            thread.join(30)
            assert not thread.is_alive()
    assert len(begun) < 100_000


def test_a_bad_reference_is_a_result_like_others(
    resolver: Resolver, yard: Yard
) -> None:
    given = [MediaRequest(reference="no reference"), *requests(2)]
    found = dict(resolver.iter_paths(given))
    assert isinstance(found[0].error, BadReferenceError)
    assert yard.most <= 4
    assert found[1].path is not None
