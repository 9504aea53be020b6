"""Azure Blob Storage as a Store, against Azurite and faults before it.

Azurite checks keys, signatures and conditions, and knows no versions.
"""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from stores.places import read

from ls_tools.errors import (
    AccessError,
    BadReferenceError,
    CredentialsRejectedError,
    IntegrityError,
    MissingCredentialsError,
    NetworkError,
    NotFoundError,
    ServerError,
    SettingsError,
)
from ls_tools.settings import AzureSettings, Settings
from ls_tools.sources.buckets import azure_account
from ls_tools.sources.buckets.azure import AzureStore
from ls_tools.sources.buckets.azure import azure_store as open_store
from ls_tools.sources.buckets.azure_account import Login, find_account, find_login
from ls_tools.sources.buckets.protocol import Body, ObjectName
from ls_tools.transfer import Validator
from ls_tools.transport.retrying import TransientError
from services.buckets import AzureSite
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Corrupt, Cut, Refuse, Status

pytest.importorskip("azure.storage.blob")

CONTENT = bytes(range(256)) * 2000
LARGE = bytes(range(251)) * 20_000


@dataclass
class Place:
    """A container, the proxy before it, and the store under test."""

    site: AzureSite
    bucket: str
    proxy: FaultProxy
    store: AzureStore

    def name(self, key: str, version: str | None = None) -> ObjectName:
        canonical = f"azure-blob://{self.bucket}/{key}"
        return ObjectName(
            bucket=self.bucket, key=key, version=version, canonical=canonical
        )

    def put(self, key: str, content: bytes = CONTENT) -> None:
        self.site.put(self.bucket, key, content)

    def put_bare(self, key: str) -> None:
        self.site.put_in_blocks(self.bucket, key, LARGE)

    def open(self, **azure: object) -> AzureStore:
        settings = AzureSettings(**azure)  # type: ignore[arg-type]
        return open_store(Settings(azure=settings, read_timeout_s=2), self.bucket)


@pytest.fixture
def place(azure_store: AzureSite, store_proxy: StartProxy) -> Place:
    bucket = azure_store.new_bucket()
    proxy = store_proxy(azure_store.url)
    settings = Settings(azure=azure_store.at(proxy.url).settings, read_timeout_s=2)
    return Place(azure_store, bucket, proxy, open_store(settings, bucket))


def take(body: Body | None, got: bytearray) -> None:
    assert body is not None
    for chunk in body.chunks:
        got += chunk


def refusal(status: int, code: str, **headers: str) -> Status:
    return Status(code=status, extra={"x-ms-error-code": code, **headers})


def test_a_blob_comes_with_its_size_version_and_md5(place: Place) -> None:
    place.put("a/b é#?%.bin")
    body = place.store.get(place.name("a/b é#?%.bin"))
    assert body is not None
    assert read(body) == CONTENT
    assert (body.start, body.info.size_bytes) == (0, len(CONTENT))
    assert body.info.validator.etag
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert body.info.checksums == {"md5": md5}
    assert len(place.proxy.seen()) == 1


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (0, 10), (7, 3_000_000), (5_000_000, None)]
)
def test_a_blob_without_md5_comes_in_checked_pieces(
    place: Place, start: int, stop: int | None
) -> None:
    place.put_bare("bare")
    body = place.store.get(place.name("bare"), start=start, stop=stop)
    assert body is not None
    assert (body.start, body.info.checksums) == (start, {})
    assert body.info.size_bytes == len(LARGE)
    assert read(body) == LARGE[start:stop]
    asked = [
        seen.headers.get("x-ms-range-get-content-md5") for seen in place.proxy.seen()
    ]
    assert asked[0] is None
    assert set(asked[1:]) == {"true"}


def test_it_is_known_from_then_on_that_a_blob_has_no_md5(place: Place) -> None:
    place.put_bare("bare")
    body = place.store.get(place.name("bare"))
    assert body is not None
    place.proxy.clear()
    match = body.info.validator
    part = place.store.get(place.name("bare"), start=5, stop=9, match=match)
    assert read(part) == LARGE[5:9]
    assert len(place.proxy.seen()) == 1


@pytest.mark.parametrize("at_byte", [0, 1_500_000])
def test_a_flipped_byte_of_a_blob_without_md5_is_not_given(
    place: Place, at_byte: int
) -> None:
    place.put_bare("bare")
    body = place.store.get(place.name("bare"))
    assert body is not None
    place.proxy.plan(Corrupt(at_byte=at_byte))
    got = bytearray()
    with pytest.raises(TransientError) as caught:
        take(body, got)
    assert isinstance(caught.value.error, IntegrityError)
    assert LARGE.startswith(bytes(got))
    assert got


def test_pieces_shrink_where_connections_break(place: Place) -> None:
    place.put_bare("bare")
    name = place.name("bare")
    first = place.store.get(name)
    assert first is not None
    match, start, tries = first.info.validator, 0, 0
    place.proxy.plan(Cut(after_bytes=200_000), times=1000)
    while start < 1_000_000 and tries < 60:
        tries += 1
        got = bytearray()
        with suppress(TransientError):
            take(place.store.get(name, start=start, match=match), got)
        start += len(got)
    assert start >= 1_000_000


def test_packed_blobs_come_as_stored_with_a_word_of_it(place: Place) -> None:
    from azure.storage.blob import ContentSettings

    settings = ContentSettings(content_encoding="gzip")
    place.site.put(place.bucket, "packed", b"packed", content_settings=settings)
    body = place.store.get(place.name("packed"))
    assert body is not None
    assert read(body) == b"packed"
    assert body.info.encoding == "gzip"
    (listed,) = place.store.list(place.bucket, "packed")
    assert listed.encoding == "gzip"


def test_what_did_not_change_is_none(place: Place) -> None:
    place.put("k")
    place.put_bare("bare")
    for key in ("k", "bare"):
        body = place.store.get(place.name(key))
        assert body is not None
        validator = body.info.validator
        by_time = replace(validator, etag=None)
        for unless in (validator, by_time):
            assert place.store.get(place.name(key), unless=unless) is None
    place.put("k", b"new")
    stale = Validator(etag='"0x1"')
    assert read(place.store.get(place.name("k"), unless=stale)) == b"new"


def test_another_version_than_the_one_begun_is_an_integrity_error(place: Place) -> None:
    place.put("k")
    body = place.store.get(place.name("k"))
    assert body is not None
    place.put("k", CONTENT[::-1])
    with pytest.raises(IntegrityError, match="replaced"):
        place.store.get(place.name("k"), start=5, match=body.info.validator)
    place.site.delete(place.bucket, "k")
    with pytest.raises(IntegrityError, match="replaced or removed"):
        place.store.get(place.name("k"), start=5, match=body.info.validator)


def test_a_version_is_asked_for(place: Place) -> None:
    place.put("k")
    version = "2026-01-01T00:00:00.1234567Z"
    place.store.get(place.name("k", version))
    query = parse_qs(urlsplit(place.proxy.seen()[-1].target).query)
    assert query["versionid"] == [version]
    for fault in (
        refusal(404, "BlobNotFound"),
        refusal(400, "InvalidQueryParameterValue"),
    ):
        place.proxy.plan(fault)
        with pytest.raises(NotFoundError, match="no version"):
            place.store.get(place.name("k", version))


def test_a_missing_blob_or_container_is_not_found(place: Place) -> None:
    with pytest.raises(NotFoundError, match="There is no azure-blob://"):
        place.store.get(place.name("missing"))
    settings = Settings(azure=place.site.settings)
    name = ObjectName(bucket="gone", key="k", canonical="azure-blob://gone/k")
    store = open_store(settings, "gone")
    with pytest.raises(NotFoundError, match="container 'gone'"):
        store.get(name)
    with pytest.raises(NotFoundError, match="container 'gone'"):
        list(store.list("gone", ""))


@pytest.mark.parametrize("key", ["../other/k", "a/../k", "a\\..\\k", "."])
def test_names_stay_in_their_container(place: Place, key: str) -> None:
    with pytest.raises(BadReferenceError):
        place.store.get(place.name(key))
    assert not place.proxy.seen()


REFUSALS = [
    (refusal(403, "AuthenticationFailed"), CredentialsRejectedError, "Failed"),
    (refusal(403, "AuthorizationPermissionMismatch"), CredentialsRejectedError, "Role"),
    (refusal(401, "NoAuthenticationInformation"), CredentialsRejectedError, "401"),
    (refusal(409, "PublicAccessNotPermitted"), CredentialsRejectedError, "409"),
    (refusal(409, "BlobArchived"), AccessError, "archived"),
    (refusal(412, "ConditionNotMet"), IntegrityError, "replaced"),
    (refusal(416, "InvalidRange"), IntegrityError, "shorter"),
    (refusal(404, "ContainerNotFound"), NotFoundError, "container"),
    (refusal(400, "InvalidUri"), ServerError, "InvalidUri"),
    (refusal(302, ""), ServerError, "302"),
]


@pytest.mark.parametrize(("fault", "kind", "text"), REFUSALS)
def test_refusals_are_errors_of_this_library(
    place: Place, fault: Status, kind: type[Exception], text: str
) -> None:
    place.proxy.plan(fault)
    with pytest.raises(kind) as caught:
        place.store.get(place.name("k"), start=1)
    assert text.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("fault", "is_throttled"),
    [
        (refusal(503, "ServerBusy", **{"Retry-After": "7"}), True),
        (refusal(429, "TooManyRequests", **{"Retry-After": "7"}), True),
        (refusal(500, "OperationTimedOut", **{"Retry-After": "7"}), False),
        (refusal(500, "InternalError", **{"Retry-After": "7"}), False),
        (refusal(504, "x y?sig=1", **{"Retry-After": "7"}), False),
    ],
)
def test_what_passes_is_transient(
    place: Place, fault: Status, *, is_throttled: bool
) -> None:
    for call in (
        lambda: place.store.get(place.name("k")),
        lambda: list(place.store.list(place.bucket, "")),
    ):
        place.proxy.clear()
        place.proxy.plan(fault)
        with pytest.raises(TransientError) as caught:
            call()
        assert isinstance(caught.value.error, ServerError)
        assert caught.value.is_throttled is is_throttled
        assert caught.value.retry_after_s == 7
        assert "sig" not in str(caught.value)
        assert len(place.proxy.seen()) == 1


@pytest.mark.parametrize("fault", [Cut(after_bytes=5), Status(code=200, content=b"<x")])
def test_a_damaged_list_is_an_error_of_this_library(place: Place, fault: Cut) -> None:
    place.put("k")
    place.proxy.plan(fault)
    with pytest.raises((TransientError, NetworkError)):
        list(place.store.list(place.bucket, ""))


def test_lists_come_in_order_without_placeholders_of_folders(place: Place) -> None:
    keys = ["set/a", "set/b c", "set/d/é", "set/z"]
    for key in [*keys, "other"]:
        place.put(key, key.encode())
    folder = {"hdi_isfolder": "true"}
    place.site.put(place.bucket, "set/d", b"", metadata=folder)
    found = list(place.store.list(place.bucket, "set/"))
    assert [info.key for info in found] == keys
    assert [info.size_bytes for info in found] == [len(k.encode()) for k in keys]
    body = place.store.get(place.name("set/a"))
    assert body is not None
    assert body.info.validator == found[0].validator
    assert body.info.checksums == found[0].checksums


def sign(site: AzureSite, container: str, *, minutes: int = 5) -> str:
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    return generate_container_sas(
        site.account,
        container,
        account_key=site.key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(timezone.utc) + timedelta(minutes=minutes),
    )


def test_every_way_to_log_in_reads_and_lists(place: Place) -> None:
    site, url = place.site, place.site.url
    place.put("k")
    signature = sign(site, place.bucket)
    shared = f"BlobEndpoint={url};SharedAccessSignature={signature}"
    for azure in (
        {"connection_string": site.connection_string},
        {"connection_string": shared},
        {"account_url": f"{url}/", "account_key": site.key},
        {"account_url": url, "sas_token": signature},
        {"account_url": url, "sas_token": f"?{signature}", "account_key": "bad"},
    ):
        store = place.open(**azure)
        assert read(store.get(place.name("k"))) == CONTENT
        assert [info.key for info in store.list(place.bucket, "")] == ["k"]


def test_public_containers_need_no_credentials(place: Place) -> None:
    place.put("k")
    store = place.open(account_url=place.site.url, anonymous=True)
    with pytest.raises(CredentialsRejectedError, match="unset anonymous"):
        store.get(place.name("k"))
    with place.site.client() as client:
        container = client.get_container_client(place.bucket)
        container.set_container_access_policy({}, public_access="container")
    assert read(store.get(place.name("k"))) == CONTENT
    assert [info.key for info in store.list(place.bucket, "")] == ["k"]


def test_wrong_credentials_are_rejected(place: Place) -> None:
    place.put("k")
    url = place.site.url
    expired = sign(place.site, place.bucket, minutes=-5)
    for azure in ({"account_key": "QUFBQQ=="}, {"sas_token": expired}):
        store = place.open(account_url=url, **azure)
        with pytest.raises(CredentialsRejectedError, match="403"):
            store.get(place.name("k"))
        with pytest.raises(CredentialsRejectedError, match="403"):
            list(store.list(place.bucket, ""))


def test_settings_that_name_no_account_say_what_to_set() -> None:
    with pytest.raises(MissingCredentialsError, match="AZURE_STORAGE_ACCOUNT"):
        open_store(Settings(), "box")


@pytest.mark.parametrize(
    "text", ["SECRET", "AccountKey=SECRET", "a=b;SECRET", "BlobEndpoint=ftp://SECRET"]
)
def test_a_connection_string_that_makes_no_sense_is_not_quoted(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find_account(AzureSettings(connection_string=text), "box")
    assert "SECRET" not in str(caught.value)


def test_a_connection_string_names_its_endpoint() -> None:
    text = "AccountName=acc;AccountKey=QQ==;EndpointSuffix=core.chinacloudapi.cn"
    account = find_account(AzureSettings(connection_string=text), "box")
    assert account.url == "https://acc.blob.core.chinacloudapi.cn"
    assert account.name == "acc"
    assert "QQ==" not in repr(account)


def test_a_key_needs_an_account_of_known_name(place: Place) -> None:
    key = {"account_key": "QQ=="}
    name = place.name("k")
    with pytest.raises(SettingsError, match="does not name its account"):
        place.open(account_url="https://blobs.example.org", **key).get(name)
    with pytest.raises(SettingsError, match="base64"):
        place.open(account_url=place.site.url, account_key="no key!").get(name)


def test_no_login_goes_over_plain_http(place: Place) -> None:
    with pytest.raises(MissingCredentialsError, match="plain http"):
        place.open(account_url=place.proxy.url).get(place.name("k"))
    assert not place.proxy.seen()


def test_a_missing_login_is_said_soon_and_without_warnings(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    store = place.open(account_url="https://acc.blob.core.windows.net")
    started_s = time.monotonic()
    with pytest.raises(MissingCredentialsError, match="no login"):
        store.get(place.name("k"))
    with pytest.raises(MissingCredentialsError, match="no login"):
        list(store.list(place.bucket, ""))
    assert time.monotonic() - started_s < 10
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


class Refusing:
    """A credential that fails."""

    def __init__(self, exc: Exception) -> None:
        self.exc = exc

    def get_token(self, *_: str, **__: object) -> object:
        raise self.exc


def test_a_refused_login_is_named_without_its_text() -> None:
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    text = "AADSTS7000215: Invalid client secret SECRET"
    login = Login(Refusing(ClientAuthenticationError(text)))  # type: ignore[arg-type]
    with pytest.raises(CredentialsRejectedError, match="AADSTS7000215") as caught:
        login.get_token(azure_account.SCOPE)
    assert "SECRET" not in str(caught.value)
    lost = Login(Refusing(ServiceRequestError("x")))  # type: ignore[arg-type]
    with pytest.raises(TransientError):
        lost.get_token(azure_account.SCOPE)


def test_settings_reach_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def make(**options: object) -> object:
        seen.update(options)
        return object()

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", make)
    find_login(Settings(verify=False, proxies={"https": "http://p"}))
    assert seen["connection_verify"] is False
    assert seen["proxies"] == {"https": "http://p"}
    assert seen["exclude_interactive_browser_credential"]


def test_signatures_are_renewed_before_they_expire(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = find_account(place.site.settings, place.bucket)
    maker = azure_account.SignatureMaker(account, place.bucket)
    first = maker.sign()
    assert maker.sign() == first

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = timezone.utc) -> datetime:  # type: ignore[override]
            assert tz is timezone.utc
            return datetime.now(timezone.utc) + timedelta(minutes=31)

    monkeypatch.setattr(azure_account, "datetime", Later)
    assert maker.sign() != first


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_messages_and_logs_hold_no_signature_and_no_key(
    place: Place, all_logs: pytest.LogCaptureFixture
) -> None:
    signature = sign(place.site, place.bucket)
    secret = parse_qs(signature)["sig"][0]
    store = place.open(account_url=place.proxy.url, sas_token=signature)
    place.put_bare("bare")
    all_logs.clear()
    assert read(store.get(place.name("bare"))) == LARGE
    assert list(store.list(place.bucket, ""))
    texts = []
    for fault in (refusal(403, "X"), Refuse(), Status(code=503)):
        for call in (
            lambda: read(store.get(place.name("bare"))),
            lambda: list(store.list(place.bucket, "")),
        ):
            place.proxy.plan(fault)
            with pytest.raises((AccessError, TransientError)) as caught:
                call()
            texts.append(repr(caught.value))
            assert caught.value.__context__ is None
    found = all_logs.text + "".join(texts)
    for part in (secret, signature, place.site.key, secret.replace("+", "%2B")):
        assert part not in found
    assert "sig=" not in found.replace("sig=REDACTED", "")


def test_a_missing_sdk_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['azure.storage.blob'] = None\n"
        "from ls_tools.settings import Settings\n"
        "from ls_tools.sources.buckets.azure import azure_store\n"
        "try: azure_store(Settings(), 'b')\n"
        "except ImportError as exc: print(exc)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pip install 'ls-tools[azure]'" in done.stdout
