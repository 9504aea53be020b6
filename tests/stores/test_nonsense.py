"""Stores whose answers make no sense are errors: never a crash, never a wrong file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from stores.memory import MemorySink
from stores.places import STORES, Place, place_of, settings_of, site_of

from ls_tools.errors import NetworkError, ServerError
from ls_tools.locator import parse_reference
from ls_tools.locator.places import parse_place
from ls_tools.pacing import Pace
from ls_tools.settings import Settings
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.prefixes import Bucket
from ls_tools.sources.buckets.protocol import ObjectInfo
from ls_tools.sources.protocol import Services
from ls_tools.transport.retrying import RetryPolicy, TransientError
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import ClaimLength, Status

NAMELESS = {
    "s3": b"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
    "gcs": b'{"items": [{"size": 1}]}',
    "azure": b"<EnumerationResults><Blobs><Blob/></Blobs></EnumerationResults>",
}
SIZELESS = {
    "s3": b"<ListBucketResult><Contents><Key>a</Key><Size>a</Size></Contents>"
    b"</ListBucketResult>",
    "gcs": b'{"items": [{"name": "a", "size": 1e999}]}',
    "azure": b"<EnumerationResults><Blobs><Blob><Name>a</Name><Properties>"
    b"<Content-Length>a</Content-Length></Properties></Blob></Blobs>"
    b"</EnumerationResults>",
}
ENDLESS = {
    "s3": b"<ListBucketResult><IsTruncated>true</IsTruncated>"
    b"<NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
    "gcs": json.dumps({"items": [], "nextPageToken": "t"}).encode(),
    "azure": b"<EnumerationResults><Blobs/><NextMarker>t</NextMarker>"
    b"</EnumerationResults>",
}
"""A page that names itself as the next one."""
SDKS = tuple(NAMELESS)
XML = {"Content-Type": "application/xml"}


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def before(
    request: pytest.FixtureRequest, kind: str, store_proxy: StartProxy
) -> tuple[Place, FaultProxy]:
    """A place seen through a proxy, and the proxy."""
    site = site_of(kind, request)
    bucket = site.new_bucket()
    site.put(bucket, "a", b"content" * 1000)
    proxy = store_proxy(site.url)
    return place_of(kind, site.at(proxy.url), bucket), proxy


# What boto3 makes nothing of it leaves to the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("length", [None, -5, "abc", "\xb2", "9" * 5000])
def test_object_without_a_size_is_no_empty_object(
    before: tuple[Place, FaultProxy], length: int | str | None
) -> None:
    place, proxy = before
    proxy.plan(ClaimLength(length=length), times=50)
    settings = settings_of(place.kind, place.site, retry_attempts=2)
    services = Services(settings=settings, connect=lambda: None)  # type: ignore[arg-type,return-value]
    source = BucketSource(services, lambda *_: place.store)
    sink = MemorySink()
    reference = place.site.reference(place.bucket, "a")
    with pytest.raises(NetworkError, match=place.bucket):
        source.fetch(parse_reference(reference, origin=None), sink, validator=None)


@pytest.mark.parametrize("kind", SDKS, indirect=True)
@pytest.mark.parametrize("pages", [NAMELESS, SIZELESS, dict.fromkeys(SDKS, b"\xff<")])
def test_listing_without_sense_is_an_error(
    before: tuple[Place, FaultProxy], kind: str, pages: dict[str, bytes]
) -> None:
    place, proxy = before
    proxy.plan(Status(code=200, content=pages[kind], extra=XML))
    with pytest.raises(TransientError):
        list(place.store.list(place.bucket, ""))


@pytest.mark.parametrize("kind", SDKS, indirect=True)
def test_listing_whose_next_page_is_itself_ends(
    before: tuple[Place, FaultProxy], kind: str
) -> None:
    place, proxy = before
    proxy.plan(Status(code=200, content=ENDLESS[kind], extra=XML), times=4)
    with pytest.raises(TransientError):
        list(place.store.list(place.bucket, ""))


@dataclass
class ListedStore:
    """A store of which one listing after the other is told; None fails."""

    listings: list[list[ObjectInfo | None]]

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        del bucket, prefix
        for info in self.listings.pop(0):
            if info is None:
                raise TransientError(NetworkError("It broke.", hint=""))
            yield info


def listed(*listings: str) -> list[str]:
    """The keys that come of listings written ``a b !``, where ``!`` is a failure."""
    infos = [
        [None if key == "!" else ObjectInfo(key=key, size_bytes=1) for key in keys]
        for keys in map(str.split, listings)
    ]
    retry = RetryPolicy.of(Settings(), sleep=lambda _: None)
    store: Any = ListedStore(infos)
    bucket = Bucket(store, store, retry, Pace(1))
    place = parse_place("s3://bucket/x")
    return [info.key for info in bucket.list(place)]


def test_listing_in_any_order_is_complete() -> None:
    """Directory buckets of S3 list in no order."""
    assert listed("xb xa xc") == ["xb", "xa", "xc"]


def test_listing_in_order_goes_on_after_a_failure() -> None:
    assert listed("xa xb !", "xa xb xc") == ["xa", "xb", "xc"]


def test_listing_without_order_does_not_go_on_after_a_failure() -> None:
    with pytest.raises(NetworkError):
        listed("xb xa !", "xb xa xc")


@pytest.mark.parametrize("key", ["y", "/x", "../x", "x\ud800"])
def test_listing_of_what_is_elsewhere_is_an_error(key: str) -> None:
    with pytest.raises(ServerError, match="bucket/x"):
        listed(f"xa {key}")


@pytest.mark.parametrize("kind", ["azure"], indirect=True)
@pytest.mark.parametrize(
    ("code", "extra", "content"),
    [
        (206, {"Content-Range": "bytes 9-18/1000000"}, b"0" * 10),
        (206, {"Content-Range": "bytes 0-0/1000000"}, b""),
        (206, {"Content-Range": "bytes 0-9/1000000"}, b"0" * 3_000_000),
    ],
)
def test_piece_that_was_not_asked_for_is_an_error(
    before: tuple[Place, FaultProxy], code: int, extra: dict[str, str], content: bytes
) -> None:
    place, proxy = before
    whole = {**XML, "ETag": '"e"', "Content-Length": "1000000"}
    proxy.plan(Status(code=200, extra=whole, content=b"0"))
    proxy.plan(Status(code=code, extra={"ETag": '"e"', **extra}, content=content))
    with pytest.raises(TransientError, match="no sense"):
        place.store.get(place.name("a"))
