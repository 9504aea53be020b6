"""Leases keep a version from eviction for as long as its process needs it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache.rig import SCRIPTS, is_kept, key_of, make_used, names_in, stored

from ls_tools.cache import Cache, Entry
from ls_tools.cache.layout import Layout
from ls_tools.cache.leases import LIMIT_S, find_leased
from ls_tools.cache.locks import boot_id
from ls_tools.errors import CacheError, NotFoundError

AGO_S = 10_000.0


@pytest.fixture
def entry(cache: Cache) -> Entry:
    return stored(cache, "a", 100)


def leases_in(cache: Cache) -> list[Path]:
    return sorted((cache.root / "v1" / "leases").iterdir())


def leave_lease(cache: Cache, entry: Entry, *, boot: str, age_s: float) -> Path:
    """A lease file that nobody holds locked."""
    folder = cache.root / "v1" / "leases"
    folder.mkdir(exist_ok=True)
    path = folder / f"{entry.key}.{entry.version}.{boot}-1"
    path.touch()
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_a_leased_version_is_not_pruned_and_a_free_one_is(
    cache: Cache, entry: Entry
) -> None:
    other = stored(cache, "b", 100)
    with cache.lease(entry) as path:
        assert path == entry.path
        for one in (entry, other):
            make_used(one, AGO_S)
        done = cache.prune(max_bytes=0)
        assert (done.needed, done.kept) == (1, 1)
    assert [is_kept(entry), is_kept(other)] == [True, False]
    assert leases_in(cache) == []
    make_used(entry, AGO_S)
    assert cache.prune(max_bytes=0).kept == 0


def test_a_version_is_free_when_its_last_lease_ends(cache: Cache, entry: Entry) -> None:
    with cache.lease(entry):
        with cache.lease(entry):
            assert len(leases_in(cache)) == 2
        make_used(entry, AGO_S)
        assert cache.prune(max_bytes=0).needed == 1
    assert find_leased(Layout(cache.root)) == set()


def test_a_lease_ends_with_an_error_in_its_block(cache: Cache, entry: Entry) -> None:
    with pytest.raises(ZeroDivisionError), cache.lease(entry):
        _ = 1 / 0
    assert leases_in(cache) == []


def test_what_was_removed_before_cannot_be_leased(cache: Cache, entry: Entry) -> None:
    cache.clear()
    with pytest.raises(NotFoundError, match="removed"), cache.lease(entry):
        pytest.fail("it is not there")
    assert leases_in(cache) == []


def test_leased_entries_are_removed_only_by_force(cache: Cache, entry: Entry) -> None:
    other = stored(cache, "b", 100)
    with cache.lease(entry):
        with pytest.raises(CacheError, match=r"in use.*--force"):
            cache.clear()
        with pytest.raises(CacheError, match=r"in use.*--force"):
            cache.remove(entry.key)
        assert cache.remove(other.key) == 1
        assert is_kept(entry)
        assert cache.remove(entry.key, force=True) == 1
        assert not is_kept(entry)
    assert cache.clear(force=True) == 0


def test_a_lease_dies_with_its_process(cache: Cache, entry: Entry) -> None:
    command = [sys.executable, str(SCRIPTS / "leasing.py"), str(cache.root), entry.key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == '"leased"\n'
        assert find_leased(Layout(cache.root)) == {(entry.key, entry.version)}
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert len(leases_in(cache)) == 1
    assert find_leased(Layout(cache.root)) == set()
    make_used(entry, AGO_S)
    assert cache.prune(max_bytes=0).removed_bytes == 100
    cache.sweep()
    assert leases_in(cache) == []


def test_a_forked_child_that_leaves_the_block_ends_no_lease(
    cache: Cache, entry: Entry, run_script: Callable[..., Any]
) -> None:
    leased = run_script("leaving.py", cache.root, entry.key)
    assert leased == [[entry.key, entry.version]]
    assert leases_in(cache) == []


def test_a_lease_that_cannot_be_put_in_place_is_a_clear_error(
    cache: Cache, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_source: str, _target: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(CacheError, match="Input/output"), cache.lease(entry):
        pytest.fail("it is not leased")
    assert names_in(cache.root / "v1" / "tmp") == []


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_where_no_lease_may_be_written_the_path_is_there_all_the_same(
    cache: Cache, entry: Entry, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(_source: str, _target: str) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "rename", refuse)
    with cache.lease(entry) as path:
        assert path == entry.path


@pytest.mark.parametrize("age_s", [1, LIMIT_S * 2])
def test_a_lease_that_cannot_be_opened_counts_for_a_day(
    cache: Cache, entry: Entry, monkeypatch: pytest.MonkeyPatch, age_s: float
) -> None:
    path = leave_lease(cache, entry, boot=boot_id(), age_s=age_s)

    def refuse(_path: str) -> int:
        raise PermissionError

    monkeypatch.setattr("ls_tools.cache.leases.open_lockable", refuse)
    assert bool(find_leased(Layout(cache.root))) == (age_s < LIMIT_S)
    assert path.exists()


@pytest.mark.parametrize(
    ("boot", "age_s", "counts"),
    [
        (boot_id(), 1, False),
        ("aaaaaaaaaaaa", LIMIT_S / 2, True),
        ("aaaaaaaaaaaa", LIMIT_S * 2, False),
        ("aaaaaaaaaaaa", -LIMIT_S * 2, False),
        ("", LIMIT_S / 2, True),
    ],
)
def test_a_lease_of_another_machine_counts_for_a_day(
    cache: Cache, entry: Entry, boot: str, age_s: float, *, counts: bool
) -> None:
    path = leave_lease(cache, entry, boot=boot, age_s=age_s)
    assert bool(find_leased(Layout(cache.root))) == counts
    cache.sweep()
    assert path.exists() == counts


def test_without_locks_a_lease_counts_for_a_day(
    cache: Cache, entry: Entry, break_locks: Callable[[int], None]
) -> None:
    break_locks(37)
    with cache.lease(entry):
        make_used(entry, AGO_S)
        assert cache.prune(max_bytes=0).needed == 1
        os.utime(leases_in(cache)[0], (1, 1))
        assert cache.prune(max_bytes=0).removed_bytes == 100


def test_what_is_no_lease_counts_for_nothing(cache: Cache, entry: Entry) -> None:
    folder = cache.root / "v1" / "leases"
    folder.mkdir()
    for name in ("notes.txt", entry.key, f"{entry.key}.{entry.version}", "a.b.c"):
        (folder / name).touch()
    assert find_leased(Layout(cache.root)) == set()
    cache.sweep()
    assert len(names_in(folder)) == 4


def test_a_lease_counts_as_a_use(cache: Cache, entry: Entry) -> None:
    make_used(entry, AGO_S)
    with cache.lease(entry):
        pass
    assert cache.prune(max_bytes=0).recent == 1
    assert cache.lookup(key_of("a")) == entry
