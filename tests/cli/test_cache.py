"""``ls-tools cache``: what it says and does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from ls_tools.cache import Cache, Entry
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
from ls_tools.transfer import Fetched, Sink, Validator

AGO_S = 40 * 86_400
REFERENCES = [f"https://example.com/{name}.png" for name in "abc"]


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def entries(store: Cache) -> list[Entry]:
    """Three entries of 100 bytes; the first two were not used for 40 days."""

    def fill(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"x" * 100)
        return Fetched(size_bytes=100)

    resolver = Resolver(Settings(cache_dir=store.root))
    requests = [resolver.cache_request(reference) for reference in REFERENCES]
    found = [store.get(request, fill).entry for request in requests]
    for age_s, entry in zip((AGO_S + 1, AGO_S), found, strict=False):
        then_s = time.time() - age_s
        os.utime(entry.path.parent / "meta.json", (then_s, then_s))
    return found


def kept(entries: list[Entry]) -> list[bool]:
    return [entry.path.exists() for entry in entries]


def test_prune_says_what_it_would_remove(ls_tools: Any, entries: list[Entry]) -> None:
    limits = ("--max-size", "0.15kB", "--dry-run")
    done = ls_tools("cache", "prune", *limits, "--json")
    assert done.code == 0
    document = done.document
    assert [one["reference"] for one in document["removed"]] == REFERENCES[:2]
    assert set(document["removed"][0]) == {
        "key",
        "version",
        "reference",
        "size_bytes",
        "used_at",
    }
    assert document["dry_run"] is True
    assert (document["removed_bytes"], document["kept_bytes"]) == (200, 100)
    assert (document["kept"], document["needed"], document["recent"]) == (1, 0, 1)
    assert kept(entries) == [True, True, True]
    lines = ls_tools("cache", "prune", *limits).stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == REFERENCES[:2]


def test_prune_removes_what_it_said(ls_tools: Any, entries: list[Entry]) -> None:
    done = ls_tools("cache", "prune", "--max-size", "200")
    assert done.code == 0
    assert kept(entries) == [False, True, True]
    assert "1 files of 100 bytes removed" in done.stderr


def test_prune_by_age(ls_tools: Any, entries: list[Entry]) -> None:
    ls_tools("cache", "prune", "--older-than", "41d")
    assert kept(entries) == [True, True, True]
    ls_tools("cache", "prune", "--older-than", "30d")
    assert kept(entries) == [False, False, True]


def test_prune_without_options_goes_by_the_settings(
    ls_tools: Any, entries: list[Entry]
) -> None:
    ls_tools("cache", "prune")
    assert kept(entries) == [True, True, True]
    ls_tools("cache", "prune", LS_TOOLS_CACHE_MAX_SIZE="200")
    assert kept(entries) == [False, True, True]


@pytest.mark.parametrize(
    "option", [("--max-size", "much"), ("--older-than", "long"), ("--max-size", "-1")]
)
def test_prune_refuses_what_is_no_quantity(
    ls_tools: Any, option: tuple[str, str]
) -> None:
    done = ls_tools("cache", "prune", *option, "--json")
    assert done.code == 2
    assert option[1] in done.document["error"]["message"]


def test_ls_tells_when_an_entry_was_used(ls_tools: Any, entries: list[Entry]) -> None:
    listed = ls_tools("cache", "ls", "--json").document["entries"]
    by_key = {one["key"]: one["used_at"] for one in listed}
    assert by_key[entries[0].key] < by_key[entries[2].key]


def test_rm_leaves_what_is_leased_unless_forced(
    ls_tools: Any, store: Cache, entries: list[Entry]
) -> None:
    with store.lease(entries[0]):
        for what in (REFERENCES[0], "--all"):
            done = ls_tools("cache", "rm", what, "--json")
            assert done.code == 1
            assert done.document["error"]["kind"] == "cache"
            assert "--force" in done.document["error"]["hint"]
        assert kept(entries) == [True, True, True]
        assert ls_tools("cache", "rm", REFERENCES[1]).code == 0
        assert ls_tools("cache", "rm", REFERENCES[0], "--force").code == 0
    assert kept(entries) == [False, False, True]


@pytest.mark.parametrize("command", ["info", "ls", "verify", "prune"])
def test_a_file_as_the_cache_folder_is_a_clear_error(
    ls_tools: Any, tmp_path: Path, command: str
) -> None:
    (tmp_path / "cache").write_text("mine")
    done = ls_tools("cache", command, "--json")
    assert done.code == 1
    assert done.document["error"]["kind"] == "cache"
    assert "not a folder" in done.document["error"]["message"]


def test_verify_repairs_and_says_so(ls_tools: Any, entries: list[Entry]) -> None:
    entries[0].path.write_bytes(b"y" * 100)
    found = ls_tools("cache", "verify", "--json")
    assert found.code == 1
    assert [one["reason"] for one in found.document["problems"]] == ["wrong-hash"]
    assert ls_tools("cache", "verify", "--repair").code == 0
    assert ls_tools("cache", "verify").code == 0


def test_a_read_only_cache_is_not_pruned(ls_tools: Any, entries: list[Entry]) -> None:
    done = ls_tools("cache", "rm", "--all", "--json", LS_TOOLS_CACHE_READ_ONLY="1")
    assert done.code == 1
    assert json.loads(done.stdout)["error"]["kind"] == "cache"
    assert kept(entries) == [True, True, True]
