from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
from cache.rig import Store, key_of, names_in, request_for

from ls_tools.cache import Cache, CacheRequest, Entry
from ls_tools.cache.key_locks import KeyLocks
from ls_tools.errors import NotCachedError
from ls_tools.transfer import Fetched, Sink, Validator


def sidecar(entry: Entry) -> dict[str, object]:
    found = json.loads((entry.path.parent / "meta.json").read_text())
    assert isinstance(found, dict)
    return found


def test_offline_never_calls_the_fetch_function(cache: Cache, store: Store) -> None:
    with pytest.raises(NotCachedError, match="not in the cache"):
        cache.get(request_for(), store.fill, mode="offline")
    assert store.asked == []
    assert not cache.root.exists()
    cache.get(request_for(), store.fill)
    outcome = cache.get(request_for(), store.fill, mode="offline")
    assert outcome.from_cache
    assert len(store.asked) == 1


def test_the_offline_error_shows_no_signature(cache: Cache, store: Store) -> None:
    request = CacheRequest(
        key=key_of("a"),
        file_name="x",
        reference="https://u:pw@h/x?X-Amz-Signature=SECRET&a=1",
        source="test",
    )
    with pytest.raises(NotCachedError) as caught:
        cache.get(request, store.fill, mode="offline")
    assert "SECRET" not in f"{caught.value}{caught.value.data}"
    assert "pw" not in str(caught.value)


def test_if_missing_trusts_what_is_there(cache: Cache, store: Store) -> None:
    cache.get(request_for(), store.fill)
    store.put(b"second", '"2"')
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


def test_revalidation_brings_what_changed_on_the_server(
    cache: Cache, store: Store
) -> None:
    """G3."""
    old = cache.get(request_for(), store.fill).entry
    store.put(b"second", '"2"')
    new = cache.get(request_for(), store.fill, mode="revalidate")
    assert not new.from_cache
    assert new.entry.path.read_bytes() == b"second"
    assert new.entry.version > old.version
    assert cache.lookup(key_of("a")) == new.entry
    assert store.asked == [None, Validator(etag='"1"')]


def test_a_path_handed_out_keeps_its_bytes(cache: Cache, store: Store) -> None:
    paths = []
    for number in range(5):
        store.put(b"%d" % number, f'"{number}"')
        outcome = cache.get(request_for(), store.fill, mode="revalidate")
        paths.append(outcome.entry.path)
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2", b"3", b"4"]


def test_the_newest_version_wins_beyond_a_million(cache: Cache, store: Store) -> None:
    entry = cache.get(request_for(), store.fill).entry
    folder = entry.path.parents[1]
    (folder / entry.version).rename(folder / f"999999{entry.version[6:]}")
    store.put(b"second", '"2"')
    new = cache.get(request_for(), store.fill, mode="revalidate").entry
    assert new.version.startswith("1000000-")
    assert cache.lookup(new.key) == new


def test_a_confirmed_version_is_kept_and_its_check_noted(
    cache: Cache, store: Store
) -> None:
    first = cache.get(request_for(), store.fill).entry
    outcome = cache.get(request_for(), store.fill, mode="revalidate")
    assert outcome.from_cache
    assert outcome.entry.path == first.path
    assert outcome.entry.meta.checked_at > first.meta.checked_at
    assert outcome.entry.meta.created_at == first.meta.created_at
    assert cache.lookup(first.key) == outcome.entry
    assert names_in(cache.root / "v1" / "tmp") == []


def test_without_a_validator_the_object_is_fetched_again(
    cache: Cache, store: Store
) -> None:
    store.put(b"first", None)
    cache.get(request_for(), store.fill)
    store.put(b"second", None)
    outcome = cache.get(request_for(), store.fill, mode="revalidate")
    assert outcome.entry.path.read_bytes() == b"second"
    assert store.asked == [None, None]


def test_the_same_bytes_make_no_second_version(cache: Cache, store: Store) -> None:
    first = cache.get(request_for(), store.fill).entry
    store.put(b"first", '"renamed"')
    again = cache.get(request_for(), store.fill, mode="revalidate").entry
    assert again.path == first.path
    assert again.meta.validator == Validator(etag='"renamed"')
    assert sidecar(again)["validator"] == {
        "etag": '"renamed"',
        "last_modified": None,
        "version": None,
    }
    assert cache.info().versions == 1


def test_right_bytes_replace_an_equal_entry_that_has_rotted(
    cache: Cache, store: Store
) -> None:
    store.put(b"first", None)
    rotten = cache.get(request_for(), store.fill).entry
    rotten.path.write_bytes(b"fXrst")
    outcome = cache.get(request_for(), store.fill, mode="revalidate")
    assert outcome.entry.path.read_bytes() == b"first"


def test_an_entry_removed_while_it_was_confirmed_is_fetched(
    cache: Cache, store: Store
) -> None:
    cache.get(request_for(), store.fill)

    def remove_meanwhile(sink: Sink, validator: Validator | None) -> Fetched:
        cache.clear()
        return store.fill(sink, validator)

    outcome = cache.get(request_for(), remove_meanwhile, mode="revalidate")
    assert outcome.entry.path.read_bytes() == b"first"
    assert store.asked == [None, Validator(etag='"1"'), None]


def test_a_failing_revalidation_leaves_the_entry(cache: Cache, store: Store) -> None:
    first = cache.get(request_for(), store.fill).entry
    store.error = ConnectionError("down")
    with pytest.raises(ConnectionError, match="down"):
        cache.get(request_for(), store.fill, mode="revalidate")
    assert cache.get(request_for(), store.fill, mode="offline").entry == first


def test_revalidation_done_by_another_process_meanwhile_counts(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.get(request_for(), store.fill)
    other = Cache(cache.root)
    store.put(b"second", '"2"')
    is_asking, is_second_waiting = threading.Event(), threading.Event()

    def slowly(sink: Sink, validator: Validator | None) -> Fetched:
        is_asking.set()
        assert is_second_waiting.wait(10)
        return store.fill(sink, validator)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, request_for(), slowly, mode="revalidate")
        assert is_asking.wait(10)

        def lock_second(key: str) -> AbstractContextManager[None]:
            is_second_waiting.set()
            return KeyLocks.fetching(other._locks, key)

        monkeypatch.setattr(other._locks, "fetching", lock_second)
        second = pool.submit(other.get, request_for(), store.fill, mode="revalidate")
        assert second.result(10).entry == first.result(10).entry
    assert (first.result().from_cache, second.result().from_cache) == (False, True)
    assert len(store.asked) == 2


def test_a_use_is_noted_by_the_time_of_the_sidecar(cache: Cache, store: Store) -> None:
    entry = cache.get(request_for(), store.fill).entry
    mark = entry.path.parent / "meta.json"
    os.utime(mark, (1, 1))
    cache.get(request_for(), store.fill)
    assert mark.stat().st_mtime > time.time() - 10


def test_a_use_is_noted_once_a_minute(cache: Cache, store: Store) -> None:
    entry = cache.get(request_for(), store.fill).entry
    mark = entry.path.parent / "meta.json"
    now_s = time.time()
    for age_s, is_noted in ((30, False), (70, True), (-30, False), (-3600, True)):
        os.utime(mark, (now_s - age_s, now_s - age_s))
        cache.get(request_for(), store.fill, mode="offline")
        assert (mark.stat().st_mtime != now_s - age_s) == is_noted
