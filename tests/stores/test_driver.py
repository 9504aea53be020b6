"""The source of bucket objects, over a store in memory that can be made to fail."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import threading
import tracemalloc
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores.memory import MemorySink, MemoryStore, Mishap

from ls_tools.errors import IntegrityError, NetworkError, RefusedError
from ls_tools.locator import parse_reference
from ls_tools.progress import NullProgress
from ls_tools.settings import Bounds, BucketSettings, S3Settings, Settings
from ls_tools.sources.buckets import parts, pulling
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.protocol import CHUNK_BYTES, ObjectInfo, Store
from ls_tools.sources.protocol import Services
from ls_tools.transfer import Fetched, Validator

CONTENT = random.Random(3).randbytes(100_003)
LOCATOR = parse_reference("s3://bucket/a.bin", origin=None)
MIB = 2**20


def no_server() -> NoReturn:
    pytest.fail("no server is needed")


def cut(after_bytes: int) -> Mishap:
    return Mishap(after_bytes=after_bytes)


@dataclass
class Counted(NullProgress):
    size_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        assert count == 0
        with self._lock:
            self.size_bytes += size_bytes


@dataclass
class Rig:
    store: MemoryStore
    settings: Settings = field(default_factory=lambda: Settings(retry_attempts=3))
    sink: MemorySink = field(default_factory=MemorySink)
    progress: Counted = field(default_factory=Counted)
    waits_s: list[float] = field(default_factory=list)

    def source(self) -> BucketSource:
        services = Services(
            settings=self.settings,
            connect=no_server,
            progress=self.progress,
        )
        return BucketSource(
            services,
            lambda *_: self.store,
            sleep=self.waits_s.append,
            clock=lambda: 0.0,
        )

    def fetch(self, validator: Validator | None = None) -> Fetched:
        return self.source().fetch(LOCATOR, self.sink, validator=validator)


@pytest.fixture
def rig() -> Rig:
    return Rig(MemoryStore(content=CONTENT))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 10,000 bytes, whatever the speed of the connection."""
    monkeypatch.setattr(parts, "PART_BYTES", 10_000)
    monkeypatch.setattr(pulling, "PART_BYTES", 10_000)
    monkeypatch.setattr(pulling, "PARALLEL_BYTES", 50_000)
    monkeypatch.setattr(pulling._Speed, "is_low", lambda _, at: at >= 10_000)


def test_small_object_comes_with_one_request(rig: Rig) -> None:
    fetched = rig.fetch()
    assert rig.sink.data == CONTENT
    assert len(rig.store.asked) == rig.store.closed == 1
    assert fetched.size_bytes == len(CONTENT)
    assert fetched.validator == Validator(etag='"0"')
    assert rig.progress.size_bytes == len(CONTENT)


def test_what_the_store_vouches_for_is_passed_on(rig: Rig) -> None:
    checksums = {"md5": "0" * 32, "crc32": "1" * 8}
    rig.store.info = ObjectInfo(
        key="a", size_bytes=0, checksums=checksums, content_type="image/png"
    )
    fetched = rig.fetch()
    assert fetched.checksums == checksums
    assert fetched.content_type == "image/png"


def test_empty_object_is_whole_at_once(rig: Rig) -> None:
    rig.store.content = b""
    assert rig.fetch().size_bytes == 0
    assert len(rig.store.asked) == 1


@pytest.mark.parametrize("is_silent", [False, True])
def test_download_goes_on_where_it_was_cut(rig: Rig, *, is_silent: bool) -> None:
    rig.store.mishaps = deque([Mishap(after_bytes=5_500, is_silent=is_silent)] * 4)
    rig.fetch()
    assert rig.sink.data == CONTENT
    assert [a.start for a in rig.store.asked] == [0, 5_500, 11_000, 16_500, 22_000]
    assert {a.match for a in rig.store.asked[1:]} == {Validator(etag='"0"')}
    assert rig.progress.size_bytes == len(CONTENT)
    assert rig.store.closed == 5


@given(cuts=st.lists(st.integers(1, 40_000), max_size=12), ranges=st.booleans())
def test_cuts_anywhere_give_the_same_bytes(cuts: list[int], *, ranges: bool) -> None:
    store = MemoryStore(content=CONTENT, knows_ranges=ranges)
    if ranges:
        store.mishaps = deque(map(cut, cuts))
    else:
        store.mishaps = deque(map(cut, sorted(set(cuts))))
    rig = Rig(store)
    rig.fetch()
    assert rig.sink.data == CONTENT


def test_tries_count_anew_after_progress(rig: Rig) -> None:
    rig.store.mishaps = deque([cut(0), cut(0), cut(7), cut(0), cut(0), cut(7)])
    rig.fetch()
    assert rig.sink.data == CONTENT


@pytest.mark.parametrize("is_silent", [False, True])
def test_store_that_sends_nothing_is_given_up(rig: Rig, *, is_silent: bool) -> None:
    rig.store.mishaps = deque([Mishap(after_bytes=0, is_silent=is_silent)] * 10)
    with pytest.raises(IntegrityError if is_silent else NetworkError):
        rig.fetch()
    assert len(rig.store.asked) == 3


def test_error_that_lasts_is_not_tried_again(rig: Rig) -> None:
    def refuse() -> None:
        raise RefusedError(LOCATOR.canonical)

    rig.store.mishaps = deque([Mishap(act=refuse)])
    with pytest.raises(RefusedError):
        rig.fetch()
    assert len(rig.store.asked) == 1


@pytest.mark.parametrize("conditions", [True, False])
def test_versions_never_mix(rig: Rig, *, conditions: bool) -> None:
    """Whether or not the store itself heeds the condition."""
    rig.store.knows_conditions = conditions
    other = CONTENT[::-1] + b"longer"
    overwrite = Mishap(act=lambda: rig.store.replace(other))
    rig.store.mishaps = deque([cut(4_000), overwrite])
    fetched = rig.fetch()
    assert rig.sink.data == other
    assert fetched.validator == Validator(etag='"1"')


def test_version_of_equal_size_is_not_mixed_in(rig: Rig) -> None:
    rig.store.knows_conditions = False
    overwrite = Mishap(act=lambda: rig.store.replace(CONTENT[::-1]))
    rig.store.mishaps = deque([cut(4_000), overwrite])
    rig.fetch()
    assert rig.sink.data == CONTENT[::-1]


def test_object_that_keeps_changing_is_given_up(rig: Rig) -> None:
    def overwrite() -> None:
        rig.store.replace(os.urandom(100))

    rig.store.mishaps = deque([cut(50), Mishap(act=overwrite)] * 20)
    rig.store.content = b"x" * 100
    with pytest.raises(IntegrityError, match="changes faster"):
        rig.fetch()
    assert len(rig.store.asked) == 6


def test_shorter_version_leaves_nothing_of_the_longer(rig: Rig) -> None:
    rig.store.mishaps = deque(
        [cut(4_000), Mishap(act=lambda: rig.store.replace(b"short"))]
    )
    assert rig.fetch().size_bytes == 5
    assert rig.sink.data == b"short"


def test_answer_that_begins_too_late_is_not_taken(rig: Rig) -> None:
    rig.store.mishaps = deque([cut(4_000), Mishap(shift_bytes=5)])
    rig.fetch()
    assert rig.sink.data == CONTENT


def test_current_version_is_not_sent_again(rig: Rig) -> None:
    fetched = rig.fetch(Validator(etag='"0"'))
    assert fetched.not_modified
    assert fetched.validator == Validator(etag='"0"')
    assert not rig.sink.offsets


def test_other_version_is_sent(rig: Rig) -> None:
    assert not rig.fetch(Validator(etag='"old"')).not_modified
    assert rig.sink.data == CONTENT


def test_object_beyond_the_bound_is_refused_before_a_byte(rig: Rig) -> None:
    rig.settings = Settings(bounds=Bounds(download_bytes=100_002))
    with pytest.raises(RefusedError, match=r"s3://bucket/a\.bin"):
        rig.fetch()
    assert not rig.sink.offsets


@pytest.mark.usefixtures("small_parts")
def test_large_object_comes_in_parts(rig: Rig) -> None:
    rig.fetch()
    assert rig.sink.data == CONTENT
    ranges = sorted((a.start, a.stop or 0) for a in rig.store.asked[1:])
    assert ranges == [
        (s, min(s + 10_000, 100_003)) for s in range(10_000, 100_003, 10_000)
    ]
    assert {a.match for a in rig.store.asked[1:]} == {Validator(etag='"0"')}
    assert rig.progress.size_bytes == len(CONTENT)


@pytest.mark.usefixtures("small_parts")
def test_every_part_goes_on_by_itself(rig: Rig) -> None:
    rig.store.mishaps = deque([None, *[cut(3_000)] * 12])
    rig.fetch()
    assert rig.sink.data == CONTENT
    assert rig.progress.size_bytes == len(CONTENT)


@pytest.mark.usefixtures("small_parts")
def test_change_among_the_parts_starts_all_again(rig: Rig) -> None:
    overwrite = Mishap(act=lambda: rig.store.replace(CONTENT[::-1]))
    rig.store.mishaps = deque([None, None, None, overwrite])
    rig.fetch()
    assert rig.sink.data == CONTENT[::-1]


@pytest.mark.usefixtures("small_parts")
def test_part_that_fails_ends_the_others(rig: Rig) -> None:
    before = threading.active_count()
    rig.store.mishaps = deque([None, *[cut(0)] * 500])
    with pytest.raises(NetworkError):
        rig.fetch()
    assert threading.active_count() == before
    assert len(rig.store.asked) < 60


@pytest.mark.usefixtures("small_parts")
def test_one_job_means_one_connection(rig: Rig) -> None:
    rig.settings = Settings(jobs=1)
    rig.fetch()
    assert rig.sink.data == CONTENT
    assert len(rig.store.asked) == 1


@pytest.mark.usefixtures("small_parts")
def test_threads_for_parts_are_bounded_by_jobs(rig: Rig) -> None:
    rig.settings = Settings(jobs=3)
    busy, most, lock = 0, 0, threading.Lock()
    meet = threading.Barrier(3, timeout=10)

    def enter() -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        meet.wait()
        with lock:
            busy -= 1

    rig.store.mishaps = deque([None, *[Mishap(act=enter)] * 9])
    rig.store.content = CONTENT[:100_000]
    rig.fetch()
    assert most == 3


class _Zeros(MemoryStore):
    """So many zeros, in the largest pieces that there may be."""

    def _chunks(self, content: bytes, mishap: Mishap) -> Iterator[bytes]:  # noqa: ARG002 - zeros need neither
        start, stop = self.asked[-1].start, self.asked[-1].stop or len(self.content)
        for _ in range(start, stop, CHUNK_BYTES):
            yield bytes(CHUNK_BYTES)


class _Zero(bytes):
    """Claims to be two gigabytes."""

    def __len__(self) -> int:
        return 2 * 2**30


@pytest.mark.parametrize("is_slow", [False, True])
def test_two_gigabytes_take_little_memory(
    monkeypatch: pytest.MonkeyPatch, *, is_slow: bool
) -> None:
    monkeypatch.setattr(pulling._Speed, "is_low", lambda *_: is_slow)
    rig = Rig(_Zeros(content=_Zero()), settings=Settings(jobs=16))
    monkeypatch.setattr(rig.sink, "write_at", lambda *_: None)
    tracemalloc.start()
    try:
        assert rig.fetch().size_bytes == 2 * 2**30
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rig.progress.size_bytes == 2 * 2**30
    assert peak_bytes < 24 * MIB
    assert (len(rig.store.asked) > 60) is is_slow


def test_quick_connection_is_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "PART_BYTES", 10_000)
    monkeypatch.setattr(pulling, "PARALLEL_BYTES", 50_000)
    rig.fetch()
    assert rig.sink.data == CONTENT
    assert len(rig.store.asked) == 1


def test_slow_connection_is_told_by_the_time_waited_for_it() -> None:
    now_s = 0.0

    def chunks(wait_s: float) -> Iterator[bytes]:
        nonlocal now_s
        for _ in range(4):
            now_s += wait_s
            yield b"x"

    def is_low(wait_s: float) -> bool:
        nonlocal now_s
        speed = pulling._Speed(lambda: now_s)
        for _ in speed.watch(chunks(wait_s)):
            now_s += 100.0
        assert not speed.is_low(parts.PART_BYTES - 1)
        return speed.is_low(parts.PART_BYTES)

    assert is_low(0.05)
    assert not is_low(0.03)


def packed(rig: Rig, content: bytes = CONTENT, encoding: str = "gzip") -> bytes:
    data = gzip.compress(content) if encoding == "gzip" else zlib.compress(content)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    rig.store.content = data
    rig.store.info = ObjectInfo(
        key="a", size_bytes=0, encoding=encoding, checksums={"md5": md5}
    )
    return data


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_object_stored_packed_is_unpacked(rig: Rig, encoding: str) -> None:
    packed(rig, encoding=encoding)
    rig.store.mishaps = deque([cut(1_234), cut(5)])
    fetched = rig.fetch()
    assert rig.sink.data == CONTENT
    assert fetched.size_bytes == len(CONTENT)
    assert fetched.checksums == {}


def test_object_of_unknown_encoding_is_kept_as_stored(rig: Rig) -> None:
    rig.store.info = replace(rig.store.info, encoding="br")
    rig.fetch()
    assert rig.sink.data == CONTENT


@pytest.mark.usefixtures("small_parts")
def test_packed_object_comes_in_order(rig: Rig) -> None:
    packed(rig)
    rig.fetch()
    assert rig.sink.data == CONTENT
    assert rig.sink.offsets == sorted(rig.sink.offsets)


@pytest.mark.parametrize("at", [-1, 500])
def test_byte_flipped_once_in_packed_data_is_had_again(rig: Rig, at: int) -> None:
    data = packed(rig)
    flipped = bytearray(data)
    flipped[at] ^= 1
    rig.store.content = bytes(flipped)

    def repair() -> None:
        rig.store.content = data

    rig.store.mishaps = deque([None, Mishap(act=repair)])
    rig.fetch()
    assert rig.sink.data == CONTENT


def test_packed_data_that_stay_damaged_are_an_error(rig: Rig) -> None:
    rig.store.content = packed(rig)[:-1]
    with pytest.raises(IntegrityError, match="damaged"):
        rig.fetch()
    assert len(rig.store.asked) == 2


def test_packed_bomb_is_bounded(rig: Rig) -> None:
    packed(rig, bytes(10 * MIB))
    rig.settings = Settings(bounds=Bounds(download_bytes=MIB))
    with pytest.raises(RefusedError):
        rig.fetch()
    assert len(rig.sink.data) <= MIB


def test_each_bucket_has_one_store_with_settings_of_its_own() -> None:
    opened: list[tuple[str, str | None]] = []

    def open_store(settings: Settings, bucket: str) -> Store:
        opened.append((bucket, settings.s3.endpoint_url))
        return MemoryStore(content=b"")

    own = BucketSettings(s3=S3Settings(endpoint_url="http://127.0.0.1:1"))
    settings = Settings(buckets={"mine": own})
    services = Services(settings=settings, connect=no_server)
    source = BucketSource(services, open_store)
    assert source.store("mine") is source.store("mine")
    source.store("other")
    assert opened == [("mine", "http://127.0.0.1:1"), ("other", None)]


def test_nothing_is_found_without_the_network(rig: Rig) -> None:
    assert rig.source().find(LOCATOR) is None  # type: ignore[func-returns-value]
