from __future__ import annotations

import os

import pytest
from cache.rig import Store, key_of, request_for

from ls_tools.cache import Cache
from ls_tools.cache.recall import TRUST_S


@pytest.fixture
def reader(cache: Cache, store: Store) -> Cache:
    """A second cache object on the same folder that has seen the entry.

    The folder's time is set back, as if it had been written some time ago.
    """
    entry = cache.get(request_for(), store.fill).entry
    os.utime(entry.path.parents[1], (1000, 1000))
    reader = Cache(cache.root)
    assert reader.lookup(entry.key) == entry
    return reader


def test_a_second_look_opens_nothing(
    reader: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> int:
        raise AssertionError

    monkeypatch.setattr(os, "open", fail)
    monkeypatch.setattr(os, "listdir", fail)
    assert reader.lookup(key_of("a")) is not None


def test_a_remembered_file_that_shrank_is_not_returned(reader: Cache) -> None:
    entry = reader.lookup(key_of("a"))
    assert entry is not None
    entry.path.write_bytes(b"fir")
    assert reader.lookup(entry.key) is None


def test_a_remembered_file_that_went_is_not_returned(
    reader: Cache, cache: Cache
) -> None:
    cache.clear()
    assert reader.lookup(key_of("a")) is None


def test_a_newer_version_of_another_process_is_soon_seen(
    reader: Cache, cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(b"second", '"2"')
    new = cache.get(request_for(), store.fill, mode="revalidate").entry
    monkeypatch.setattr("ls_tools.cache.recall.TRUST_S", -1.0)
    memory = reader._recall._known[key_of("a")]
    memory.trusted_until -= TRUST_S
    assert reader.lookup(new.key) == new


def test_what_this_process_fetched_is_seen_at_once(reader: Cache, store: Store) -> None:
    store.put(b"second", '"2"')
    new = reader.get(request_for(), store.fill, mode="revalidate").entry
    assert reader.lookup(new.key) == new


def test_what_was_remembered_holds_while_nothing_changes(
    reader: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ls_tools.cache.recall.TRUST_S", -1.0)
    entry = reader.lookup(key_of("a"))
    reader._recall._known[key_of("a")].trusted_until = 0.0
    assert reader._recall.find(key_of("a")) is entry


def test_a_folder_changed_just_now_is_not_relied_on(cache: Cache, store: Store) -> None:
    entry = cache.get(request_for(), store.fill).entry
    folder = entry.path.parents[1]
    soon = folder.stat().st_mtime + 3600
    os.utime(folder, (soon, soon))
    cache.lookup(entry.key)
    assert cache._recall.find(entry.key) == entry
    reader = Cache(cache.root)
    os.utime(folder)
    reader.lookup(entry.key)
    assert reader._recall.find(entry.key) is None


def test_memory_of_entries_is_bounded(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ls_tools.cache.recall._LIMIT", 3)
    monkeypatch.setattr("ls_tools.cache.store._TOUCHED_LIMIT", 3)
    for index in range(10):
        entry = cache.get(request_for(index), store.fill).entry
        os.utime(entry.path.parents[1], (1000, 1000))
        cache.get(request_for(index), store.fill)
    assert len(cache._recall._known) <= 3
    assert len(cache._touched_at) <= 3
