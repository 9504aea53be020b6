from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from select import select
from typing import Any

import pytest
from cache.rig import SCRIPTS, Store, key_of, names_in, request_for

from ls_tools.cache import Cache, key_locks, locks
from ls_tools.cache.locks import locked
from ls_tools.errors import NetworkError
from ls_tools.transfer import Fetched, Sink, Validator

PROCESSES, THREADS, KEYS = 32, 4, 50


def test_many_processes_and_threads_fetch_each_object_once(tmp_path: Path) -> None:
    """G2: 32 processes x 4 threads x 50 keys, 50 fetches."""
    root, fetches = tmp_path / "cache", tmp_path / "fetches"
    fetches.mkdir()
    command = [sys.executable, str(SCRIPTS / "hammer.py"), str(root), str(fetches)]
    workers = [
        subprocess.Popen(
            [*command, str(THREADS), str(KEYS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    counts = Counter(path.name.partition(".")[0] for path in fetches.iterdir())
    assert counts == {str(index): 1 for index in range(KEYS)}
    assert sum(map(int, answers)) == KEYS
    cache = Cache(root)
    assert cache.verify() == []
    assert cache.info().versions == KEYS
    assert names_in(root / "v1" / "locks") == ["keys"]


def test_a_reader_beside_the_writer_never_sees_part_of_a_file(cache: Cache) -> None:
    """G2: nothing is found before all of it is there."""
    half_done, go_on = threading.Event(), threading.Event()

    def in_halves(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"fir")
        half_done.set()
        assert go_on.wait(10)
        sink.write_at(3, b"st")
        return Fetched(size_bytes=5)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(cache.get, request_for(), in_halves)
        assert half_done.wait(10)
        assert cache.lookup(key_of("a")) is None
        assert list(cache.entries()) == []
        go_on.set()
        assert future.result(10).entry == cache.lookup(key_of("a"))


def test_every_version_is_whole_for_a_reader_while_more_are_committed(
    cache: Cache,
) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(150):
            body = b"%d;" % number * (number * 97 % 5000 + 1)
            store = Store(body=body, etag=f'"{number}"')
            cache.get(request_for(), store.fill, mode="revalidate")
        done.set()

    seen: dict[Path, bytes] = {}
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(write)
        while not done.is_set() and not future.done():
            entry = Cache(cache.root).lookup(key_of("a"))
            if entry is not None:
                body = entry.path.read_bytes()
                assert len(body) == entry.size_bytes
                assert set(body.split(b";")) == {body.partition(b";")[0], b""}
                seen[entry.path] = body
        future.result()
    assert len(seen) > 1
    assert all(path.read_bytes() == body for path, body in seen.items())
    assert cache.verify() == []


def test_threads_that_wait_for_a_failing_fetch_fail_with_it(cache: Cache) -> None:
    asked = []
    do_all_wait = threading.Event()

    def fail(_sink: Sink, _validator: Validator | None) -> Fetched:
        asked.append(1)
        assert do_all_wait.wait(10)
        msg = "The server is away."
        raise NetworkError(msg)

    def ask() -> str:
        with pytest.raises(NetworkError) as caught:
            cache.get(request_for(), fail)
        return caught.value.message

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ask) for _ in range(8)]
        while _count_waiting(cache) < 7:
            assert not any(future.done() for future in futures)
        do_all_wait.set()
        assert {future.result(10) for future in futures} == {"The server is away."}
    assert len(asked) == 1


def test_the_next_call_after_a_failure_tries_again(cache: Cache, store: Store) -> None:
    store.error = NetworkError("down")
    with pytest.raises(NetworkError):
        cache.get(request_for(), store.fill)
    store.error = None
    assert not cache.get(request_for(), store.fill).from_cache


def test_a_waiter_takes_over_from_an_interrupted_thread(
    cache: Cache, store: Store
) -> None:
    is_fetching, is_interrupted = threading.Event(), threading.Event()

    def be_interrupted(_sink: Sink, _validator: Validator | None) -> Fetched:
        is_fetching.set()
        assert is_interrupted.wait(10)
        raise KeyboardInterrupt

    def ask() -> None:
        with pytest.raises(KeyboardInterrupt):
            cache.get(request_for(), be_interrupted)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask)
        assert is_fetching.wait(10)
        second = pool.submit(cache.get, request_for(), store.fill)
        is_interrupted.set()
        first.result(10)
        assert second.result(10).entry.path.read_bytes() == b"first"
    assert names_in(cache.root / "v1" / "tmp") == []


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_still_serves(
    cache: Cache, store: Store, break_locks: Callable[[int], None], code: int
) -> None:
    break_locks(code)
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"
    assert cache.get(request_for(), store.fill, mode="revalidate").from_cache


def test_locks_that_lie_cost_downloads_but_never_harm(
    cache: Cache, break_locks: Callable[[int], None]
) -> None:
    break_locks(0)
    all_fetch = threading.Barrier(8)

    def fill(sink: Sink, _validator: Validator | None) -> Fetched:
        all_fetch.wait(10)
        sink.write_at(0, b"the same")
        return Fetched(size_bytes=8)

    def get(_number: int) -> bytes:
        outcome = Cache(cache.root).get(request_for(), fill)
        return outcome.entry.path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {b"the same"}
    assert cache.verify() == []
    assert cache.lookup(key_of("a")) is not None
    assert names_in(cache.root / "v1" / "tmp") == []


def test_a_lock_that_lied_lets_different_versions_stand_side_by_side(
    cache: Cache, break_locks: Callable[[int], None]
) -> None:
    break_locks(0)
    all_fetch = threading.Barrier(4)

    def get(number: int) -> bool:
        def fill(sink: Sink, _validator: Validator | None) -> Fetched:
            all_fetch.wait(10)
            sink.write_at(0, b"%d" % number)
            return Fetched(size_bytes=1)

        entry = Cache(cache.root).get(request_for(), fill).entry
        return entry.path.read_bytes() == b"%d" % number

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(get, range(4)))
    assert cache.verify() == []
    assert cache.info().versions == 4


def test_a_forked_child_neither_waits_for_threads_it_lost_nor_keeps_locks(
    tmp_path: Path,
) -> None:
    root = tmp_path / "cache"
    command = [sys.executable, "-W", "ignore", str(SCRIPTS / "orphan.py"), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            assert select([parent.stdout], [], [], 10)[0], "the child hangs"
            assert parent.stdout.readline() == '"first"\n'
        finally:
            os.kill(child, signal.SIGKILL)
    assert Cache(root).verify() == []
    assert Cache(root).info().entries == 2


def test_a_child_forked_while_places_change_lets_go_of_none() -> None:
    """Whoever guarded them is not there to let go of the guard."""
    places = key_locks._Places()
    places.take(1)
    told, tell = os.pipe()
    with places._guard, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads may be left
        child = os.fork()
        if not child:
            places.give(1)
            os.write(tell, b"done")
            os._exit(0)
    try:
        assert select([told], [], [], 10)[0], "the child hangs"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        os.close(tell)


def test_a_cache_that_was_removed_is_locked_anew(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ls_tools.cache.key_locks._LOOK_INTERVAL_S", -1.0)
    cache.get(request_for("a"), store.fill)
    shutil.rmtree(cache.root)
    other = Cache(cache.root)
    is_waiting = threading.Event()

    def wait_for_other(sink: Sink, validator: Validator | None) -> Fetched:
        future = pool.submit(other.get, request_for("b"), store.fill)
        while not is_waiting.wait(0.05):
            assert not future.done()
            is_waiting.set()
        waiting.append(future)
        return store.fill(sink, validator)

    waiting: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        assert not cache.get(request_for("b"), wait_for_other).from_cache
        assert waiting[0].result(10).from_cache
    assert len(store.asked) == 2


def test_a_lock_file_removed_by_its_holder_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locks" / "a.lock"
    order: list[str] = []
    has_opened = threading.Event()
    real_open = locks._open

    def tell(name: str) -> int:
        fd = real_open(name)
        has_opened.set()
        return fd

    def lock_second() -> None:
        with locked(str(path)):
            assert path.exists()
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with locked(str(path)):
            monkeypatch.setattr(locks, "_open", tell)
            future = pool.submit(lock_second)
            assert has_opened.wait(10)
            order.append("first")
        future.result(10)
    assert order == ["first", "second"]
    assert not path.exists()


def test_the_lock_of_another_user_counts_where_it_can_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.lock"
    holder = os.open(path, os.O_RDWR | os.O_CREAT)
    assert locks.lock_softly(holder) == "free"
    real_open = os.open

    def refuse_writing(name: str, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError
        return real_open(name, flags, *mode)

    monkeypatch.setattr(os, "open", refuse_writing)
    reader = locks._open(str(path))
    assert locks.lock_softly(reader) == "held"
    locks.unlock_and_close(holder)
    assert locks.lock_softly(reader) == "free"
    locks.unlock_and_close(reader)


def _count_waiting(cache: Cache) -> int:
    running: tuple[Any, ...] = tuple(cache._fetcher._flights._running.values())
    return sum(len(future._condition._waiters) for future in running)
