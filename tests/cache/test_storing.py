from __future__ import annotations

import hashlib
import json
import pickle
import stat
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cache.rig import Store, key_of, md5_of, names_in, request_for
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ls_tools.cache import Cache, CacheRequest, default_cache_dir
from ls_tools.errors import IntegrityError, RefusedError, UsageError
from ls_tools.transfer import Fetched, Sink, Validator

pytestmark = pytest.mark.usefixtures("held_or_written")


def test_fetched_bytes_are_found_again_under_their_file_name(
    cache: Cache, store: Store
) -> None:
    first = cache.get(request_for(), store.fill)
    second = cache.get(request_for(), store.fill)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert second.entry == first.entry == cache.lookup(key_of("a"))
    assert first.entry.path.name == "photo.jpg"
    assert first.entry.path.read_bytes() == b"first"
    assert first.entry.size_bytes == 5
    assert len(store.asked) == 1


def test_nothing_is_created_before_something_is_stored(cache: Cache) -> None:
    assert cache.lookup(key_of("a")) is None
    assert list(cache.entries()) == []
    assert cache.verify() == []
    assert cache.info().entries == 0
    assert cache.remove(key_of("a")) == cache.clear() == cache.sweep() == 0
    assert not cache.root.exists()


def test_the_cache_folder_is_private_to_its_user(cache: Cache, store: Store) -> None:
    cache.get(request_for(), store.fill)
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700


def test_a_missing_cache_folder_is_made_as_a_folder(
    tmp_path: Path, store: Store
) -> None:
    """G15."""
    cache = Cache(tmp_path / "not" / "yet" / "there")
    cache.get(request_for(), store.fill)
    assert cache.root.is_dir()


def test_two_urls_never_share_a_path_by_a_short_hash(
    cache: Cache, store: Store
) -> None:
    """G13: keys have 128 bits or more, and all of them count."""
    with pytest.raises(UsageError, match="32 to 128"):
        CacheRequest(key="0" * 31, file_name="x", reference="r", source="test")
    keys = ["01234567" + 24 * digit for digit in "ab"]
    paths = set()
    for key in keys:
        store.put(key.encode(), None)
        request = CacheRequest(key=key, file_name="x", reference="r", source="test")
        paths.add(cache.get(request, store.fill).entry.path)
    assert {path.read_bytes().decode() for path in paths} == set(keys)


@pytest.mark.parametrize("key", ["", "..", "../" * 20, "g" * 32, "A" * 32, "0" * 129])
def test_what_is_no_key_is_refused(cache: Cache, key: str) -> None:
    with pytest.raises(UsageError):
        cache.lookup(key)
    with pytest.raises(UsageError):
        CacheRequest(key=key, file_name="x", reference="r", source="test")


@given(name=st.text(max_size=300))
@example(name="meta.json")
@example(name="META.JSON")
@example(name="file")
@example(name="..")
@example(name="a/../../b")
@example(name="a\0b")
@example(name="\ud800")
@example(name="é" * 128)
@settings(max_examples=150, deadline=None)
def test_a_name_is_kept_as_it_is_or_refused(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "cache")
        try:
            request = request_for("a", name)
        except RefusedError:
            assert not cache.root.exists()
            return
        path = cache.get(request, Store(body=b"bytes").fill).entry.path
        assert path.name == name
        assert cache.root in path.resolve().parents
        found = Cache(cache.root).lookup(request.key)
        assert found is not None
        assert found.path == path
        assert path.read_bytes() == b"bytes"
        assert cache.verify() == []
        assert cache.info().size_bytes == 5


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "a/b", "a\\b", "", ".", ".."])
def test_names_that_leave_their_folder_or_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(RefusedError):
        request_for("a", name)


def test_the_sidecar_says_where_the_bytes_came_from(cache: Cache, store: Store) -> None:
    store.fetched = {
        "checksums": {"md5": md5_of(b"first")},
        "content_type": "image/jpeg",
        "validator": Validator(etag='"1"', last_modified="yesterday", version="7"),
    }
    before = datetime.now(timezone.utc)
    entry = cache.get(request_for(), store.fill).entry
    sidecar = json.loads((entry.path.parent / "meta.json").read_text())
    created_at = sidecar.pop("created_at")
    assert sidecar.pop("checked_at") == created_at
    assert before <= datetime.fromisoformat(created_at.replace("Z", "+00:00"))
    assert created_at.endswith("Z")
    assert sidecar == {
        "schema_version": 1,
        "key": key_of("a"),
        "reference": "https://labels.example.com/data/a",
        "source": "test",
        "file_name": "photo.jpg",
        "size_bytes": 5,
        "sha256": hashlib.sha256(b"first").hexdigest(),
        "checksums": {"md5": md5_of(b"first")},
        "validator": {"etag": '"1"', "last_modified": "yesterday", "version": "7"},
        "content_type": "image/jpeg",
    }


def test_entries_lie_where_the_documented_format_says(
    cache: Cache, store: Store
) -> None:
    path = cache.get(request_for(), store.fill).entry.path
    key, sha256 = key_of("a"), hashlib.sha256(b"first").hexdigest()
    folder = cache.root / "v1" / "entries" / key[:2] / key / f"000001-{sha256[:16]}"
    assert path.parent == folder
    assert sorted(names_in(folder)) == ["meta.json", "photo.jpg"]
    assert names_in(cache.root / "v1" / "tmp") == []
    assert names_in(cache.root / "v1" / "locks") == ["keys"]


@pytest.mark.parametrize(
    ("announced", "fault"),
    [
        ({"size_bytes": 6}, "5 of 6 bytes"),
        ({"size_bytes": 4}, "5 of 4 bytes"),
        ({"checksums": {"md5": "0" * 32}}, "md5"),
        ({"checksums": {"sha256": "0" * 64}}, "sha256"),
        ({"not_modified": True}, "unchanged"),
    ],
)
def test_bytes_that_are_not_those_announced_are_not_kept(
    cache: Cache, store: Store, announced: dict[str, object], fault: str
) -> None:
    store.fetched = announced
    with pytest.raises(IntegrityError, match=fault):
        cache.get(request_for(), store.fill)
    assert cache.lookup(key_of("a")) is None
    assert names_in(cache.root / "v1" / "tmp") == []


def test_a_byte_flipped_once_in_transit_costs_a_second_fetch(
    cache: Cache, store: Store
) -> None:
    store.fetched = {"checksums": {"md5": md5_of(b"first")}}
    bodies = [b"fXrst and more", b"first"]

    def flip_once(sink: Sink, validator: Validator | None) -> Fetched:
        store.body = bodies[len(store.asked)]
        return store.fill(sink, validator)

    entry = cache.get(request_for(), flip_once).entry
    assert entry.path.read_bytes() == b"first"
    assert store.asked == [None, None]
    assert cache.verify() == []


def test_bytes_that_stay_wrong_are_asked_for_twice(cache: Cache, store: Store) -> None:
    """Also where an older version is there: the second time without a condition."""
    cache.get(request_for(), store.fill)
    store.put(b"wrong", '"2"')
    store.fetched = {"checksums": {"md5": md5_of(b"right")}}
    with pytest.raises(IntegrityError, match="md5"):
        cache.get(request_for(), store.fill, mode="revalidate")
    assert store.asked == [None, Validator(etag='"1"'), None]
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


def test_an_interrupted_download_is_no_entry(cache: Cache, store: Store) -> None:
    """G1: what broke off is fetched again, not served as an empty file."""

    def break_off(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"fi")
        raise ConnectionResetError

    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            cache.get(request_for(), break_off)
        assert list(cache.entries()) == []
        assert names_in(cache.root / "v1" / "tmp") == []
    assert cache.get(request_for(), store.fill).entry.path.read_bytes() == b"first"


def test_a_part_that_was_never_received_is_noticed(cache: Cache) -> None:
    def skip_the_middle(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"ab")
        sink.write_at(4, b"ef")
        return Fetched(size_bytes=6)

    with pytest.raises(IntegrityError, match="middle"):
        cache.get(request_for(), skip_the_middle)


def test_parts_may_come_in_any_order(cache: Cache) -> None:
    body = bytes(range(256)) * 100

    def backwards(sink: Sink, _validator: Validator | None) -> Fetched:
        for offset in range(len(body) - 256, -1, -256):
            sink.write_at(offset, body[offset : offset + 256])
        return Fetched(size_bytes=len(body))

    entry = cache.get(request_for(), backwards).entry
    assert entry.path.read_bytes() == body
    assert entry.meta.sha256 == hashlib.sha256(body).hexdigest()


def test_a_download_that_starts_again_keeps_nothing_of_the_first_try(
    cache: Cache,
) -> None:
    def start_again(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"a longer first version")
        sink.truncate(0)
        sink.write_at(0, b"short")
        return Fetched(size_bytes=5)

    entry = cache.get(request_for(), start_again).entry
    assert entry.path.read_bytes() == b"short"
    assert entry.meta.sha256 == hashlib.sha256(b"short").hexdigest()


def test_an_empty_file_is_a_file(cache: Cache) -> None:
    entry = cache.get(request_for(), lambda _sink, _validator: Fetched()).entry
    assert entry.path.read_bytes() == b""
    assert cache.lookup(key_of("a")) == entry
    assert cache.verify() == []


def test_an_unknown_checksum_is_not_passed_over(cache: Cache, store: Store) -> None:
    store.fetched = {"checksums": {"rot13": "00"}}
    with pytest.raises(UsageError, match="rot13"):
        cache.get(request_for(), store.fill)
    assert list(cache.entries()) == []


def test_a_file_is_never_held_in_memory_whole(tmp_path: Path) -> None:
    """G19: 256 MB in and verified, in less than 20 MB above idle."""
    code = """
import resource, sys
from pathlib import Path
from ls_tools.cache import Cache, CacheRequest
from ls_tools.transfer import Fetched
def peak_mb(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
cache, chunk, count = Cache(Path(sys.argv[1])), bytes(2**18), 1024
def fill(sink, validator):
    for index in reversed(range(count)):
        sink.write_at(index * len(chunk), chunk)
    return Fetched(size_bytes=count * len(chunk))
request = CacheRequest(key="0" * 32, file_name="big", reference="r", source="test")
idle_mb = peak_mb()
cache.get(request, fill)
assert cache.verify() == []
print(peak_mb() - idle_mb)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 20


def test_a_cache_can_be_handed_to_another_process(cache: Cache, store: Store) -> None:
    entry = cache.get(request_for(), store.fill).entry
    there = pickle.loads(pickle.dumps(cache))  # noqa: S301 -- our own bytes
    assert there.lookup(entry.key) == entry


def test_a_relative_folder_stays_where_it_was(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = Cache(Path("here"))
    monkeypatch.chdir("/")
    assert cache.get(request_for(), store.fill).entry.path.is_absolute()
    assert (tmp_path / "here").is_dir()


def test_the_default_folder_is_named_but_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", "/proc/nohome")
    folder = default_cache_dir()
    assert folder.name == "ls-tools"
    assert not folder.exists()
