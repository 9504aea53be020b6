"""The stores on obstore: only where their answers can be checked, else the SDK."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from stores.memory import MemorySink
from stores.places import read, settings_of

from ls_tools.cache import Cache, CacheRequest
from ls_tools.errors import (
    CredentialsRejectedError,
    DeadlineError,
    IntegrityError,
    MissingCredentialsError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
)
from ls_tools.locator import parse_reference
from ls_tools.settings import GcsSettings, S3Settings, Settings
from ls_tools.sources.buckets import fast, fast_stores
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.fast import FastFirst
from ls_tools.sources.buckets.fast_stores import fast_gcs_store, fast_s3_store
from ls_tools.sources.buckets.gcs import GcsStore
from ls_tools.sources.buckets.protocol import ObjectName
from ls_tools.sources.buckets.s3 import S3Store
from ls_tools.sources.protocol import Services
from ls_tools.transfer import Fetched
from ls_tools.transport.retrying import TransientError
from services.buckets import S3Site
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Corrupt, Cut, Delay, Fault, Refuse, Reset, Stall, Status

pytest.importorskip("obstore")
pytest.importorskip("boto3")

CONTENT = bytes(range(256)) * 6000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@dataclass
class Place:
    """A bucket, the proxy before it, and what is tested."""

    site: S3Site
    bucket: str
    proxy: FaultProxy

    def settings(self, **changes: Any) -> Settings:
        site = self.site.at(self.proxy.url)
        given = {"retry_attempts": 3, "read_timeout_s": 1, **changes}
        return settings_of("s3", site, **given)

    def store(self, **changes: Any) -> FastFirst:
        store = fast_s3_store(self.settings(**changes), self.bucket)
        assert isinstance(store, FastFirst)
        return store

    def name(self, key: str = "a", version: str | None = None) -> ObjectName:
        canonical = self.site.reference(self.bucket, key, version)
        return ObjectName(
            bucket=self.bucket, key=key, version=version, canonical=canonical
        )

    def source(self, store: FastFirst) -> BucketSource:
        services = Services(settings=self.settings(), connect=lambda: None)  # type: ignore[arg-type,return-value]
        return BucketSource(services, lambda *_: store)

    def fetch(self, sink: MemorySink, store: FastFirst | None = None) -> Fetched:
        reference = self.site.reference(self.bucket, "a")
        locator = parse_reference(reference, origin=None)
        source = self.source(store or self.store())
        return source.fetch(locator, sink, validator=None)

    def cached(self, folder: Path, store: FastFirst) -> bytes:
        """The object through a cache, which checks the digests."""
        request = CacheRequest(
            key="0" * 32, file_name="a", reference="s3://bucket/a", source="s3"
        )
        outcome = Cache(folder).get(request, lambda sink, _: self.fetch(sink, store))  # type: ignore[arg-type]
        return outcome.entry.path.read_bytes()

    @property
    def askers(self) -> list[str]:
        """Who sent the requests so far: ``obstore`` or ``sdk``."""
        agents = [seen.headers["user-agent"] for seen in self.proxy.seen()]
        return ["obstore" if "object_store" in agent else "sdk" for agent in agents]


@pytest.fixture
def place(s3_credentials: S3Site, store_proxy: StartProxy) -> Place:
    proxy = store_proxy(s3_credentials.url)
    place = Place(s3_credentials, s3_credentials.new_bucket(), proxy)
    place.site.put(place.bucket, "a", CONTENT)
    return place


def test_object_with_an_md5_comes_through_obstore(place: Place) -> None:
    body = place.store().get(place.name())
    assert body is not None
    assert body.info.checksums == {"md5": MD5}
    assert body.info.validator.etag == f'"{MD5}"'
    assert read(body) == CONTENT
    assert place.askers == ["obstore"]


def test_both_stores_say_the_same_of_an_object(place: Place) -> None:
    told = [store.get(place.name()) for store in (place.store(), place.store()._sdk)]
    fast_one, sdk_one = (body.info for body in told if body)
    assert fast_one.validator == sdk_one.validator
    assert fast_one.content_type == sdk_one.content_type
    assert fast_one.size_bytes == sdk_one.size_bytes
    assert sdk_one.checksums.items() >= fast_one.checksums.items()


def test_upload_in_parts_is_left_to_the_sdk(place: Place) -> None:
    content = os.urandom(6 * 2**20)
    place.site.put_in_parts(place.bucket, "parts", content)
    store = place.store()
    assert read(store.get(place.name("parts"))) == content
    assert place.askers == ["obstore", "sdk"]
    assert store.is_fast


def test_bucket_without_any_md5_is_left_to_the_sdk_for_good(place: Place) -> None:
    useless = Status(code=200, content=b"1", extra={"ETag": '"5-2"'})
    store = place.store()
    for _ in range(fast.MOST_MISSES):
        place.proxy.plan(useless)
        assert read(store.get(place.name())) == CONTENT
    assert not store.is_fast
    place.proxy.clear()
    read(store.get(place.name()))
    assert place.askers == ["sdk"]


def test_missing_objects_do_not_speak_against_obstore(place: Place) -> None:
    store = place.store()
    for _ in range(fast.MOST_MISSES + 1):
        with pytest.raises(NotFoundError, match="missing"):
            store.get(place.name("missing"))
    assert store.is_fast


@pytest.mark.parametrize("key", ["a//b", "/a", "a/", "tab\t", "a\x7f"])
def test_name_that_obstore_would_change_is_left_to_the_sdk(
    place: Place, key: str
) -> None:
    place.proxy.plan(Status(code=404), times=9)
    with pytest.raises(NotFoundError):
        place.store().get(place.name(key))
    assert place.askers == ["sdk"]


@pytest.mark.parametrize("key", ["a/./b", ".."])
def test_name_that_leads_elsewhere_is_not_asked_for(place: Place, key: str) -> None:
    with pytest.raises(RefusedError):
        place.store().get(place.name(key))
    assert not place.proxy.seen()


def test_version_is_left_to_the_sdk(place: Place) -> None:
    place.proxy.plan(Status(code=404))
    with pytest.raises(NotFoundError):
        place.store().get(place.name(version="1"))
    assert place.askers == ["sdk"]


@pytest.mark.parametrize(
    "fault", [Cut(after_bytes=900_000), Reset(after_bytes=900_000), Refuse()]
)
def test_download_goes_on_after_a_fault(place: Place, fault: Fault) -> None:
    place.proxy.plan(fault, times=2)
    sink = MemorySink()
    place.fetch(sink)
    assert sink.data == CONTENT


def test_stall_ends_at_the_read_timeout(place: Place) -> None:
    place.proxy.plan(Stall(after_bytes=900_000))
    sink = MemorySink()
    place.fetch(sink)
    assert sink.data == CONTENT
    assert "sdk" not in place.askers


def test_store_that_never_answers_is_asked_once_per_try(place: Place) -> None:
    place.proxy.plan(Delay(seconds=5), times=9)
    with pytest.raises(DeadlineError, match=r"s3://"):
        place.fetch(MemorySink())
    assert place.askers == ["obstore"] * 3


def test_throttling_is_told_and_asked_once(place: Place) -> None:
    content = b"<Error><Code>SlowDown</Code><Message>secret</Message></Error>"
    place.proxy.plan(Status(code=503, content=content), times=9)
    with pytest.raises(TransientError) as caught:
        place.store().get(place.name())
    assert caught.value.is_throttled
    assert isinstance(caught.value.error, ServerError)
    assert "SlowDown" in str(caught.value.error)
    assert "secret" not in str(caught.value.error)
    assert place.askers == ["obstore"]


def test_overwritten_object_is_not_mixed(place: Place) -> None:
    store = place.store()
    body = store.get(place.name())
    assert body is not None
    body.close()
    place.site.put(place.bucket, "a", CONTENT[::-1])
    with pytest.raises(IntegrityError):
        store.get(place.name(), start=5, stop=9, match=body.info.validator)


def test_byte_flipped_once_is_had_again(place: Place, tmp_path: Path) -> None:
    store = place.store()
    place.proxy.plan(Corrupt(at_byte=10))
    assert place.cached(tmp_path, store) == CONTENT
    assert place.askers == ["obstore", "sdk"]
    assert store.is_fast


def test_byte_that_is_always_flipped_is_an_error(place: Place, tmp_path: Path) -> None:
    place.proxy.plan(Corrupt(at_byte=10), times=2)
    with pytest.raises(IntegrityError):
        place.cached(tmp_path, place.store())


def test_etag_that_only_looks_like_an_md5_is_found_out(
    place: Place, tmp_path: Path
) -> None:
    """As those of objects that AWS encrypts with a key of its customer."""
    extra = {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}
    place.proxy.plan(Status(code=200, content=CONTENT, extra=extra), times=2)
    store = place.store()
    assert place.cached(tmp_path, store) == CONTENT
    assert place.askers == ["obstore", "sdk"]
    assert not store.is_fast


def test_refusal_is_explained_by_the_sdk(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    with pytest.raises(CredentialsRejectedError, match="SignatureDoesNotMatch"):
        place.store().get(place.name())


def test_missing_credentials_are_explained_by_the_sdk(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in place.site.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with pytest.raises(MissingCredentialsError):
        place.store().get(place.name())
    assert not place.proxy.seen()


def test_store_out_of_reach_is_explained_by_the_sdk(place: Place) -> None:
    place.proxy.close()
    with pytest.raises(NetworkError, match="refuses connections"):
        place.fetch(MemorySink())


def test_variables_that_obstore_reads_change_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    monkeypatch.setenv("AWS_BUCKET", "other")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert read(place.store().get(place.name())) == CONTENT
    assert place.askers == ["obstore"]
    assert "/us-east-1/" in place.proxy.seen()[0].headers["authorization"]


def test_public_bucket_is_read_without_credentials(place: Place) -> None:
    place.bucket = place.site.new_bucket(is_public=True)
    place.site.put(place.bucket, "a", CONTENT)
    s3 = S3Settings(endpoint_url=place.proxy.url, anonymous=True)
    assert read(place.store().get(place.name())) == CONTENT
    place.proxy.clear()
    store = fast_s3_store(place.settings().evolve(s3=s3), place.bucket)
    assert read(store.get(place.name())) == CONTENT
    assert place.askers == ["obstore"]
    assert "authorization" not in place.proxy.seen()[0].headers


@pytest.mark.parametrize(
    "changes",
    [
        {"verify": False},
        {"verify": "/ca.pem"},
        {"client_cert": "/cert.pem"},
        {"proxies": {"https": "http://proxy"}},
        {"network": "public"},
        {"network": "allow-list"},
        {"s3": S3Settings(requester_pays=True), "gcs": GcsSettings(project="p")},
    ],
)
def test_what_obstore_cannot_do_is_left_to_the_sdk(changes: dict[str, Any]) -> None:
    pytest.importorskip("google.cloud.storage")
    settings = Settings(**changes)
    assert isinstance(fast_s3_store(settings, "bucket"), S3Store)
    assert isinstance(fast_gcs_store(settings, "bucket"), GcsStore)


def test_ca_file_of_the_environment_is_left_to_the_sdk(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/ca.pem")
    settings = place.settings()
    sdk = S3Store(settings, place.bucket)
    assert fast_stores._open_s3(sdk, settings, place.bucket) is not None
    settings = settings.evolve(s3=S3Settings(region="us-east-1"))
    sdk = S3Store(settings, place.bucket)
    assert fast_stores._open_s3(sdk, settings, place.bucket) is None


def test_without_obstore_the_sdk_is_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    store = place.store()
    assert read(store.get(place.name())) == CONTENT
    assert place.askers == ["sdk"]
    assert not store.is_fast


def test_forked_process_asks_the_sdk(place: Place) -> None:
    """The threads of obstore do not survive a fork: it would hang."""
    store = place.store()
    read(store.get(place.name()))
    pid = os.fork()
    if pid == 0:
        is_right = not store.is_fast and read(store.get(place.name())) == CONTENT
        os._exit(0 if is_right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert place.askers == ["obstore", "sdk"]
    assert store.is_fast


@pytest.mark.parametrize(
    ("region", "bucket", "endpoint"),
    [
        (None, "plain", "https://plain.s3.us-east-1.amazonaws.com"),
        ("eu-west-1", "plain", "https://plain.s3.eu-west-1.amazonaws.com"),
        ("eu-west-1", "dotted.name", "https://s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "plain", "https://s3.cn-north-1.amazonaws.com.cn"),
    ],
)
@pytest.mark.usefixtures("s3_credentials")
def test_amazon_is_asked_where_the_bucket_is(
    region: str | None, bucket: str, endpoint: str
) -> None:
    settings = Settings(s3=S3Settings(region=region))
    store = fast_stores._open_s3(S3Store(settings, bucket), settings, bucket)
    assert store is not None
    assert store.config["endpoint"] == endpoint
    assert (store.retry_config or {})["max_retries"] == 0


@pytest.mark.usefixtures("s3_credentials")
def test_obstore_that_lacks_a_setting_is_told_the_rest() -> None:
    from obstore.exceptions import UnknownConfigurationKeyError

    told: list[dict[str, Any]] = []

    def make(_: str, **options: Any) -> str:
        told.append(dict(options["config"]))
        if "aws_endpoint_url_s3" in options["config"]:
            raise UnknownConfigurationKeyError
        return "made"

    config = {"aws_endpoint_url_s3": "1", "endpoint": "1"}
    assert fast_stores._make(make, "bucket", config=config) == "made"
    assert told[-1] == {"endpoint": "1"}


def test_obstore_that_cannot_be_set_up_is_not_used() -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    assert fast_stores._make(fail, "bucket", config={}) is None


class GoogleCredentials:
    """As google-auth has them."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.expiry: datetime | None = None
        self.refreshed = 0

    @property
    def valid(self) -> bool:
        return self.token is not None

    def refresh(self, request: object) -> None:
        assert request
        self.refreshed += 1
        self.token = "ya29"
        now = datetime.now(timezone.utc) + timedelta(hours=1)
        self.expiry = now.replace(tzinfo=None)


def test_token_of_google_is_renewed_as_google_auth_does() -> None:
    pytest.importorskip("google.cloud.storage")
    credentials = GoogleCredentials()
    keys = fast_stores._GoogleKeys(credentials, Settings())
    first, second = keys(), keys()
    assert first == second
    assert first["token"] == "ya29"
    assert first["expires_at"].tzinfo is timezone.utc
    assert credentials.refreshed == 1


def test_redirect_to_another_host_is_not_followed(
    place: Place, monkeypatch: pytest.MonkeyPatch, store_proxy: StartProxy
) -> None:
    """What is sent with a request, a session token too, stays with the store."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token")
    other = store_proxy(place.site.url)
    elsewhere = other.url.replace("127.0.0.1", "localhost")
    extra = {"Location": f"{elsewhere}/{place.bucket}/a"}
    place.proxy.plan(Status(code=307, extra=extra), times=4)
    with pytest.raises(NetworkError):
        place.store().get(place.name())
    assert place.proxy.seen()
    assert not other.seen()


def test_proxy_of_the_environment_leaves_it_to_the_sdk(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    store = fast_s3_store(place.settings(), place.bucket)
    assert isinstance(store, S3Store)


def test_deadline_is_kept_while_a_store_does_not_answer(place: Place) -> None:
    def expire(*_: object) -> None:
        raise KeyboardInterrupt

    store = place.store(read_timeout_s=60)
    assert read(store.get(place.name()))
    place.proxy.plan(Delay(seconds=5), times=4)
    before = signal.signal(signal.SIGALRM, expire)
    began_s = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            store.get(place.name(), start=1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began_s < 3
