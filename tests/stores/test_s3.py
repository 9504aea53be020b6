"""S3 as a Store, against SeaweedFS, moto, and faults before them."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from stores.memory import MemorySink
from stores.places import read, settings_of

from ls_tools.cache import Cache, CacheRequest
from ls_tools.digests import can_check, new_digest
from ls_tools.errors import (
    AccessError,
    BadReferenceError,
    CredentialsRejectedError,
    DeadlineError,
    IntegrityError,
    LsToolsError,
    MissingCredentialsError,
    MissingDependencyError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
    SettingsError,
)
from ls_tools.locator import parse_reference
from ls_tools.settings import S3Settings, Settings
from ls_tools.sources.buckets import pulling
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.protocol import ObjectName
from ls_tools.sources.buckets.s3 import S3Store
from ls_tools.sources.buckets.s3 import s3_store as open_store
from ls_tools.sources.protocol import Services
from ls_tools.transfer import Fetched, Validator
from ls_tools.transport.retrying import TransientError
from services.buckets import S3Site
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Corrupt, Cut, Delay, Fault, Refuse, Reset, Stall, Status

pytest.importorskip("boto3")

CONTENT = bytes(range(256)) * 4000
ANY = ObjectName(bucket="bucket", key="a", canonical="s3://bucket/a")
SECRETS = ("AWS4-HMAC-SHA256", "Signature=", "session-token")


@dataclass
class Place:
    """A bucket, the proxy before it, and what is tested."""

    site: S3Site
    bucket: str
    proxy: FaultProxy
    changes: dict[str, Any] = field(default_factory=dict)

    def settings(self, **s3: Any) -> Settings:
        given = {"retry_attempts": 3, "read_timeout_s": 1, **self.changes}
        settings = settings_of("s3", self.site.at(self.proxy.url), **given)
        shared = {"endpoint_url": self.proxy.url, "region": "us-east-1"}
        return settings.evolve(s3=S3Settings(**{**shared, **s3}))

    def store(self, **s3: Any) -> S3Store:
        return open_store(self.settings(**s3), self.bucket)

    def name(self, key: str = "a", version: str | None = None) -> ObjectName:
        canonical = self.site.reference(self.bucket, key, version)
        return ObjectName(
            bucket=self.bucket, key=key, version=version, canonical=canonical
        )

    def fetch(self, sink: MemorySink, key: str = "a") -> Fetched:
        services = Services(settings=self.settings(), connect=lambda: None)  # type: ignore[arg-type,return-value]
        locator = parse_reference(self.site.reference(self.bucket, key), origin=None)
        return BucketSource(services, open_store).fetch(locator, sink, validator=None)

    def cached(self, folder: Path) -> Path:
        """The object, through a cache, which checks the digests."""
        request = CacheRequest(
            key="0" * 32, file_name="a", reference="s3://bucket/a", source="s3"
        )
        sinks = Cache(folder).get(request, lambda sink, _: self.fetch(sink))  # type: ignore[arg-type]
        return sinks.entry.path


@pytest.fixture
def place(s3_credentials: S3Site, store_proxy: StartProxy) -> Place:
    proxy = store_proxy(s3_credentials.url)
    place = Place(s3_credentials, s3_credentials.new_bucket(), proxy)
    place.site.put(place.bucket, "a", CONTENT)
    return place


def error(code: str, status: int = 400, **extra: str) -> Status:
    content = f"<Error><Code>{code}</Code><Message>AKIA secret</Message></Error>"
    return Status(code=status, content=content.encode(), extra=extra)


@pytest.mark.parametrize(
    "fault", [Cut(after_bytes=70_000), Reset(after_bytes=70_000), Refuse()]
)
def test_download_goes_on_after_a_fault(place: Place, fault: Fault) -> None:
    place.proxy.plan(fault, times=2)
    sink = MemorySink()
    fetched = place.fetch(sink)
    assert sink.data == CONTENT
    assert fetched.checksums["md5"] == hashlib.md5(CONTENT).hexdigest()  # noqa: S324
    later = [seen.headers for seen in place.proxy.seen()[1:]]
    if not isinstance(fault, Refuse):
        assert all(h["if-match"] and h["range"] for h in later)


@pytest.mark.parametrize("key", ["../other/k", "a/../k", "a\\..\\k", "."])
def test_names_stay_in_their_bucket(place: Place, key: str) -> None:
    with pytest.raises(RefusedError, match="may not be"):
        place.store().get(place.name(key))
    assert not place.proxy.seen()


def test_stall_ends_at_the_read_timeout(place: Place) -> None:
    place.changes["read_timeout_s"] = 0.3
    place.proxy.plan(Stall(after_bytes=300_000))
    sink = MemorySink()
    place.fetch(sink)
    assert sink.data == CONTENT


def test_store_that_never_answers_is_a_deadline(place: Place) -> None:
    place.changes["read_timeout_s"] = 0.2
    place.proxy.plan(Delay(seconds=5), times=3)
    with pytest.raises(DeadlineError, match=r"s3://.*/a did not come"):
        place.fetch(MemorySink())
    assert len(place.proxy.seen()) == 3


@pytest.mark.parametrize("first", [[], [Cut(after_bytes=200_000)]])
def test_byte_flipped_once_is_had_again(
    place: Place, tmp_path: Path, first: list[Fault]
) -> None:
    """Whole and ranged: what boto3 checks, and what it does not."""
    place.proxy.plan(*first, Corrupt(at_byte=1000))
    assert place.cached(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("first", [[], [Cut(after_bytes=200_000)]])
def test_byte_that_is_always_flipped_is_an_error(
    place: Place, tmp_path: Path, first: list[Fault]
) -> None:
    place.proxy.plan(*[*first, Corrupt(at_byte=1000)] * 2)
    with pytest.raises(IntegrityError):
        place.cached(tmp_path)
    assert not place.proxy.unused


def test_flipped_byte_of_a_part_is_noticed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size_bytes in (("PART_BYTES", 2**18), ("PARALLEL_BYTES", 2**19)):
        monkeypatch.setattr(f"{pulling.__name__}.{name}", size_bytes)
        monkeypatch.setattr(f"ls_tools.sources.buckets.parts.{name}", size_bytes)
    monkeypatch.setattr(pulling._Speed, "is_low", lambda _, at: at >= 2**18)
    place.proxy.plan(Fault(), Corrupt(at_byte=1000))
    assert place.cached(tmp_path).read_bytes() == CONTENT
    assert sum("range" in seen.headers for seen in place.proxy.seen()) >= 4
    assert not place.proxy.unused


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (error("SlowDown", 503), ServerError),
        (error("ServiceUnavailable", 503), ServerError),
        (error("TooManyRequests", 429), ServerError),
        (error("RequestLimitExceeded", 400), ServerError),
    ],
)
def test_throttling_is_told_and_passes(
    place: Place, fault: Status, kind: type[LsToolsError]
) -> None:
    place.proxy.plan(fault)
    with pytest.raises(TransientError) as caught:
        place.store().get(place.name())
    assert caught.value.is_throttled
    assert isinstance(caught.value.error, kind)
    assert "secret" not in str(caught.value.error)


def test_wait_that_the_store_asks_for_is_told(place: Place) -> None:
    place.proxy.plan(error("SlowDown", 503, **{"Retry-After": "7"}))
    with pytest.raises(TransientError) as caught:
        place.store().get(place.name())
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    "fault",
    [
        error("InternalError", 500),
        error("RequestTimeout", 400),
        Status(code=502, content=b"<html>"),
        Status(code=504),
    ],
)
def test_failure_of_the_store_passes_unthrottled(place: Place, fault: Status) -> None:
    place.proxy.plan(fault)
    with pytest.raises(TransientError) as caught:
        place.store().get(place.name())
    assert not caught.value.is_throttled


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (error("RequestTimeTooSkewed", 403), CredentialsRejectedError, "clock"),
        (error("ExpiredToken", 400), CredentialsRejectedError, "Log in again"),
        (error("InvalidAccessKeyId", 403), CredentialsRejectedError, "AWS_ACCESS_KEY"),
        (error("SignatureDoesNotMatch", 403), CredentialsRejectedError, "SECRET"),
        (error("AccessDenied", 403), CredentialsRejectedError, "s3:GetObject"),
        (error("SomethingNew", 403), CredentialsRejectedError, "SomethingNew"),
        (error("InvalidObjectState", 403), AccessError, "archived"),
        (error("NoSuchBucket", 404), NotFoundError, "bucket"),
        (error("NoSuchKey", 404), NotFoundError, "There is no s3://"),
        (error("MethodNotAllowed", 405, **{"x-amz-delete-marker": "true"}),
         NotFoundError, "delete marker"),
        (error("PreconditionFailed", 412), IntegrityError, "replaced"),
        (error("InvalidRange", 416), IntegrityError, "shorter"),
        (error("KeyTooLongError", 400), BadReferenceError, "name"),
        (error("NotImplemented", 501), ServerError, "501"),
        (error("<script>" * 30, 501), ServerError, ": 501."),
    ],
)  # fmt: skip
def test_refusal_is_one_clear_error(
    place: Place, fault: Status, kind: type[LsToolsError], said: str
) -> None:
    place.proxy.plan(fault, times=9)
    with pytest.raises(kind) as caught:
        place.store().get(place.name())
    assert said in str(caught.value)
    assert place.bucket in str(caught.value)
    assert "AKIA" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_wrong_secret_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    with pytest.raises(CredentialsRejectedError, match="SignatureDoesNotMatch"):
        place.store().get(place.name())


def test_unknown_key_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    with pytest.raises(CredentialsRejectedError, match="InvalidAccessKeyId"):
        place.store().get(place.name())


@pytest.fixture
def nobody(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials anywhere, now that the bucket is there."""
    assert place.bucket
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


@pytest.mark.usefixtures("nobody")
def test_missing_credentials_name_what_to_set(place: Place) -> None:
    with pytest.raises(MissingCredentialsError) as caught:
        place.store().get(place.name())
    for word in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "anonymous", "endpoint"):
        assert word in caught.value.hint
    assert not place.proxy.seen()


@pytest.mark.usefixtures("nobody")
def test_half_of_the_credentials_is_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
    with pytest.raises(MissingCredentialsError, match="AWS_SECRET_ACCESS_KEY"):
        place.store().get(place.name())


def test_profile_that_does_not_exist_is_told(place: Place) -> None:
    with pytest.raises(MissingCredentialsError, match="profile"):
        place.store(profile="nobody").get(place.name())


@pytest.mark.usefixtures("nobody")
def test_profile_gives_the_credentials(place: Place, tmp_path: Path) -> None:
    lines = ["[me]", *(f"{k.lower()} = {v}" for k, v in place.site.environment.items())]
    Path(tmp_path, "credentials").write_text("\n".join(lines))
    assert read(place.store(profile="me").get(place.name())) == CONTENT


@pytest.mark.usefixtures("nobody")
def test_single_sign_on_that_ran_out_says_to_log_in(
    place: Place, tmp_path: Path
) -> None:
    lines = [
        "[profile me]",
        "sso_start_url = https://example.awsapps.com/start",
        "sso_region = us-east-1",
        "sso_account_id = 123456789012",
        "sso_role_name = reader",
    ]
    Path(tmp_path, "config").write_text("\n".join(lines))
    with pytest.raises(MissingCredentialsError, match="aws sso login"):
        place.store(profile="me").get(place.name())


@pytest.mark.usefixtures("nobody")
def test_public_bucket_needs_no_credentials(place: Place) -> None:
    bucket = place.site.new_bucket(is_public=True)
    place.site.put(bucket, "a", b"public")
    place.bucket = bucket
    assert read(place.store(anonymous=True).get(place.name())) == b"public"
    assert "authorization" not in place.proxy.seen()[0].headers


def test_private_bucket_is_no_public_one(place: Place) -> None:
    with pytest.raises(CredentialsRejectedError, match="unset anonymous"):
        place.store(anonymous=True).get(place.name())


def test_deleted_object_is_not_found_but_its_version(moto: S3Site) -> None:
    bucket = moto.new_bucket(is_versioned=True)
    version = moto.put(bucket, "a", b"1")
    moto.delete(bucket, "a")
    settings = settings_of("s3", moto)
    with pytest.MonkeyPatch.context() as patch:
        moto.log_in(patch)
        store = open_store(settings, bucket)
        gone = ObjectName(bucket=bucket, key="a", canonical="s3://b/a")
        with pytest.raises(NotFoundError, match="s3://b/a"):
            store.get(gone)
        assert read(store.get(replace(gone, version=version))) == b"1"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksum_of_the_upload_is_passed_on(place: Place, algorithm: str) -> None:
    place.site.put(place.bucket, "a", CONTENT, ChecksumAlgorithm=algorithm)
    body = place.store().get(place.name())
    assert body is not None
    body.close()
    if can_check(algorithm.lower()):
        digest = new_digest(algorithm.lower())
        digest.update(CONTENT)
        assert body.info.checksums[algorithm.lower()] == digest.hexdigest()


def test_etag_of_an_upload_in_parts_is_no_digest(place: Place) -> None:
    content = os.urandom(6 * 2**20)
    place.site.put_in_parts(place.bucket, "parts", content)
    body = place.store().get(place.name("parts"))
    assert body is not None
    assert "md5" not in body.info.checksums
    assert read(body) == content


ETAG = '"0123456789abcdef0123456789abcdef"'


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"md5": ETAG.strip('"')}),
        ({"x-amz-server-side-encryption": "AES256"}, {"md5": ETAG.strip('"')}),
        ({"x-amz-server-side-encryption": "aws:kms"}, {}),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, {}),
        ({"ETag": '"0123456789abcdef0123456789abcdef-2"'}, {}),
        ({"ETag": 'W/"0123456789abcdef0123456789abcdef"'}, {}),
        ({"ETag": "", "x-amz-checksum-crc32": "AAAAAA=="}, {"crc32": "00000000"}),
        ({"ETag": "", "x-amz-checksum-crc32": "AAAAAA==-2"}, {}),
        (
            {
                "ETag": "",
                "x-amz-checksum-crc32": "AAAAAA==",
                "x-amz-checksum-type": "COMPOSITE",
            },
            {},
        ),
    ],
)
def test_only_digests_of_the_whole_object_count(
    place: Place, headers: dict[str, str], expected: dict[str, str]
) -> None:
    extra = {"ETag": ETAG, **headers}
    place.proxy.plan(Status(code=200, content=b"1", extra=extra))
    body = place.store().get(place.name())
    assert body is not None
    body.close()
    assert body.info.checksums == expected


def test_object_stored_packed_is_unpacked(place: Place) -> None:
    packed = gzip.compress(CONTENT)
    place.site.put(place.bucket, "a", packed, ContentEncoding="gzip")
    sink = MemorySink()
    place.proxy.plan(Cut(after_bytes=100))
    fetched = place.fetch(sink)
    assert sink.data == CONTENT
    assert fetched.size_bytes == len(CONTENT)


def test_bucket_elsewhere_is_followed_once(place: Place) -> None:
    moved = error("PermanentRedirect", 301, **{"x-amz-bucket-region": "eu-west-1"})
    place.proxy.plan(moved)
    assert read(place.store().get(place.name())) == CONTENT
    assert "/eu-west-1/" in place.proxy.seen()[-1].headers["authorization"]
    place.proxy.clear()
    place.proxy.plan(moved, times=9)
    with pytest.raises(LsToolsError, match="region"):
        place.store().get(place.name())
    assert len(place.proxy.seen()) == 2


def test_one_call_is_one_request(place: Place) -> None:
    place.proxy.plan(error("InternalError", 500), times=9)
    with pytest.raises(TransientError):
        place.store().get(place.name())
    assert len(place.proxy.seen()) == 1


def test_settings_reach_the_request(place: Place) -> None:
    store = place.store(requester_pays=True)
    read(store.get(place.name()))
    place.proxy.plan(Status(code=404), target="versionId")
    with pytest.raises(NotFoundError, match="version"):
        store.get(place.name(version="0123456789"), start=3, stop=9)
    whole, part = place.proxy.seen()
    assert whole.target == f"/{place.bucket}/a"
    assert whole.headers["x-amz-request-payer"] == "requester"
    assert whole.headers["x-amz-checksum-mode"] == "ENABLED"
    assert "versionId=0123456789" in part.target
    assert part.headers["range"] == "bytes=3-8"


def test_unchanged_object_is_told_by_date_where_there_is_no_etag(place: Place) -> None:
    body = place.store().get(place.name())
    assert body is not None
    body.close()
    changed_at = body.info.validator.last_modified
    place.store().get(place.name(), unless=Validator(last_modified=changed_at))
    assert place.proxy.seen()[-1].headers["if-modified-since"] == changed_at


def test_no_log_holds_a_signature(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-mine")
    caplog.set_level(logging.DEBUG)
    store = place.store()
    with pytest.raises(LsToolsError):
        store.get(place.name("missing"))
    with pytest.raises(LsToolsError):
        list(store.list("no-such-bucket-here", ""))
    for word in (*SECRETS, place.site.secret_key):
        assert word not in caplog.text


def test_logs_of_others_are_left_alone(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    read(place.store().get(place.name()))
    caplog.set_level(logging.DEBUG)
    place.site.client().head_object(Bucket=place.bucket, Key="a")
    assert any(record.name.startswith("botocore") for record in caplog.records)


def test_missing_package_names_the_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingDependencyError, match=r"ls-tools\[s3\]"):
        place.store().get(place.name())


@pytest.mark.parametrize(
    ("endpoint_url", "changes"),
    [
        ("http://169.254.169.254", {}),
        ("http://metadata.google.internal", {"network": "public"}),
        (None, {"network": "allow-list", "allowed_hosts": ("example.org",)}),
    ],
)
def test_forbidden_address_is_refused(
    place: Place, endpoint_url: str | None, changes: dict[str, Any]
) -> None:
    place.changes.update(changes)
    with pytest.raises(RefusedError):
        place.store(endpoint_url=endpoint_url).get(place.name())


def test_endpoint_of_the_user_may_be_private(place: Place) -> None:
    place.changes["network"] = "public"
    assert read(place.store().get(place.name())) == CONTENT


def test_server_without_tls_is_told(place: Place) -> None:
    url = place.site.url.replace("http:", "https:")
    with pytest.raises(TransientError) as caught:
        place.store(endpoint_url=url).get(place.name())
    assert isinstance(caught.value.error, NetworkError)
    assert "TLS" in str(caught.value.error)


def test_endpoint_that_is_no_url_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "not a url")
    with pytest.raises(SettingsError, match="endpoint"):
        open_store(Settings(), "bucket").get(ANY)


def test_region_that_is_none_is_told() -> None:
    settings = Settings(s3=S3Settings(region="eu west!"))
    with pytest.raises(SettingsError, match="region"):
        open_store(settings, "bucket").get(ANY)


def test_configuration_that_is_damaged_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    Path(tmp_path, "config").write_text("no section here")
    with pytest.raises(MissingCredentialsError, match="configuration file"):
        open_store(Settings(), "bucket").get(ANY)


def test_name_that_s3_cannot_have_is_told(place: Place) -> None:
    name = ObjectName(bucket="No:Bucket", key="a", canonical="s3://No:Bucket/a")
    with pytest.raises(BadReferenceError):
        place.store().get(name)
