from __future__ import annotations

from pathlib import Path

import pytest
from cache.rig import Store, key_of, names_in, request_for

from ls_tools.cache import FORMAT_VERSION, Cache, CacheInfo, folders, upkeep
from ls_tools.cache.layout import Layout
from ls_tools.cache.pins import holders


@pytest.fixture
def filled(cache: Cache, store: Store) -> Cache:
    """Keys a, b and c; b in two versions."""
    for text in "abc":
        cache.get(request_for(text), store.fill)
    store.put(b"second", '"2"')
    cache.get(request_for("b"), store.fill, mode="revalidate")
    return cache


def test_entries_come_in_the_order_of_keys_newest_version_only(filled: Cache) -> None:
    keys = [entry.key for entry in filled.entries()]
    assert keys == sorted(map(key_of, "abc"))
    bodies = {entry.key: entry.path.read_bytes() for entry in filled.entries()}
    assert bodies[key_of("b")] == b"second"


def test_all_versions_come_oldest_first(filled: Cache) -> None:
    found = [e for e in filled.entries(all_versions=True) if e.key == key_of("b")]
    assert [entry.path.read_bytes() for entry in found] == [b"first", b"second"]


def test_info_counts_what_is_there(filled: Cache) -> None:
    assert filled.info() == CacheInfo(
        root=filled.root,
        format_version=FORMAT_VERSION,
        entries=3,
        versions=4,
        size_bytes=3 * 5 + 6,
        temporary_bytes=0,
    )


def test_removing_a_key_removes_its_versions_and_pins(
    filled: Cache, tmp_path: Path
) -> None:
    entry = filled.lookup(key_of("b"))
    assert entry is not None
    filled.pin(entry, tmp_path)
    assert filled.remove(entry.key) == 2
    assert filled.lookup(entry.key) is None
    assert holders(Layout(filled.root), entry) == []
    assert filled.remove(entry.key) == 0
    assert filled.info().entries == 2
    assert names_in(filled.root / "v1" / "tmp") == []


def test_removing_a_reference_removes_what_was_fetched_for_it(filled: Cache) -> None:
    assert filled.remove(request_for("b").reference) == 2
    assert filled.remove("https://labels.example.com/data/none") == 0
    assert filled.remove("../..") == 0
    assert {entry.key for entry in filled.entries()} == {key_of("a"), key_of("c")}


def test_a_damaged_key_can_be_removed(filled: Cache) -> None:
    entry = filled.lookup(key_of("a"))
    assert entry is not None
    (entry.path.parent / "meta.json").unlink()
    assert filled.remove(entry.key) == 1
    assert filled.verify() == []


def test_clearing_removes_everything(filled: Cache, store: Store) -> None:
    assert filled.clear() == 4
    assert list(filled.entries()) == []
    assert filled.info().versions == 0
    assert names_in(filled.root / "v1" / "tmp") == []
    assert not filled.get(request_for("a"), store.fill).from_cache


def test_an_open_file_outlives_the_removal_of_its_entry(filled: Cache) -> None:
    entry = filled.lookup(key_of("a"))
    assert entry is not None
    with entry.path.open("rb") as file:
        filled.clear()
        assert file.read() == b"first"


def test_a_pin_names_the_holders_that_still_exist(
    filled: Cache, tmp_path: Path
) -> None:
    entry = filled.lookup(key_of("a"))
    other = filled.lookup(key_of("b"))
    assert entry is not None
    assert other is not None
    layout = Layout(filled.root)
    here, gone = tmp_path / "dätä\nset", tmp_path / "gone"
    here.mkdir()
    for holder in (here, here, gone):
        filled.pin(entry, holder)
    assert holders(layout, entry) == [str(here)]
    assert holders(layout, other) == []
    assert len(names_in(Path(layout.pin_folder(entry.key)))) == 2
    assert filled.verify() == []


def test_what_goes_while_it_is_verified_is_no_stray(
    filled: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, gone = folders.names_in, {"entries": "ef"}

    def names_with_one_that_went(folder: str) -> list[str]:
        return sorted({*listed(folder), gone.get(Path(folder).name, "")} - {""})

    assert not (filled.root / "v1" / "entries" / "ef").exists()
    monkeypatch.setattr(upkeep, "names_in", names_with_one_that_went)
    assert filled.verify() == []
