"""A cache that must not be written: not a lock, not a time, not a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cache.rig import Store, make_used, request_for, stored

from ls_tools.cache import Cache, Entry
from ls_tools.errors import CacheError, NotCachedError
from ls_tools.settings import CacheLimits
from ls_tools.transfer import Validator


@pytest.fixture
def entry(cache: Cache) -> Entry:
    return stored(cache, "a", 100)


@pytest.fixture
def reader(cache: Cache) -> Cache:
    return Cache(cache.root, CacheLimits(read_only=True, ttl_s=1, max_bytes=1))


def everything_in(root: Path) -> list[tuple[str, int, int]]:
    return sorted(
        (str(path), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in (root, *root.rglob("*"))
    )


def test_reading_changes_nothing_on_the_disk(
    reader: Cache, entry: Entry, store: Store, tmp_path: Path
) -> None:
    make_used(entry, 10_000)
    before = everything_in(reader.root)
    assert reader.get(request_for("a"), store.fill).entry == entry
    assert reader.get(request_for("a"), store.fill, mode="offline").from_cache
    assert reader.touch(entry)
    reader.pin(entry, tmp_path)
    with reader.lease(entry) as path:
        assert path == entry.path
    assert [found.key for found in reader.entries()] == [entry.key]
    assert reader.verify() == []
    assert reader.info().entries == 1
    assert reader.prune(max_bytes=0, dry_run=True).removed_bytes == 100
    assert everything_in(reader.root) == before
    assert store.asked == []


def test_what_is_missing_is_a_clear_error(
    reader: Cache, entry: Entry, store: Store
) -> None:
    assert entry.path.exists()
    before = everything_in(reader.root)
    with pytest.raises(NotCachedError, match="the cache is read-only"):
        reader.get(request_for("b"), store.fill)
    assert store.asked == []
    assert everything_in(reader.root) == before


def test_an_absent_cache_is_not_made(tmp_path: Path, store: Store) -> None:
    reader = Cache(tmp_path / "none", CacheLimits(read_only=True))
    with pytest.raises(NotCachedError):
        reader.get(request_for(), store.fill)
    assert not reader.root.exists()


def test_the_store_can_confirm_but_not_change_it(cache: Cache, store: Store) -> None:
    cache.get(request_for(), store.fill)
    reader = Cache(cache.root, CacheLimits(read_only=True))
    before = everything_in(reader.root)
    assert reader.get(request_for(), store.fill, mode="revalidate").from_cache
    assert store.asked[-1] == Validator(etag='"1"')
    store.put(b"second", '"2"')
    with pytest.raises(CacheError, match="read-only"):
        reader.get(request_for(), store.fill, mode="revalidate")
    assert everything_in(reader.root) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda cache: cache.clear(),
        lambda cache: cache.remove("a"),
        lambda cache: cache.prune(),
        lambda cache: cache.verify(repair=True),
        lambda cache: cache.sweep(),
        lambda cache: cache.import_legacy(Path("/"), []),
    ],
)
def test_changing_it_is_refused(
    reader: Cache, entry: Entry, change: Callable[[Cache], object]
) -> None:
    with pytest.raises(CacheError, match="READ_ONLY"):
        change(reader)
    assert entry.path.exists()


def test_an_entry_removed_by_its_keeper_is_not_there(
    reader: Cache, cache: Cache, entry: Entry
) -> None:
    cache.clear()
    assert not reader.touch(entry)
