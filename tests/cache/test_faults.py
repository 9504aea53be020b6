from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache.rig import Store, key_of, names_in, request_for

from ls_tools.cache import Cache, content
from ls_tools.cache.faults import cache_faults
from ls_tools.errors import CacheError, NetworkError
from ls_tools.transfer import Fetched, Sink, Validator

pytestmark = pytest.mark.usefixtures("held_or_written")

HINT = "LS_TOOLS_CACHE_DIR"

MOUNT_PRIVATELY = ("unshare", "--mount", "--propagation", "private")
"""Runs a command that may mount what nobody else sees."""

WITHOUT_POWER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
"""Runs a command of the superuser that permission bits hold for."""


@pytest.fixture
def filled(cache: Cache, store: Store) -> Cache:
    """A cache with one entry."""
    cache.get(request_for("cached"), store.fill)
    return cache


def can_run(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_file_that_does_not_fit_is_a_clear_error_and_no_entry(
    filled: Cache, run_script: Callable[..., Any]
) -> None:
    """The system refuses to write beyond 100,000 bytes."""
    answer = run_script("faults.py", filled.root, "limit_file_size")
    assert answer["big"]["error"] == "CacheError"
    assert "no room left" in answer["big"]["message"]
    assert HINT in answer["big"]["message"]
    assert answer["hit"] == answer["confirmed"] == {"body": "first", "from_cache": True}
    assert answer["small"] == {"body": "first", "from_cache": False}
    assert len(answer["entries"]) == 2
    assert answer["left"] == []
    assert filled.verify() == []


def test_a_full_disk_is_a_clear_error_and_no_entry(
    tmp_path: Path, run_script: Callable[..., Any]
) -> None:
    if not can_run(*MOUNT_PRIVATELY, "true"):
        pytest.skip("a file system of our own cannot be mounted here")
    folder = tmp_path / "disk"
    folder.mkdir()
    script = f'mount -t tmpfs -o size=1m tmpfs {folder} && exec "$@"'
    answer = run_script(
        "faults.py",
        folder / "cache",
        "leave_as_is",
        before=(*MOUNT_PRIVATELY, "sh", "-c", script, "sh"),
    )
    assert answer["big"]["error"] == "CacheError"
    assert "no room left" in answer["big"]["message"]
    assert HINT in answer["big"]["message"]
    assert answer["small"] == {"body": "first", "from_cache": False}
    assert len(answer["entries"]) == 2
    assert answer["left"] == []


def check_read_only(answer: Any) -> None:
    assert answer["hit"] == answer["confirmed"] == {"body": "first", "from_cache": True}
    for name in ("big", "small"):
        assert answer[name]["error"] == "CacheError"
        assert "cannot be used" in answer[name]["message"]
        assert HINT in answer[name]["message"]
    assert len(answer["entries"]) == 1


def test_a_read_only_file_system_serves_what_it_has(
    filled: Cache, run_script: Callable[..., Any]
) -> None:
    if not can_run(*MOUNT_PRIVATELY, "true"):
        pytest.skip("a file system of our own cannot be mounted here")
    root = filled.root
    script = f"mount --bind {root} {root} && mount -o remount,ro,bind {root}"
    script += ' && exec "$@"'
    before = (*MOUNT_PRIVATELY, "sh", "-c", script, "sh")
    check_read_only(run_script("faults.py", root, "leave_as_is", before=before))


def test_a_cache_without_write_permission_serves_what_it_has(
    filled: Cache, run_script: Callable[..., Any]
) -> None:
    is_superuser = os.geteuid() == 0
    if is_superuser and not can_run(*WITHOUT_POWER, "true"):
        pytest.skip("the superuser's power cannot be dropped here")
    folders = [path for path in filled.root.rglob("*") if path.is_dir()]
    for path in (filled.root, *folders):
        path.chmod(0o555)
    try:
        before = WITHOUT_POWER if is_superuser else ()
        answer = run_script("faults.py", filled.root, "leave_as_is", before=before)
    finally:
        for path in (filled.root, *folders):
            path.chmod(0o755)
    check_read_only(answer)


@pytest.mark.parametrize("place", ["", "v1", "v1/entries", "v1/tmp"])
def test_a_file_in_place_of_a_folder_is_a_clear_error(
    cache: Cache, store: Store, place: str
) -> None:
    """G15: what was given as the cache folder is a file."""
    path = cache.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    assert cache.lookup(key_of("a")) is None
    with pytest.raises(CacheError, match=HINT):
        cache.get(request_for(), store.fill)
    assert path.read_text() == "mine"


def test_a_file_in_place_of_the_locks_does_no_harm(cache: Cache, store: Store) -> None:
    (cache.root / "v1").mkdir(parents=True)
    (cache.root / "v1" / "locks").write_text("mine")
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


def test_a_cache_removed_under_way_is_filled_again(
    cache: Cache, store: Store, *, held_or_written: bool
) -> None:
    rounds: list[int] = []

    def removed_once(sink: Sink, validator: Validator | None) -> Fetched:
        fetched = store.fill(sink, validator)
        if not rounds:
            shutil.rmtree(cache.root)
        rounds.append(1)
        return fetched

    outcome = cache.get(request_for(), removed_once)
    assert outcome.entry.path.read_bytes() == b"first"
    assert len(rounds) == (1 if held_or_written else 2)


def test_a_cache_always_removed_under_way_is_a_clear_error_and_then_works_again(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "HELD_BYTES", 0)

    def removed_meanwhile(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"first")
        shutil.rmtree(cache.root)
        return Fetched(size_bytes=5)

    with pytest.raises(CacheError, match=f"removed while in use.*{HINT}"):
        cache.get(request_for(), removed_meanwhile)
    assert list(cache.entries()) == []
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


@pytest.mark.parametrize("call", ["mkdir", "open", "rename", "fsync"])
def test_a_cache_made_read_only_under_way_is_a_clear_error(
    filled: Cache, store: Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)

    def refuse(*arguments: Any, **options: Any) -> Any:
        is_reading = call == "open" and not arguments[1] & os.O_CREAT
        if is_reading:
            return real(*arguments, **options)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as fault:
        fault.setattr(os, call, refuse)
        with pytest.raises(CacheError, match=f"cannot be used.*{HINT}"):
            filled.get(request_for("b"), store.fill)
        assert filled.get(request_for("cached"), store.fill).from_cache
    assert filled.lookup(key_of("b")) is None
    assert filled.verify() == []
    assert not filled.get(request_for("b"), store.fill).from_cache
    assert names_in(filled.root / "v1" / "tmp") == []


def test_a_cache_removed_after_use_is_filled_again(cache: Cache, store: Store) -> None:
    cache.get(request_for(), store.fill)
    shutil.rmtree(cache.root)
    outcome = cache.get(request_for(), store.fill)
    assert not outcome.from_cache
    assert outcome.entry.path.read_bytes() == b"first"


def test_entries_removed_while_one_is_committed_do_not_disturb(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, removed = os.rename, threading.Event()

    def remove_first(source: str, target: str) -> None:
        if "/fill-" in source and not removed.is_set():
            removed.set()
            shutil.rmtree(cache.root / "v1" / "entries")
        rename(source, target)

    monkeypatch.setattr(os, "rename", remove_first)
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


def test_a_version_removed_while_it_is_looked_up_is_not_found(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = cache.get(request_for(), store.fill).entry
    shutil.rmtree(entry.path.parent)
    monkeypatch.setattr(os, "listdir", lambda _folder: [entry.version])
    assert cache.lookup(entry.key) is None


def test_a_version_removed_while_it_is_read_is_not_called_damaged(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = cache.get(request_for(), store.fill).entry
    look = os.lstat

    def remove_first(path: str) -> os.stat_result:
        monkeypatch.setattr(os, "lstat", look)
        cache.remove(entry.key)
        return look(path)

    monkeypatch.setattr(os, "lstat", remove_first)
    assert cache.verify() == []
    assert list(cache.entries()) == []


def test_a_cache_that_keeps_changing_is_an_error_in_the_end(
    cache: Cache, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(_source: str, _target: str) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(os, "rename", collide)
    with pytest.raises(CacheError, match="keeps changing"):
        cache.get(request_for(), store.fill)
    assert names_in(cache.root / "v1" / "tmp") == []


def test_no_foreign_error_escapes_and_none_of_ours_is_changed(tmp_path: Path) -> None:
    for code in errno.errorcode:
        with pytest.raises(CacheError, match=HINT), cache_faults(tmp_path):
            raise OSError(code, os.strerror(code), "somewhere")
    away = NetworkError("away")
    with pytest.raises(NetworkError) as caught, cache_faults(tmp_path):
        raise away
    assert caught.value is away


def test_an_error_of_the_fetch_function_is_passed_on_as_it_is(
    cache: Cache, store: Store
) -> None:
    store.error = OSError(errno.ENOSPC, "theirs, not ours")
    with pytest.raises(OSError, match="theirs") as caught:
        cache.get(request_for(), store.fill)
    assert not isinstance(caught.value, CacheError)
