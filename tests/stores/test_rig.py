"""The promises of the rig itself: the stores, their credentials, faults before them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from services import supervise
from services.buckets import AzureSite, BucketSite, GcsSite, S3Site
from services.emulators import start
from services.fault_proxy import StartProxy
from services.faults import Status

KEYS = ["a.png", "deep/er/a b.png", "é/日本.png", "50%.png", "a#b?c&d+e.png"]


@pytest.fixture(params=["s3", "moto", "gcs", "azure"])
def store(request: pytest.FixtureRequest) -> BucketSite:
    name = request.param if request.param == "moto" else f"{request.param}_store"
    site: BucketSite = request.getfixturevalue(name)
    return site


def read(store: BucketSite, bucket: str, key: str) -> bytes:
    if isinstance(store, S3Site):
        return store.client().get_object(Bucket=bucket, Key=key)["Body"].read()
    if isinstance(store, GcsSite):
        return bytes(store.client().bucket(bucket).blob(key).download_as_bytes())
    assert isinstance(store, AzureSite)
    with store.client() as client:
        return bytes(client.get_blob_client(bucket, key).download_blob().readall())


@pytest.mark.parametrize("key", KEYS)
def test_store_gives_back_what_was_put(store: BucketSite, key: str) -> None:
    bucket = store.new_bucket()
    store.put(bucket, key, key.encode())
    assert read(store, bucket, key) == key.encode()


def test_store_is_reached_through_a_proxy(
    store: BucketSite, store_proxy: StartProxy
) -> None:
    bucket = store.new_bucket()
    proxy = store_proxy(store.url)
    through = store.at(proxy.url)
    through.put(bucket, "a b é.png", b"bytes")
    assert read(through, bucket, "a b é.png") == b"bytes"
    assert proxy.seen()


def test_fault_before_a_store_is_met(s3_store: S3Site, store_proxy: StartProxy) -> None:
    bucket = s3_store.new_bucket()
    s3_store.put(bucket, "a", b"bytes")
    proxy = store_proxy(s3_store.url)
    proxy.plan(Status(code=503), target=bucket, times=1)
    assert read(s3_store.at(proxy.url), bucket, "a") == b"bytes"
    assert (proxy.unused, len(proxy.seen(bucket))) == (0, 2)


def test_versions_are_kept(s3_store: S3Site) -> None:
    bucket = s3_store.new_bucket(is_versioned=True)
    first, second = (s3_store.put(bucket, "a", body) for body in (b"one", b"two"))
    assert first
    assert first != second
    old = s3_store.client().get_object(Bucket=bucket, Key="a", VersionId=first)
    assert old["Body"].read() == b"one"


def test_public_bucket_may_be_read_by_anybody(s3_store: S3Site) -> None:
    requests = pytest.importorskip("requests")
    public, private = s3_store.new_bucket(is_public=True), s3_store.new_bucket()
    for bucket, status in ((public, 200), (private, 403)):
        s3_store.put(bucket, "a", b"bytes")
        answer = requests.get(f"{s3_store.url}/{bucket}/a", timeout=10)
        assert answer.status_code == status


def test_objects_in_parts_have_no_digest(
    s3_store: S3Site, azure_store: AzureSite
) -> None:
    content = bytes(6 * 2**20)
    bucket, container = s3_store.new_bucket(), azure_store.new_bucket()
    s3_store.put_in_parts(bucket, "a", content)
    azure_store.put_in_blocks(container, "a", content)
    etag = s3_store.client().head_object(Bucket=bucket, Key="a")["ETag"]
    assert etag.endswith('-2"')
    with azure_store.client() as client:
        properties = client.get_blob_client(container, "a").get_blob_properties()
    assert properties.content_settings.content_md5 is None


def test_there_is_room_for_many_buckets(s3_store: S3Site) -> None:
    for _ in range(30):
        s3_store.put(s3_store.new_bucket(), "a", b"bytes")


def test_several_stores_run_side_by_side(
    s3_store: S3Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = start("s3", tmp_path_factory.mktemp("other"))
    try:
        assert other.site["url"] != s3_store.url
        S3Site(**other.site).new_bucket()
    finally:
        other.daemon.stop()


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL"])
def test_store_ends_with_the_process_that_started_it(ending: str) -> None:
    supervised = subprocess.Popen(
        [sys.executable, supervise.__file__, ending, "sleep", "600"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert supervised.stdin
    begin = time.monotonic()
    supervised.stdin.close()
    assert supervised.wait(30) != 0
    assert time.monotonic() - begin < 10
