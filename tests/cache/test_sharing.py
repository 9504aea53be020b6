"""One folder for a team: modes, groups, and machines whose locks tell nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cache.rig import Store, make_used, request_for, stored

from ls_tools.cache import Cache
from ls_tools.cache.locks import boot_id
from ls_tools.cache.sweeping import SETTLE_S
from ls_tools.settings import CacheLimits


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)
    yield lambda mask: (os.umask(mask), None)[1]
    os.umask(before)


def test_what_a_team_shares_its_group_may_write(
    tmp_path: Path, umask: Callable[[int], None]
) -> None:
    """With the umask of people who share: 002, in a folder made by hand."""
    umask(0o002)
    root = tmp_path / "cache"
    root.mkdir(mode=0o775)
    root.chmod(0o2775)
    cache = Cache(root, CacheLimits(max_bytes=10**9))
    entry = stored(cache, "a", 100)
    cache.pin(entry, tmp_path)
    with cache.lease(entry):
        for path in root.rglob("*"):
            mode = path.stat().st_mode
            assert mode & (0o070 if path.is_dir() else 0o060), path
            assert not mode & stat.S_IWOTH
            assert not path.is_dir() or mode & stat.S_ISGID
    assert stat.S_IMODE(root.stat().st_mode) == 0o2775


def test_the_umask_decides_who_may_read(
    tmp_path: Path, umask: Callable[[int], None]
) -> None:
    umask(0o077)
    cache = Cache(tmp_path / "cache")
    stored(cache, "a", 100)
    for path in cache.root.rglob("*"):
        assert not path.stat().st_mode & 0o077


def test_machines_without_common_locks_share_a_cache(
    cache: Cache, break_locks: Callable[[int], None]
) -> None:
    """Locks that are granted to everyone: two machines, one folder."""
    break_locks(0)
    here, there = cache, Cache(cache.root)
    first = stored(here, "a", 100)
    assert there.get(request_for("a"), Store().fill).entry == first
    with here.lease(first):
        make_used(first, 10_000)
        leases = list((cache.root / "v1" / "leases").iterdir())
        for path in leases:
            path.rename(str(path).replace(f".{boot_id()}-", ".aaaaaaaaaaaa-"))
        assert there.prune(max_bytes=0).needed == 1


def test_a_draft_of_another_machine_is_not_swept_early(cache: Cache) -> None:
    folder = cache.root / "v1" / "tmp" / "fill-aaaaaaaaaaaa-1"
    folder.mkdir(parents=True)
    (folder / "photo.jpg").write_bytes(b"half")
    for path in (folder / "photo.jpg", folder):
        then_s = path.stat().st_mtime - 10 * SETTLE_S
        os.utime(path, (then_s, then_s))
    assert cache.sweep() == 0
    assert folder.exists()
