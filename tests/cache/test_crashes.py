from __future__ import annotations

import errno
import fcntl
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache.rig import Store, key_of, names_in, request_for

from ls_tools.cache import Cache
from ls_tools.cache.committing import describe
from ls_tools.cache.content import HELD_BYTES
from ls_tools.cache.entry import CacheRequest
from ls_tools.cache.layout import Layout
from ls_tools.cache.locks import boot_id
from ls_tools.cache.sweeping import ABANDONED_S, SETTLE_S
from ls_tools.cache.writing import Draft
from ls_tools.errors import IntegrityError
from ls_tools.transfer import Fetched, Sink, Validator


@pytest.mark.parametrize("seed", [1, 2])
def test_processes_killed_at_any_moment_leave_a_sound_cache(
    tmp_path: Path, run_script: Callable[..., Any], seed: int
) -> None:
    """G1: SIGKILL at 50 random moments, under competing processes."""
    check_killing(run_script, tmp_path / "cache", rounds=50, seed=seed, processes=3)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_kills_leave_a_sound_cache(
    tmp_path: Path, run_script: Callable[..., Any]
) -> None:
    """G1: likewise 1,000 times; the seed is another one in each run."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 -- pytest shows it when the test fails
    check_killing(run_script, tmp_path / "cache", rounds=1000, seed=seed, processes=4)


def check_killing(
    run_script: Callable[..., Any],
    root: Path,
    *,
    rounds: int,
    seed: int,
    processes: int,
) -> None:
    answer = run_script("killing.py", root, rounds, seed, processes)
    assert answer["wrong"] == []
    assert answer["killed"] == rounds
    cache, drafts = Cache(root), root / "v1" / "tmp"
    make_old(drafts, SETTLE_S * 2)
    swept = cache.sweep()
    assert not any(name.startswith("fill-") for name in names_in(drafts))
    make_old(drafts, ABANDONED_S * 2)
    assert swept + cache.sweep() == answer["left"]
    assert names_in(drafts) == []
    assert cache.verify() == []
    assert cache.info().temporary_bytes == 0


def make_old(folder: Path, age_s: float) -> None:
    then = time.time() - age_s
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then))


def leave_draft(cache: Cache, name: str) -> Path:
    """A draft folder as a crashed writer leaves it."""
    folder = cache.root / "v1" / "tmp" / name
    folder.mkdir(parents=True)
    (folder / "photo.jpg").write_bytes(b"half")
    return folder


OURS = f"fill-{boot_id()}-1"
FOREIGN = "fill-aaaaaaaaaaaa-1"


@pytest.mark.parametrize(
    ("name", "age_s", "is_left"),
    [
        (OURS, SETTLE_S / 2, True),
        (OURS, SETTLE_S * 2, False),
        (OURS, -SETTLE_S * 2, False),
        (FOREIGN, SETTLE_S * 2, True),
        (FOREIGN, ABANDONED_S / 2, True),
        (FOREIGN, ABANDONED_S * 2, False),
        (FOREIGN, -ABANDONED_S * 2, False),
        ("meta-1", SETTLE_S * 2, True),
        ("meta-1", ABANDONED_S * 2, False),
        ("trash-1", 0, False),
    ],
)
def test_leftovers_are_deleted_once_nobody_can_be_writing_them(
    cache: Cache, name: str, age_s: float, *, is_left: bool
) -> None:
    folder = leave_draft(cache, name)
    make_old(folder, age_s)
    assert cache.sweep() == (not is_left)
    assert folder.exists() == is_left


@pytest.mark.parametrize("file_name", ["photo.jpg", "meta.json"])
@pytest.mark.parametrize("age_s", [SETTLE_S * 2, ABANDONED_S * 2])
def test_a_draft_of_a_living_writer_is_never_deleted(
    cache: Cache, file_name: str, age_s: float
) -> None:
    with Draft(Layout(cache.root), request_for("a", file_name)) as draft:
        draft.write_at(0, bytes(HELD_BYTES + 1))
        make_old(Path(draft.folder), age_s)
        assert cache.sweep() == 0
        assert Path(draft.folder).exists()


@pytest.mark.parametrize("age_s", [SETTLE_S * 2, ABANDONED_S * 2])
def test_a_finished_draft_of_a_living_writer_is_never_deleted(
    cache: Cache, age_s: float
) -> None:
    request, fetched = request_for("a"), Fetched(size_bytes=5)
    with Draft(Layout(cache.root), request) as draft:
        draft.write_at(0, b"whole")
        draft.seal(describe(request, fetched, draft.finish(fetched)))
        make_old(Path(draft.folder), age_s)
        assert cache.sweep() == 0
        assert Path(draft.folder).exists()


def test_a_small_object_touches_no_disk_before_it_was_found_right(
    cache: Cache, store: Store
) -> None:
    def fill(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, store.body)
        assert not (cache.root / "v1" / "tmp").exists()
        return Fetched(size_bytes=len(store.body), checksums={"md5": "0" * 32})

    with pytest.raises(IntegrityError):
        cache.get(request_for(), fill)
    assert not (cache.root / "v1" / "tmp").exists()


@pytest.mark.parametrize(
    ("age_s", "is_left"), [(SETTLE_S * 2, True), (ABANDONED_S * 2, False)]
)
def test_without_locks_a_day_of_idleness_tells_that_a_writer_died(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, age_s: float, *, is_left: bool
) -> None:
    def fail(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    folder = leave_draft(cache, OURS)
    make_old(folder, age_s)
    cache.sweep()
    assert folder.exists() == is_left


def test_a_draft_that_is_being_written_to_is_not_idle(cache: Cache) -> None:
    folder = leave_draft(cache, FOREIGN)
    make_old(folder, ABANDONED_S * 2)
    (folder / "photo.jpg").write_bytes(b"more")
    assert cache.sweep() == 0


def test_leftovers_are_deleted_in_passing_by_the_next_fetch(
    cache: Cache, store: Store
) -> None:
    folder = leave_draft(cache, OURS)
    make_old(folder, SETTLE_S * 2)
    cache.get(request_for(), store.fill)
    assert not folder.exists()


def test_a_half_made_version_is_not_an_entry(cache: Cache, store: Store) -> None:
    leave_draft(cache, OURS)
    assert list(cache.entries()) == []
    assert cache.verify() == []
    assert cache.lookup(key_of("a")) is None
    assert cache.info().temporary_bytes == 4
    assert not cache.get(request_for(), store.fill).from_cache


def test_lock_files_of_killed_processes_are_swept_up(cache: Cache) -> None:
    request: CacheRequest = request_for()
    locks = cache.root / "v1" / "locks"
    locks.mkdir(parents=True)
    (locks / f"{request.key}.lock").touch()
    cache.sweep()
    assert names_in(locks) == []


def test_a_lock_file_made_while_another_is_swept_up_stays(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache.root / "v1" / "locks" / f"{key_of('a')}.lock"
    path.parent.mkdir(parents=True)
    path.touch()
    flock = fcntl.flock

    def change_hands_first(fd: int, operation: int) -> None:
        if operation & fcntl.LOCK_NB:
            path.unlink()
            path.write_text("the next holder's")
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", change_hands_first)
    cache.sweep()
    assert path.read_text() == "the next holder's"
