"""A disk without room: what may go makes room, the rest is a clear error."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache.rig import Store, is_kept, make_used, names_in, request_for, stored

from ls_tools.cache import Cache, content, writing
from ls_tools.disk import write_all_at
from ls_tools.errors import CacheError

pytestmark = pytest.mark.usefixtures("held_or_written")

AGO_S = 10_000.0
MOUNT_PRIVATELY = ("unshare", "--mount", "--propagation", "private")


class SmallDisk:
    """Refuses to write once the entries and drafts take too much."""

    def __init__(self, root: Path, size_bytes: int, code: int) -> None:
        self.root, self.size_bytes, self.code = root, size_bytes, code
        self.write, self.refused = write_all_at, 0

    def write_all_at(self, fd: int, data: bytes, offset: int) -> None:
        files = [path for path in self.root.rglob("photo.jpg") if path.is_file()]
        if sum(path.stat().st_size for path in files) + len(data) > self.size_bytes:
            self.refused += 1
            raise OSError(self.code, os.strerror(self.code))
        self.write(fd, data, offset)


@pytest.fixture(params=[errno.ENOSPC, errno.EDQUOT])
def disk(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> SmallDisk:
    disk = SmallDisk(cache.root, 1000, request.param)
    monkeypatch.setattr(content, "write_all_at", disk.write_all_at)
    return disk


def test_entries_not_used_lately_make_room_for_new_ones(
    cache: Cache, disk: SmallDisk
) -> None:
    old, young = stored(cache, "old", 400), stored(cache, "young", 400)
    make_used(old, AGO_S)
    new = stored(cache, "new", 500)
    assert [is_kept(x) for x in (old, young, new)] == [False, True, True]
    assert disk.refused == 1
    assert cache.verify() == []


def test_where_nothing_may_go_it_is_a_clear_error_and_the_cache_goes_on(
    cache: Cache, disk: SmallDisk
) -> None:
    entries = [stored(cache, index, 400) for index in range(2)]
    make_used(entries[0], AGO_S)
    with cache.lease(entries[0]):
        make_used(entries[0], AGO_S)
        with pytest.raises(CacheError, match="no room left") as caught:
            stored(cache, "new", 500)
    assert caught.value.data["errno"] == disk.code
    assert "prune" in caught.value.hint
    assert all(map(is_kept, entries))
    assert names_in(cache.root / "v1" / "tmp") == []
    assert cache.get(request_for(1), Store().fill).from_cache
    assert is_kept(stored(cache, "small", 100))


@pytest.mark.parametrize("call", ["mkdir", "fsync", "write_all"])
def test_room_is_made_at_every_step_of_a_commit(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    old = stored(cache, "old", 400)
    make_used(old, AGO_S)
    place: Any = writing if call == "write_all" else os
    real = getattr(place, call)

    def refuse_while_old_is_there(*arguments: Any, **options: Any) -> Any:
        if is_kept(old):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(place, call, refuse_while_old_is_there)
    assert is_kept(stored(cache, "new", 500))
    assert not is_kept(old)
    assert cache.verify() == []


def test_a_really_full_disk_is_survived(
    tmp_path: Path, run_script: Callable[..., Any]
) -> None:
    command = [*MOUNT_PRIVATELY, "true"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system of our own cannot be mounted here")
    folder = tmp_path / "disk"
    folder.mkdir()
    script = f'mount -t tmpfs -o size=4m tmpfs {folder} && exec "$@"'
    before = (*MOUNT_PRIVATELY, "sh", "-c", script, "sh")
    answer = run_script("filling.py", folder / "cache", before=before)
    assert answer["stored"] == 40
    assert answer["left"] == []
    assert answer["wrong"] == []
    assert "no room left" in answer["too_big"]
