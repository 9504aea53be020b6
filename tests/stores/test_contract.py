"""What every Store promises, whatever is behind it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from stores.places import STORES, Place, place_of, read, site_of

from ls_tools.digests import new_digest
from ls_tools.errors import DeadlineError, IntegrityError, NotFoundError
from ls_tools.sources.buckets.fast import FastFirst
from ls_tools.sources.buckets.protocol import CHUNK_BYTES
from ls_tools.transport.retrying import TransientError
from services.buckets import S3Site
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Cut, Refuse, Reset, Stall, Status

CONTENT = bytes(range(256)) * 4096
NAMES = [
    "plain.png",
    "a b.png",
    "é/日本.png",
    "50%.png",
    "a%20b.png",
    "a#b.png",
    "what?.png",
    "a+b&c=d;e.png",
    "deep/er/'quoted' (1).png",
]
# fake-gcs-server heeds no condition; what is sent to Google is checked in test_gcs.py.
CONDITIONAL = ["s3", "s3 fast", "azure"]
SDKS = ["s3", "gcs", "azure"]


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest) -> Place:
    site = site_of(request.param, request)
    return place_of(request.param, site, site.new_bucket())


StartBefore = Callable[..., tuple[Place, FaultProxy]]


@pytest.fixture
def start_before(store_proxy: StartProxy) -> StartBefore:
    """Starts a proxy before a place; gives the place as seen through it, and it."""

    def start(place: Place, **changes: float) -> tuple[Place, FaultProxy]:
        proxy = store_proxy(place.site.url)
        site = place.site.at(proxy.url)
        return place_of(place.kind, site, place.bucket, **changes), proxy

    return start


def test_whole_object_comes_with_its_size(place: Place) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"))
    assert body is not None
    assert (body.start, body.info.size_bytes) == (0, len(CONTENT))
    assert body.info.key == "a"
    assert read(body) == CONTENT


@pytest.mark.parametrize("stop", [None, 100])
def test_empty_object_is_no_error(place: Place, stop: int | None) -> None:
    place.put("empty", b"")
    body = place.store.get(place.name("empty"), stop=stop)
    assert body is not None
    assert body.info.size_bytes == 0
    assert read(body) == b""


def test_pieces_are_small(place: Place) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"))
    assert body is not None
    assert max(map(len, body.chunks)) <= CHUNK_BYTES


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (1, 10), (1000, 1_000_000), (2**20 - 1, None), (5, None), (7, 10**9)],
)
def test_range_is_the_one_asked_for(place: Place, start: int, stop: int | None) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"), start=start, stop=stop)
    assert body is not None
    assert (body.start, body.info.size_bytes) == (start, len(CONTENT))
    assert "md5" in body.info.checksums
    assert read(body) == CONTENT[start:stop]


def test_start_past_the_end_means_that_the_object_changed(place: Place) -> None:
    place.put("a", b"short")
    with pytest.raises(IntegrityError, match="shorter"):
        place.store.get(place.name("a"), start=100)


@pytest.mark.parametrize("key", NAMES)
def test_name_is_taken_as_it_stands(place: Place, key: str) -> None:
    place.put(key, key.encode())
    assert read(place.store.get(place.name(key))) == key.encode()
    [listed] = place.store.list(place.bucket, key)
    assert (listed.key, listed.size_bytes) == (key, len(key.encode()))


def test_checksums_are_those_of_the_object(place: Place) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"))
    assert body is not None
    body.close()
    assert body.info.checksums["md5"] == hashlib.md5(CONTENT).hexdigest()  # noqa: S324
    for algorithm, told in body.info.checksums.items():
        digest = new_digest(algorithm)
        digest.update(CONTENT)
        assert digest.hexdigest() == told, algorithm


def test_every_version_has_a_validator_of_its_own(place: Place) -> None:
    validators = []
    for content in (b"one", b"two"):
        place.put("a", content)
        body = place.store.get(place.name("a"))
        assert read(body) == content
        assert body is not None
        assert body.info.validator
        validators.append(body.info.validator)
    assert validators[0] != validators[1]


@pytest.mark.parametrize("place", CONDITIONAL, indirect=True)
def test_object_that_is_still_the_same_is_not_sent(place: Place) -> None:
    place.put("a", b"one")
    body = place.store.get(place.name("a"))
    assert body is not None
    body.close()
    validator = body.info.validator
    assert place.store.get(place.name("a"), unless=validator) is None
    place.put("a", b"two!")
    assert read(place.store.get(place.name("a"), unless=validator)) == b"two!"


@pytest.mark.parametrize("place", CONDITIONAL, indirect=True)
def test_another_version_is_not_taken_for_the_one_begun(place: Place) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"))
    assert body is not None
    body.close()
    same = place.store.get(place.name("a"), start=5, match=body.info.validator)
    assert read(same) == CONTENT[5:]
    place.put("a", CONTENT[::-1])
    with pytest.raises(IntegrityError):
        read(place.store.get(place.name("a"), start=5, match=body.info.validator))


def test_object_that_went_under_way_is_no_longer_the_one_begun(place: Place) -> None:
    place.put("a", CONTENT)
    body = place.store.get(place.name("a"))
    assert body is not None
    body.close()
    with pytest.raises(IntegrityError):
        place.store.get(place.name("gone"), start=5, match=body.info.validator)


@pytest.mark.parametrize("kind", ["s3", "s3 fast"])
def test_old_version_is_had_by_its_id(
    request: pytest.FixtureRequest, kind: str
) -> None:
    site = site_of(kind, request)
    assert isinstance(site, S3Site)
    place = place_of(kind, site, site.new_bucket(is_versioned=True))
    versions = [place.put("a", content) for content in (b"one", b"two")]
    for version, content in zip(versions, (b"one", b"two"), strict=True):
        body = place.store.get(place.name("a", version))
        assert body is not None
        assert body.info.validator.version == version
        assert read(body) == content
    with pytest.raises(NotFoundError, match="version"):
        place.store.get(place.name("a", "0" * 32))


@pytest.mark.parametrize("place", ["gcs", "gcs fast"], indirect=True)
def test_current_generation_is_had_by_its_number(place: Place) -> None:
    version = place.put("a", b"one")
    body = place.store.get(place.name("a", version))
    assert body is not None
    assert body.info.validator.version == version
    assert read(body) == b"one"
    with pytest.raises(NotFoundError, match="version"):
        place.store.get(place.name("a", "12345"))


def test_missing_object_is_named(place: Place) -> None:
    place.put("there", b"1")
    name = place.name("not there.png")
    with pytest.raises(NotFoundError) as caught:
        place.store.get(name)
    assert name.canonical in str(caught.value)


def test_missing_bucket_is_named(place: Place) -> None:
    name = place.name("a", bucket="ls-tools-no-such-bucket")
    other = place_of(place.kind, place.site, name.bucket)
    with pytest.raises(NotFoundError, match="ls-tools-no-such-bucket"):
        other.store.get(name)
    with pytest.raises(NotFoundError, match="ls-tools-no-such-bucket"):
        list(other.store.list(name.bucket, ""))


def test_only_the_prefix_is_listed_and_in_order(place: Place) -> None:
    keys = ["b/2", "b/10", "b/é", "b/a b", "bb/1", "c"]
    for key in keys:
        place.put(key, key.encode())
    listed = [item.key for item in place.store.list(place.bucket, "b/")]
    assert listed == sorted(keys[:4], key=str.encode)
    assert list(place.store.list(place.bucket, "nothing")) == []


@pytest.mark.parametrize(
    ("kind", "count"), [("s3", 1003), ("gcs", 1003), ("azure", 5003)]
)
@pytest.mark.slow
def test_all_pages_are_listed(
    request: pytest.FixtureRequest, kind: str, count: int
) -> None:
    site = site_of(kind, request)
    place = place_of(kind, site, site.new_bucket())
    keys = [f"n/{number:05}" for number in range(count)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(place.put, content=b"1"), keys))
    assert [item.key for item in place.store.list(place.bucket, "n/")] == keys


def test_answer_may_be_dropped_at_any_time(place: Place) -> None:
    place.put("a", CONTENT)
    for pieces in (0, 1):
        body = place.store.get(place.name("a"))
        assert body is not None
        for _ in range(pieces):
            next(iter(body.chunks))
        body.close()
    assert read(place.store.get(place.name("a"))) == CONTENT


@pytest.mark.parametrize("place", SDKS, indirect=True)
@pytest.mark.parametrize(
    "fault", [Cut(after_bytes=300_000), Reset(after_bytes=300_000)]
)
def test_what_came_before_a_cut_is_given(
    place: Place, start_before: StartBefore, fault: Cut
) -> None:
    place.put("a", CONTENT)
    other, proxy = start_before(place)
    proxy.plan(fault)
    body = other.store.get(place.name("a"))
    assert body is not None
    got = bytearray()
    with suppress(TransientError):
        for chunk in body.chunks:
            got += chunk
    assert len(got) < len(CONTENT)
    assert CONTENT.startswith(bytes(got))
    if isinstance(fault, Cut):
        assert len(got) == 300_000


def test_stall_ends_with_the_read_timeout(
    place: Place, start_before: StartBefore
) -> None:
    place.put("a", CONTENT)
    other, proxy = start_before(place, read_timeout_s=1)
    proxy.plan(Stall(after_bytes=10), times=9)
    with pytest.raises(TransientError) as caught:
        read(other.store.get(place.name("a")))
    assert isinstance(caught.value.error, DeadlineError)


def test_store_that_finds_everything_past_the_end_is_asked_no_more(
    place: Place, start_before: StartBefore
) -> None:
    place.put("a", CONTENT)
    other, proxy = start_before(place)
    proxy.plan(Status(code=416), times=99)
    with pytest.raises(IntegrityError):
        other.store.get(place.name("a"), stop=10)
    assert len(proxy.seen()) <= 3


def test_forked_process_has_connections_of_its_own(place: Place) -> None:
    place.put("a", CONTENT)
    assert read(place.store.get(place.name("a"))) == CONTENT
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if read(place.store.get(place.name("a"))) == CONTENT else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert read(place.store.get(place.name("a"))) == CONTENT


def test_threads_do_not_get_in_each_others_way(place: Place) -> None:
    for number in range(8):
        place.put(f"{number}", bytes([number]) * 100_000)

    def fetch(number: int) -> bytes:
        return read(place.store.get(place.name(f"{number}")))

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(fetch, [*range(8)] * 4))
    assert got == [bytes([number]) * 100_000 for number in range(8)] * 4


def test_store_that_does_not_answer_is_worth_another_try(
    place: Place, start_before: StartBefore
) -> None:
    place.put("a", CONTENT)
    other, proxy = start_before(place)
    proxy.plan(Refuse(), times=4)
    with pytest.raises(TransientError):
        other.store.get(place.name("a"))
    proxy.clear()
    assert read(other.store.get(place.name("a"))) == CONTENT


@pytest.mark.parametrize("place", ["s3 fast", "gcs fast"], indirect=True)
def test_fast_store_is_the_fast_one(place: Place) -> None:
    place.put("a", CONTENT)
    assert isinstance(place.store, FastFirst)
    assert read(place.store.get(place.name("a"))) == CONTENT
    assert place.store.is_fast
