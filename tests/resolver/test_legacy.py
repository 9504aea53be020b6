"""What earlier tools hashed, as seen by running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ls_tools.cache.legacy import legacy_hash
from ls_tools.resolver import Resolver
from ls_tools.resolver.legacy import legacy_urls
from ls_tools.settings import Settings

HOST, BELOW = "https://h.example", "https://h.example/ls/"
SEEN = [
    (HOST, "/data/upload/1/a%20b.png", "3627c4bd__a%20b.png"),
    (HOST, "upload/1/a b.png", "b4c6b91c__a b.png"),
    (HOST, "/data/local-files/?d=ds/a%20b.png", "b9e7e1d7__a%20b.png"),
    (HOST, "/storage-data/uploaded/?filepath=upload/1/a.png", "5c51f234__a.png"),
    (HOST, "s3://b/k v.png", "d30c4ec4__k v.png"),
    (HOST, "https://x.example/a.png?x=1", "aa0f2728__a.png"),
    (HOST, "https://h.example/data/upload/1/a.png", "1183abb2__a.png"),
    (BELOW, "/data/upload/1/a%20b.png", "6e3a760e__a%20b.png"),
    (BELOW, "/data/local-files/?d=ds/a%20b.png", "ff813463__a%20b.png"),
]


@pytest.mark.parametrize(("host", "reference", "name"), SEEN)
def test_the_name_in_an_old_cache_is_met(host: str, reference: str, name: str) -> None:
    hashes = [legacy_hash(url) for url in legacy_urls(reference, host)]
    assert name.partition("__")[0] in hashes


def test_an_upload_cached_by_the_other_route_is_met_too() -> None:
    urls = legacy_urls("/data/upload/1/a.png", HOST)
    assert "https://h.example/data/upload/1/a.png" in urls


def test_without_a_server_only_full_urls_can_be_met() -> None:
    assert list(legacy_urls("/data/upload/1/a.png", None)) == []
    assert list(legacy_urls("s3://b/a.png", None)) == ["s3://b/a.png"]


@pytest.mark.parametrize(("host", "reference", "name"), SEEN)
def test_an_old_cache_is_taken_over(
    tmp_path: Path, host: str, reference: str, name: str
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / name).write_bytes(b"picture")
    settings = Settings(url=host, cache_dir=tmp_path / "cache", mode="offline")
    with Resolver(settings) as resolver:
        request = resolver.cache_request(reference)
        pairs = [(url, request) for url in legacy_urls(reference, host)]
        done = resolver.cache.import_legacy(old, pairs)
        assert done.skipped == ()
        assert resolver.path(reference).read_bytes() == b"picture"
