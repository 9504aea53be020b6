"""Files that are leased through the resolver, and the limits of its cache."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from resolver.media_server import MediaServer

from ls_tools.cache import allowance
from ls_tools.errors import NotFoundError
from ls_tools.resolver import Resolver
from ls_tools.settings import CacheLimits, Settings

UPLOAD = "/data/upload/1/a.png"


def make_old(path: Path) -> None:
    then_s = time.time() - 100_000
    os.utime(path.parent / "meta.json", (then_s, then_s))


def test_a_leased_file_outlives_a_prune(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put(UPLOAD, b"picture")
    with resolver.lease(UPLOAD) as path:
        make_old(path)
        assert resolver.cache.prune(max_bytes=0).needed == 1
        assert path.read_bytes() == b"picture"
    make_old(path)
    assert resolver.cache.prune(max_bytes=0).removed_bytes == 7
    assert not path.exists()


def test_what_was_evicted_is_fetched_for_the_lease(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put(UPLOAD, b"picture")
    path = resolver.path(UPLOAD)
    path.parents[1].rename(path.parents[2] / "moved")
    with resolver.lease(UPLOAD) as leased:
        assert leased.read_bytes() == b"picture"


def test_a_file_of_this_machine_needs_no_lease(
    server: MediaServer, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.png").write_bytes(b"mine")
    settings = Settings(
        url=server.url, cache_dir=tmp_path / "cache", document_root=root
    )
    with Resolver(settings).lease("/data/local-files/?d=a.png") as path:
        assert path == root / "a.png"
    assert not (tmp_path / "cache").exists()


def test_what_is_not_there_cannot_be_leased(resolver: Resolver) -> None:
    with pytest.raises(NotFoundError), resolver.lease(UPLOAD):
        pytest.fail("there is nothing")


def test_an_error_in_the_block_stays_what_it_is(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put(UPLOAD, b"picture")
    with pytest.raises(FileNotFoundError), resolver.lease(UPLOAD) as path:
        path.with_name("none").read_bytes()
    assert len(server.targets) == 1


def test_paths_are_found_while_another_program_clears_the_cache(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put(UPLOAD, b"picture")
    stop = threading.Event()

    def clear() -> None:
        other = Resolver(resolver.settings).cache
        while not stop.is_set():
            other.clear()
            stop.wait(0.002)

    thread = threading.Thread(target=clear)
    thread.start()
    try:
        for _ in range(100):
            assert resolver.path(UPLOAD).name == "a.png"
    finally:
        stop.set()
        thread.join()


def test_the_resolver_keeps_its_cache_within_the_limits(
    settings: Settings, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "_COST", 0.0)
    limits = CacheLimits(max_bytes=10, grace_s=0)
    with Resolver(settings.evolve(cache_limits=limits)) as resolver:
        server.put(UPLOAD, b"picture")
        first = resolver.path(UPLOAD)
        make_old(first)
        server.put("/data/upload/1/b.png", b"another")
        second = resolver.path("/data/upload/1/b.png")
    assert [first.exists(), second.exists()] == [False, True]


def test_an_entry_is_not_remembered_beyond_its_time(
    settings: Settings, server: MediaServer
) -> None:
    server.put(UPLOAD, b"picture")
    limits = CacheLimits(ttl_s=0)
    with Resolver(settings.evolve(cache_limits=limits)) as resolver:
        for _ in range(3):
            assert resolver.path(UPLOAD).read_bytes() == b"picture"
    assert len(server.targets) == 3
