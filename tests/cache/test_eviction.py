"""What goes when the cache outgrows its limits, and what never does."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cache.rig import Store, is_kept, key_of, make_used, names_in, request_for, stored

from ls_tools.cache import Cache, Entry, allowance
from ls_tools.cache.choosing import Goal, choose
from ls_tools.cache.eviction import evicting
from ls_tools.cache.layout import Layout
from ls_tools.cache.survey import survey
from ls_tools.cache.uses import NOTE_INTERVAL_S, TRUST_S, spared_s
from ls_tools.settings import CacheLimits

AGO_S = 10_000.0
"""Long enough ago for any of these tests."""


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not pause between two evictions."""
    monkeypatch.setattr(allowance, "_COST", 0.0)


def limited(root: Path, **limits: float | None) -> Cache:
    return Cache(root, CacheLimits(**limits))  # type: ignore[arg-type]


def test_the_least_recently_used_go_when_the_cache_is_too_large(
    tmp_path: Path,
) -> None:
    cache = limited(tmp_path / "cache", max_bytes=1000)
    entries = [stored(cache, index, 100) for index in range(10)]
    for index, entry in enumerate(entries):
        make_used(entry, AGO_S + (index * 37) % 10)
    stored(cache, "last", 100)
    kept = [index for index, entry in enumerate(entries) if is_kept(entry)]
    gone = sorted(range(10), key=lambda index: -((index * 37) % 10))[:2]
    assert sorted({*range(10)} - {*kept}) == sorted(gone)
    assert cache.info().size_bytes == 900, "down to the low-water mark"
    assert names_in(cache.root / "v1" / "tmp") == []


def test_without_limits_nothing_is_evicted(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    entry = stored(cache, "a", 100)
    make_used(entry, 10 * 365 * 86_400)
    stored(cache, "b", 100)
    assert is_kept(entry)
    assert not (cache.root / "v1" / "usage.json").exists()


def test_what_was_used_within_the_grace_stays_however_large_it_is(
    tmp_path: Path,
) -> None:
    cache = limited(tmp_path / "cache", max_bytes=10, grace_s=600)
    entries = [stored(cache, index, 100) for index in range(5)]
    assert all(map(is_kept, entries))
    make_used(entries[0], spared_s(600) - 5)
    make_used(entries[1], spared_s(600) + 5)
    stored(cache, "last", 100)
    assert [is_kept(entry) for entry in entries] == [True, False, True, True, True]


def test_without_grace_even_the_newest_may_go(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150, grace_s=0)
    first = stored(cache, "a", 100)
    stored(cache, "b", 100)
    assert not is_kept(first)


def test_a_handed_out_path_lives_for_the_grace_whoever_remembers_it() -> None:
    """The use of what is handed out now was noted so long ago at most."""
    oldest_note_s = NOTE_INTERVAL_S + TRUST_S
    for grace_s in (1.0, 60.0, 600.0, 86_400.0):
        assert spared_s(grace_s) >= grace_s + oldest_note_s


def test_a_use_is_on_disk_before_the_path_is_handed_out(
    tmp_path: Path, store: Store
) -> None:
    cache = limited(tmp_path / "cache", max_bytes=10)
    entry = stored(cache, "a", 100)
    make_used(entry, AGO_S)
    assert cache.get(request_for("a"), store.fill).from_cache
    stored(cache, "b", 100)
    assert is_kept(entry)


def test_old_versions_go_before_anything_else(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=450)
    first = stored(cache, "a", 100)
    second = stored(cache, "a", 101)
    other = stored(cache, "b", 100)
    for entry, age_s in ((first, 0), (second, 50), (other, 99)):
        make_used(entry, AGO_S + age_s)
    stored(cache, "c", 200)
    assert [is_kept(x) for x in (first, second, other)] == [False, True, True]


def test_a_key_never_falls_back_to_older_bytes(tmp_path: Path) -> None:
    """The newest version stays as long as an older one is needed."""
    cache = limited(tmp_path / "cache", max_bytes=150)
    first = stored(cache, "a", 100)
    second = stored(cache, "a", 101)
    with cache.lease(first):
        for entry in (first, second):
            make_used(entry, AGO_S)
        stored(cache, "b", 100)
        assert cache.lookup(first.key) == second
    make_used(first, AGO_S)
    stored(cache, "c", 100)
    assert cache.lookup(first.key) is None
    assert not is_kept(first)


def test_what_is_pinned_stays_until_its_holder_is_gone(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150)
    holder = tmp_path / "dataset"
    holder.mkdir()
    entry = stored(cache, "a", 100)
    cache.pin(entry, holder)
    make_used(entry, AGO_S)
    stored(cache, "b", 100)
    assert is_kept(entry)
    holder.rmdir()
    stored(cache, "c", 100)
    assert not is_kept(entry)
    assert names_in(cache.root / "v1" / "pins") == []


def test_what_was_not_used_for_too_long_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "_LONGEST_S", 0.0)
    cache = limited(tmp_path / "cache", max_age_s=86_400)
    old, young = stored(cache, "a", 100), stored(cache, "b", 100)
    make_used(old, 86_500)
    make_used(young, 86_300)
    stored(cache, "c", 100)
    assert [is_kept(old), is_kept(young)] == [False, True]


def test_free_space_is_kept_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "cache"
    plain = Cache(root)
    entries = [stored(plain, index, 4096) for index in range(10)]
    for index, entry in enumerate(entries):
        make_used(entry, AGO_S + 10 - index)
    disk = os.statvfs(root)
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    free_bytes = disk.f_bavail * disk.f_frsize
    cache = limited(root, min_free_bytes=free_bytes - 1)
    stored(cache, "enough", 100)
    assert all(map(is_kept, entries))
    monkeypatch.setattr(
        os, "statvfs", lambda _path: _Disk(f_bavail=1000, f_frsize=4096)
    )
    limited(root, min_free_bytes=1005 * 4096)
    cache = limited(root, min_free_bytes=1000 * 4096 + 1)
    stored(cache, "short", 100)
    gone = [index for index, entry in enumerate(entries) if not is_kept(entry)]
    assert gone == list(range(len(gone)))
    assert gone


class _Disk:
    def __init__(self, **fields: int) -> None:
        self.__dict__.update(fields)


def test_a_clock_set_back_evicts_nothing_in_use(tmp_path: Path, store: Store) -> None:
    """A use noted in the future is noted anew when the entry is handed out."""
    cache = limited(tmp_path / "cache", max_bytes=150)
    entry = stored(cache, "a", 100)
    make_used(entry, -AGO_S)
    cache.get(request_for("a"), store.fill)
    stored(cache, "b", 100)
    assert is_kept(entry)


def test_only_one_process_evicts_at_a_time(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150)
    entry = stored(cache, "a", 100)
    make_used(entry, AGO_S)
    with evicting(Layout(cache.root), wait=False) as now_ns:
        assert now_ns is not None
        stored(cache, "b", 100)
        assert is_kept(entry)
    stored(cache, "c", 100)
    assert not is_kept(entry)


def test_what_comes_into_use_while_an_eviction_runs_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150)
    entry = stored(cache, "a", 100)
    make_used(entry, AGO_S)

    def use_meanwhile(*arguments: object) -> object:
        cache.get(request_for("a"), store.fill)
        return choose(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("ls_tools.cache.eviction.choose", use_meanwhile)
    stored(cache, "b", 100)
    assert is_kept(entry)


def test_paths_handed_out_exist_while_another_cache_evicts(tmp_path: Path) -> None:
    """Readers and an evictor with no grace to lose: a path is there, or fetched."""
    root = tmp_path / "cache"
    readers = Cache(root)
    stop = threading.Event()
    missing: list[Path] = []

    def read(seed: int) -> None:
        for number in itertools.cycle(range(4)):
            if stop.is_set():
                return
            entry = stored(readers, (seed, number), 100)
            if not entry.path.exists():
                missing.append(entry.path)
            make_used_softly(entry, AGO_S)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    evictor = Cache(root)
    removed = 0
    ends_at = time.monotonic() + 3
    while time.monotonic() < ends_at:
        removed += len(evictor.prune(max_bytes=0).removed)
    stop.set()
    for thread in threads:
        thread.join()
    assert removed > 10
    assert missing == []
    assert evictor.verify() == []


def make_used_softly(entry: Entry, age_s: float) -> None:
    try:
        make_used(entry, age_s)
    except FileNotFoundError:
        return


def test_a_cache_is_not_looked_through_at_every_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def count(layout: Layout) -> object:
        looks.append(1)
        return survey(layout)

    monkeypatch.setattr("ls_tools.cache.eviction.survey", count)
    cache = limited(tmp_path / "cache", max_bytes=10**9)
    for index in range(50):
        stored(cache, index, 10)
    assert len(looks) == 1
    for index in range(50, 60):
        stored(limited(cache.root, max_bytes=10**9), index, 10)
    assert len(looks) == 1, "other processes go by what the first one found"


def test_a_damaged_note_of_the_size_is_made_anew(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150)
    entry = stored(cache, "a", 100)
    make_used(entry, AGO_S)
    (cache.root / "v1" / "usage.json").write_bytes(b"\xff")
    stored(limited(cache.root, max_bytes=150), "b", 100)
    assert not is_kept(entry)


def test_an_eviction_that_fails_does_not_disturb_who_fetches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_layout: Layout) -> object:
        raise PermissionError

    monkeypatch.setattr("ls_tools.cache.eviction.survey", fail)
    cache = limited(tmp_path / "cache", max_bytes=10)
    assert is_kept(stored(cache, "a", 100))


@pytest.mark.parametrize("call", ["open", "flock"])
def test_without_a_lock_on_evictions_they_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    cache = Cache(tmp_path / "cache")
    entry = stored(cache, "a", 100)
    make_used(entry, AGO_S)
    place: Any = os if call == "open" else fcntl
    real = getattr(place, call)
    is_held: list[int] = []

    def refuse(what: Any, *arguments: Any) -> Any:
        if call == "flock" and not is_held:
            is_held.append(1)
            raise BlockingIOError
        if call == "flock" or str(what).endswith("eviction"):
            raise OSError(errno.ENOLCK, "No locks available")
        return real(what, *arguments)

    monkeypatch.setattr(place, call, refuse)
    assert cache.prune(max_bytes=0).removed_bytes == 100
    assert not is_kept(entry)


def test_what_may_not_be_removed_is_left_and_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The versions of another user in a shared cache."""
    cache = Cache(tmp_path / "cache")
    entries = [stored(cache, "a", size_bytes) for size_bytes in (100, 101)]
    for entry in entries:
        make_used(entry, AGO_S)

    def refuse(_source: str, _target: str) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "rename", refuse)
    done = cache.prune(max_bytes=0)
    assert (done.removed, done.kept, done.kept_bytes) == ((), 2, 201)
    assert all(map(is_kept, entries))


def test_damaged_versions_are_evicted_as_well(tmp_path: Path) -> None:
    cache = limited(tmp_path / "cache", max_bytes=150)
    entry = stored(cache, "a", 100)
    (entry.path.parent / "meta.json").unlink()
    then_s = time.time() - AGO_S
    os.utime(entry.path.parent, (then_s, then_s))
    stored(cache, "b", 100)
    assert not entry.path.parent.exists()


def test_pruning_says_first_what_it_would_do(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    entries = [stored(cache, index, 100) for index in range(4)]
    for index, entry in enumerate(entries[:3]):
        make_used(entry, AGO_S - index)
    said = cache.prune(max_bytes=200, dry_run=True)
    assert all(map(is_kept, entries))
    assert [x.reference for x in said.removed] == [
        request_for(index).reference for index in (0, 1)
    ]
    assert (said.removed_bytes, said.kept, said.kept_bytes) == (200, 2, 200)
    assert (said.needed, said.recent) == (0, 1)
    assert cache.prune(max_bytes=200) == said
    assert [is_kept(entry) for entry in entries] == [False, False, True, True]


def test_pruning_by_age_takes_what_was_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    old, young = stored(cache, "a", 100), stored(cache, "b", 100)
    make_used(old, 31 * 86_400)
    make_used(young, 29 * 86_400)
    assert cache.prune(max_age_s=30 * 86_400).removed_bytes == 100
    assert [is_kept(old), is_kept(young)] == [False, True]


def test_pruning_without_limits_takes_old_versions(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    old, new = stored(cache, "a", 100), stored(cache, "a", 101)
    for entry in (old, new):
        make_used(entry, AGO_S)
    assert [x.version for x in cache.prune().removed] == [old.version]
    assert [is_kept(old), is_kept(new)] == [False, True]


def test_pruning_an_absent_cache_does_not_make_it(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.prune(max_bytes=0).removed == ()
    assert not cache.root.exists()


@pytest.mark.slow
def test_many_entries_are_counted_and_evicted_quickly(tmp_path: Path) -> None:
    """10,000 entries: generous bounds here, the figures are in the documentation."""
    cache = Cache(tmp_path / "cache")
    base = cache.root / "v1" / "entries"
    for index in range(10_000):
        key = key_of(index)
        folder = base / key[:2] / key / f"000001-{key[:16]}"
        folder.mkdir(parents=True)
        (folder / "photo.jpg").write_bytes(b"x" * 100)
        (folder / "meta.json").write_bytes(b"{}")
        os.utime(folder / "meta.json", (index + 1, index + 1))
    began_s = time.process_time()
    assert cache.info().versions == 10_000
    info_s = time.process_time() - began_s
    began_s = time.process_time()
    assert len(cache.prune(max_bytes=800_000).removed) == 2000
    assert info_s < 1.5
    assert time.process_time() - began_s < 5


def test_the_choice_frees_what_is_asked_for(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for index in range(5):
        make_used(stored(cache, index, 100), AGO_S + index)
    versions = survey(Layout(cache.root))
    now_ns = time.time_ns()
    for wanted, count in ((0, 0), (1, 1), (100, 1), (101, 2), (10_000, 5)):
        chosen = choose(versions, set(), Goal(free_bytes=wanted), now_ns)
        assert len(chosen) == count
        ages = [now_ns - version.used_ns for version in chosen]
        assert ages == sorted(ages, reverse=True)
