from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from cache.rig import Store, key_of, request_for

from ls_tools.cache import Cache, Entry
from ls_tools.errors import CacheError

Damage = Callable[[Path], object]


def change(**fields: object) -> Damage:
    """Damage that changes fields of the sidecar."""

    def apply(folder: Path) -> None:
        sidecar = json.loads((folder / "meta.json").read_text())
        (folder / "meta.json").write_text(json.dumps({**sidecar, **fields}))

    return apply


def write(name: str, text: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(text)


def link_elsewhere(folder: Path) -> None:
    (folder / "photo.jpg").unlink()
    (folder / "photo.jpg").symlink_to("/etc/passwd")


def make_folder(folder: Path) -> None:
    (folder / "photo.jpg").unlink()
    (folder / "photo.jpg").mkdir()


def remove_folder_but_not_name(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


SEEN_AT_ONCE: dict[str, tuple[Damage, str]] = {
    "cut": (write("photo.jpg", b"fir"), "wrong-size"),
    "emptied": (write("photo.jpg", b""), "wrong-size"),
    "grown": (write("photo.jpg", b"first and more"), "wrong-size"),
    "deleted": (lambda folder: (folder / "photo.jpg").unlink(), "no-file"),
    "linked elsewhere": (link_elsewhere, "no-file"),
    "a folder": (make_folder, "no-file"),
    "no sidecar": (lambda folder: (folder / "meta.json").unlink(), "no-sidecar"),
    "no folder": (remove_folder_but_not_name, "no-sidecar"),
    "empty sidecar": (write("meta.json", b""), "bad-sidecar"),
    "cut sidecar": (write("meta.json", b'{"schema_version": 1, "key"'), "bad-sidecar"),
    "binary sidecar": (write("meta.json", b"\xff\x00" * 50), "bad-sidecar"),
    "deep sidecar": (write("meta.json", b'{"x":' + b"[" * 50_000), "bad-sidecar"),
    "huge sidecar": (write("meta.json", b" " * 3_000_000), "bad-sidecar"),
    "another size": (change(size_bytes=6), "wrong-size"),
    "negative size": (change(size_bytes=-5), "bad-sidecar"),
    "another key": (change(key="0" * 32), "wrong-key"),
    "another name": (change(file_name="other.jpg"), "no-file"),
    "an escaping name": (change(file_name="../../../x"), "bad-sidecar"),
    "an absolute name": (change(file_name="/etc/passwd"), "bad-sidecar"),
    "no digest": (change(sha256="none"), "bad-sidecar"),
    "an old schema": (change(schema_version=0), "bad-sidecar"),
}

SEEN_BY_HASHING: dict[str, tuple[Damage, str]] = {
    "flipped byte": (write("photo.jpg", b"fXrst"), "wrong-hash"),
    "another digest": (change(sha256="0" * 64), "wrong-hash"),
}


@pytest.fixture
def entry(cache: Cache, store: Store) -> Entry:
    return cache.get(request_for(), store.fill).entry


@pytest.mark.parametrize(
    ("damage", "reason"), SEEN_AT_ONCE.values(), ids=SEEN_AT_ONCE.keys()
)
def test_a_damaged_entry_is_never_returned_but_fetched_again(
    cache: Cache, store: Store, entry: Entry, damage: Damage, reason: str
) -> None:
    damage(entry.path.parent)
    assert Cache(cache.root).lookup(entry.key) is None
    assert [problem.reason for problem in cache.verify()] == [reason]
    outcome = cache.get(request_for(), store.fill)
    assert not outcome.from_cache
    assert outcome.entry.path.read_bytes() == b"first"
    assert cache.lookup(entry.key) == outcome.entry


@pytest.mark.parametrize(
    ("damage", "reason"),
    [*SEEN_AT_ONCE.values(), *SEEN_BY_HASHING.values()],
    ids=[*SEEN_AT_ONCE, *SEEN_BY_HASHING],
)
def test_verify_names_what_is_damaged_and_removes_it_when_told_to(
    cache: Cache, store: Store, entry: Entry, damage: Damage, reason: str
) -> None:
    cache.get(request_for("b"), store.fill)
    damage(entry.path.parent)
    found = cache.verify()
    assert [(problem.reason, problem.removed) for problem in found] == [(reason, False)]
    assert found[0].path == entry.path.parent
    assert found[0].key == entry.key
    assert [problem.removed for problem in cache.verify(repair=True)] == [True]
    assert cache.verify() == []
    assert [left.key for left in cache.entries()] == [key_of("b")]
    assert not cache.get(request_for(), store.fill).from_cache


def test_what_a_later_version_wrote_is_left_alone(
    cache: Cache, store: Store, entry: Entry
) -> None:
    change(schema_version=2, size_bytes="many")(entry.path.parent)
    assert Cache(cache.root).lookup(entry.key) is None
    found = cache.verify(repair=True)
    assert [(problem.reason, problem.removed) for problem in found] == [
        ("newer-schema", False)
    ]
    assert entry.path.exists()
    new = cache.get(request_for(), store.fill).entry
    assert new.version > entry.version


def test_fields_added_later_do_not_matter(cache: Cache, entry: Entry) -> None:
    change(colour="blue")(entry.path.parent)
    assert Cache(cache.root).lookup(entry.key) == entry


def test_verify_reads_every_version(cache: Cache, store: Store, entry: Entry) -> None:
    store.put(b"second", '"2"')
    cache.get(request_for(), store.fill, mode="revalidate")
    entry.path.write_bytes(b"fXrst")
    assert [problem.path for problem in cache.verify(repair=True)] == [
        entry.path.parent
    ]
    found = cache.lookup(entry.key)
    assert found is not None
    assert found.path.read_bytes() == b"second"


def test_files_that_are_not_ours_are_named_and_left(cache: Cache, entry: Entry) -> None:
    entries = cache.root / "v1" / "entries"
    strays = [
        entries / "notes.txt",
        entries / "zz",
        entries / entry.key[:2] / "notes.txt",
        entry.path.parents[1] / "notes.txt",
    ]
    for stray in strays:
        stray.write_text("mine")
    found = cache.verify(repair=True)
    assert {problem.path for problem in found} == set(strays)
    assert {(problem.reason, problem.removed) for problem in found} == {
        ("stray", False)
    }
    assert all(stray.exists() for stray in strays)
    assert cache.lookup(entry.key) == entry


@pytest.mark.parametrize("place", ["shard", "key"])
def test_what_is_in_the_way_of_a_folder_is_removed_by_repair(
    cache: Cache, store: Store, place: str
) -> None:
    request = request_for()
    shard = cache.root / "v1" / "entries" / request.key[:2]
    way = shard if place == "shard" else shard / request.key
    way.parent.mkdir(parents=True)
    way.write_text("mine")
    with pytest.raises(CacheError, match="verify --repair"):
        cache.get(request, store.fill)
    found = cache.verify()
    assert [(x.reason, x.path, x.removed) for x in found] == [("stray", way, False)]
    assert [x.removed for x in cache.verify(repair=True)] == [True]
    assert cache.get(request, store.fill).entry.path.read_bytes() == b"first"


@pytest.mark.parametrize("is_leased", [True, False])
def test_repair_brings_no_older_bytes_back(
    cache: Cache, store: Store, entry: Entry, *, is_leased: bool
) -> None:
    """A damaged newest version is fetched again, not replaced by what was before."""
    store.put(b"second", '"2"')
    newest = cache.get(request_for(), store.fill, mode="revalidate").entry
    newest.path.write_bytes(b"sXcond")
    with cache.lease(entry) if is_leased else nullcontext():
        found = cache.verify(repair=True)
        assert [(x.reason, x.removed) for x in found] == [("wrong-hash", not is_leased)]
        assert entry.path.exists() == is_leased
        assert cache.lookup(entry.key) is None
        outcome = cache.get(request_for(), store.fill)
        assert not outcome.from_cache
        assert outcome.entry.path.read_bytes() == b"second"
    cache.verify(repair=True)
    assert cache.verify() == []
    assert cache.lookup(entry.key) == outcome.entry


def test_a_file_given_as_the_cache_folder_is_a_clear_error(cache: Cache) -> None:
    cache.root.write_text("mine")
    for call in (
        cache.info,
        cache.verify,
        cache.prune,
        cache.clear,
        lambda: list(cache.entries()),
        lambda: cache.get(request_for(), Store().fill, mode="offline"),
    ):
        with pytest.raises(CacheError, match=r"not a folder.*LS_TOOLS_CACHE_DIR"):
            call()
    assert cache.root.read_text() == "mine"


def test_a_cache_that_cannot_be_read_says_so(cache: Cache, entry: Entry) -> None:
    sidecar = entry.path.parent / "meta.json"
    sidecar.unlink()
    sidecar.symlink_to(sidecar)
    reader = Cache(cache.root)
    for call in (lambda: reader.lookup(entry.key), lambda: list(reader.entries())):
        with pytest.raises(CacheError, match="LS_TOOLS_CACHE_DIR"):
            call()


def test_verify_tells_how_far_it_is(cache: Cache, store: Store, entry: Entry) -> None:
    cache.get(request_for("b"), store.fill)
    told: list[tuple[object, ...]] = []

    class Told:
        def start(self, label: str, total: int | None = None, unit: str = "") -> None:
            told.append((label, total, unit))

        def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
            told.append((count, size_bytes))

        def finish(self) -> None:
            told.append(("finish",))

    cache.verify(progress=Told())
    assert told == [("verify", 2, "files"), (1, 5), (1, 5), ("finish",)]
    assert entry.path.exists()
