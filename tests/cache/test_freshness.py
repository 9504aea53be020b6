"""Entries that have to be confirmed after a while."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cache.rig import Store, request_for

from ls_tools.cache import Cache, Entry
from ls_tools.cache.freshness import fresh_s
from ls_tools.cache.meta import now_utc
from ls_tools.cache.uses import TRUST_S
from ls_tools.errors import (
    DeadlineError,
    IntegrityError,
    NetworkError,
    NotFoundError,
    TokenRejectedError,
)
from ls_tools.settings import CacheLimits
from ls_tools.transfer import Fetched, Sink, Validator

TTL_S = 3600.0


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", CacheLimits(ttl_s=TTL_S))


def confirm_ago(entry: Entry, age_s: float) -> None:
    """Have ``entry`` been confirmed so many seconds ago."""
    path = entry.path.parent / "meta.json"
    sidecar = json.loads(path.read_text())
    sidecar["checked_at"] = (now_utc() - timedelta(seconds=age_s)).isoformat()
    path.write_text(json.dumps(sidecar))


@pytest.fixture
def stale(cache: Cache, store: Store) -> Entry:
    entry = cache.get(request_for(), store.fill).entry
    confirm_ago(entry, TTL_S + 1)
    return entry


@pytest.mark.parametrize(
    ("age_s", "is_asked"),
    [(TTL_S - 30, False), (TTL_S + 1, True), (-30, False), (-300, True)],
)
def test_the_store_is_asked_again_when_the_time_is_over(
    cache: Cache, store: Store, age_s: float, *, is_asked: bool
) -> None:
    """A confirmation from the future is none: a clock was set back."""
    confirm_ago(cache.get(request_for(), store.fill).entry, age_s)
    outcome = cache.get(request_for(), store.fill)
    assert outcome.from_cache
    assert len(store.asked) == 1 + is_asked


def test_a_confirmed_entry_is_trusted_anew(
    cache: Cache, store: Store, stale: Entry
) -> None:
    assert cache.trusted_s(stale) <= TRUST_S
    for _ in range(3):
        assert cache.get(request_for(), store.fill).entry.path == stale.path
    assert store.asked == [None, Validator(etag='"1"')]


def test_what_changed_meanwhile_is_fetched(
    cache: Cache, store: Store, stale: Entry
) -> None:
    store.put(b"second", '"2"')
    outcome = cache.get(request_for(), store.fill)
    assert outcome.entry.path.read_bytes() == b"second"
    assert not outcome.from_cache
    assert stale.path.read_bytes() == b"first"


@pytest.mark.parametrize("error", [NetworkError, DeadlineError, IntegrityError])
def test_a_store_that_cannot_be_asked_leaves_what_there_is(
    cache: Cache,
    store: Store,
    stale: Entry,
    error: type[NetworkError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.error = error("The store is away.")
    with caplog.at_level(logging.WARNING, "ls_tools"):
        outcome = cache.get(request_for(), store.fill)
    assert outcome.from_cache
    assert outcome.entry.path == stale.path
    assert "The store is away." in caplog.text


def test_a_store_that_was_away_is_not_asked_for_each_entry(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr("ls_tools.cache.freshness.time.monotonic", lambda: now_s)
    for index in range(5):
        confirm_ago(cache.get(request_for(index), store.fill).entry, TTL_S + 1)
    store.error = NetworkError("down")
    for index in range(5):
        cache.get(request_for(index), store.fill)
    assert len(store.asked) == 5 + 1
    now_s += 61
    cache.get(request_for(0), store.fill)
    assert len(store.asked) == 5 + 2


@pytest.mark.parametrize("error", [NotFoundError("gone"), TokenRejectedError("no")])
def test_a_store_that_says_no_is_believed(
    cache: Cache, store: Store, stale: Entry, error: Exception
) -> None:
    store.error = error
    with pytest.raises(type(error)):
        cache.get(request_for(), store.fill)
    assert stale.path.exists()


def test_whoever_asks_to_revalidate_is_told_that_it_failed(
    cache: Cache, store: Store, stale: Entry
) -> None:
    store.error = NetworkError("down")
    with pytest.raises(NetworkError, match="down"):
        cache.get(request_for(), store.fill, mode="revalidate")
    assert stale.path.exists()


def test_offline_nothing_is_asked_however_old(
    cache: Cache, store: Store, stale: Entry
) -> None:
    found = cache.get(request_for(), store.fill, mode="offline").entry
    assert found.path == stale.path
    assert len(store.asked) == 1


def test_whoever_saw_an_entry_go_stale_takes_the_confirmation_of_another(
    cache: Cache, stale: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def confirm(_sink: Sink, _validator: Validator | None) -> Fetched:
        asked.append(1)
        return Fetched(not_modified=True)

    def overtaken(entry: Entry, ttl_s: float | None) -> float:
        left_s = fresh_s(entry, ttl_s)
        monkeypatch.undo()
        cache.get(request_for(), confirm)
        return left_s

    monkeypatch.setattr("ls_tools.cache.store.fresh_s", overtaken)
    outcome = cache.get(request_for(), confirm)
    assert outcome.from_cache
    assert outcome.entry.path == stale.path
    assert len(asked) == 1


def test_threads_confirm_a_stale_entry_once(cache: Cache, stale: Entry) -> None:
    asked = []
    started = threading.Barrier(8)

    def confirm(_sink: Sink, _validator: Validator | None) -> Fetched:
        asked.append(1)
        return Fetched(not_modified=True)

    def get(_number: int) -> bool:
        started.wait(10)
        return cache.get(request_for(), confirm).from_cache

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(get, range(8)))
    assert len(asked) == 1
    assert stale.path.exists()
