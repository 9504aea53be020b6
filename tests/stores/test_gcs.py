"""Google Cloud Storage as a Store, against fake-gcs-server and faults before it.

The emulator checks no credentials and no conditions: what is sent is tested there.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from stores.places import read

from ls_tools.digests import can_check, new_digest
from ls_tools.errors import (
    AccessError,
    CredentialsRejectedError,
    DeadlineError,
    IntegrityError,
    MissingCredentialsError,
    NotFoundError,
    RefusedError,
    ServerError,
)
from ls_tools.settings import GcsSettings, Settings
from ls_tools.sources.buckets import gcs_credentials
from ls_tools.sources.buckets.gcs import GcsStore
from ls_tools.sources.buckets.gcs import gcs_store as open_store
from ls_tools.sources.buckets.protocol import ObjectName
from ls_tools.transfer import Validator
from ls_tools.transport.retrying import TransientError
from services.buckets import GcsSite
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Cut, Status

pytest.importorskip("google.cloud.storage")

CONTENT = bytes(range(256)) * 2000


@dataclass
class Place:
    """A bucket, the proxy before it, and the store under test."""

    site: GcsSite
    bucket: str
    proxy: FaultProxy
    store: GcsStore

    def name(self, key: str, version: str | None = None) -> ObjectName:
        canonical = f"gs://{self.bucket}/{key}"
        return ObjectName(
            bucket=self.bucket, key=key, version=version, canonical=canonical
        )

    def put(self, key: str, content: bytes = CONTENT) -> str | None:
        return self.site.put(self.bucket, key, content)

    def last_query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.proxy.seen()[-1].target).query)


@pytest.fixture
def place(gcs_store: GcsSite, store_proxy: StartProxy) -> Place:
    bucket = gcs_store.new_bucket()
    proxy = store_proxy(gcs_store.url)
    settings = Settings(gcs=gcs_store.at(proxy.url).settings, read_timeout_s=2)
    return Place(gcs_store, bucket, proxy, open_store(settings, bucket))


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def error_json(status: int, reason: str, message: str = "no") -> Status:
    error = {"code": status, "message": message, "errors": [{"reason": reason}]}
    return Status(code=status, content=json.dumps({"error": error}).encode())


def test_an_object_comes_with_its_size_version_and_digests(place: Place) -> None:
    generation = place.put("a/b é#?%.bin")
    body = place.store.get(place.name("a/b é#?%.bin"))
    assert body is not None
    assert read(body) == CONTENT
    assert (body.start, body.info.size_bytes) == (0, len(CONTENT))
    assert body.info.validator.version == generation
    assert body.info.checksums["md5"] == md5(CONTENT)
    if can_check("crc32c"):
        crc = new_digest("crc32c")
        crc.update(CONTENT)
        assert body.info.checksums["crc32c"] == crc.hexdigest()


def test_packed_objects_come_as_stored_with_a_word_of_it(place: Place) -> None:
    packed = gzip.compress(CONTENT)
    with place.site.client() as client:
        blob = client.bucket(place.bucket).blob("packed")
        blob.content_encoding = "gzip"
        blob.upload_from_string(packed)
    body = place.store.get(place.name("packed"))
    assert body is not None
    assert read(body) == packed
    assert body.info.encoding == "gzip"
    assert body.info.size_bytes == len(packed)
    assert body.info.checksums["md5"] == md5(packed)
    (listed,) = place.store.list(place.bucket, "packed")
    assert listed.encoding == "gzip"


def test_what_did_not_change_is_none(place: Place) -> None:
    place.put("k")
    body = place.store.get(place.name("k"))
    assert body is not None
    validator = body.info.validator
    assert place.store.get(place.name("k"), unless=validator) is None
    assert place.last_query()["ifGenerationNotMatch"] == [validator.version]
    place.put("k", b"new")
    assert read(place.store.get(place.name("k"), unless=validator)) == b"new"


def test_304_is_none(place: Place) -> None:
    place.proxy.plan(Status(code=304))
    unless = Validator(etag='"x"')
    assert place.store.get(place.name("k"), unless=unless) is None
    assert place.proxy.seen()[-1].headers["if-none-match"] == '"x"'


def test_another_version_than_the_one_begun_is_an_integrity_error(place: Place) -> None:
    place.put("k")
    body = place.store.get(place.name("k"))
    assert body is not None
    place.put("k", CONTENT[::-1])
    with pytest.raises(IntegrityError, match="replaced"):
        place.store.get(place.name("k"), start=5, match=body.info.validator)
    assert place.last_query()["ifGenerationMatch"] == [body.info.validator.version]


def test_412_is_an_integrity_error(place: Place) -> None:
    place.proxy.plan(error_json(412, "conditionNotMet"))
    with pytest.raises(IntegrityError):
        place.store.get(place.name("k"), match=Validator(etag='"x"'))
    assert place.proxy.seen()[-1].headers["if-match"] == '"x"'


def test_a_generation_is_asked_for(place: Place) -> None:
    generation = place.put("k")
    assert read(place.store.get(place.name("k", generation))) == CONTENT
    assert place.last_query()["generation"] == [generation]
    with pytest.raises(NotFoundError, match="version '123'"):
        place.store.get(place.name("k", "123"))
    with pytest.raises(NotFoundError, match="no generation"):
        place.store.get(place.name("k", "v1"))


@pytest.mark.parametrize("key", ["missing", ".", ".."])
def test_a_missing_object_is_not_found(place: Place, key: str) -> None:
    with pytest.raises(NotFoundError, match=r"There is no gs://"):
        place.store.get(place.name(key))


def test_names_stay_in_their_bucket(place: Place) -> None:
    with pytest.raises(NotFoundError):
        place.store.get(place.name("../../other/o/key"))
    path = urlsplit(place.proxy.seen()[-1].target).path
    assert path.startswith(f"/download/storage/v1/b/{place.bucket}/o/..%2F")


def test_the_project_is_billed_where_one_is_set(place: Place) -> None:
    place.put("k")
    gcs = GcsSettings(endpoint_url=place.proxy.url, project="payer")
    store = open_store(Settings(gcs=gcs), place.bucket)
    assert read(store.get(place.name("k"))) == CONTENT
    assert place.last_query()["userProject"] == ["payer"]
    assert [info.key for info in store.list(place.bucket, "")] == ["k"]
    assert place.last_query()["userProject"] == ["payer"]


REFUSALS = [
    (error_json(401, "required"), CredentialsRejectedError, "whoever has credentials"),
    (error_json(403, "forbidden"), CredentialsRejectedError, "403 forbidden"),
    (
        error_json(400, "required", "requester pays bucket but no user project given"),
        AccessError,
        "requester pays",
    ),
    (error_json(404, "notFound"), NotFoundError, "There is no gs://"),
    (
        Status(code=404, content=b"The specified bucket does not exist."),
        NotFoundError,
        "no bucket",
    ),
    (error_json(400, "invalid"), ServerError, "400 invalid"),
    (Status(code=302, extra={"Location": "http://x"}), ServerError, "302"),
    (Status(code=500, content=b"[" * 100_000), ServerError, "500"),
]


@pytest.mark.parametrize(("fault", "kind", "text"), REFUSALS)
def test_refusals_are_errors_of_this_library(
    place: Place, fault: Status, kind: type[Exception], text: str
) -> None:
    place.proxy.plan(fault)
    with pytest.raises((kind, TransientError)) as caught:
        place.store.get(place.name("k"))
    error = getattr(caught.value, "error", caught.value)
    assert isinstance(error, kind)
    assert text in str(error)


THROTTLES = [
    Status(code=429, extra={"Retry-After": "7"}),
    Status(code=503, extra={"Retry-After": "7"}),
    error_json(403, "rateLimitExceeded"),
]


@pytest.mark.parametrize("fault", THROTTLES)
def test_throttling_passes_and_says_so(place: Place, fault: Status) -> None:
    place.proxy.plan(fault)
    with pytest.raises(TransientError) as caught:
        place.store.get(place.name("k"))
    assert caught.value.is_throttled
    assert caught.value.retry_after_s == (7 if fault.extra else None)


@pytest.mark.parametrize("code", [408, 500, 502, 504])
def test_errors_of_the_server_pass(place: Place, code: int) -> None:
    place.proxy.plan(Status(code=code))
    with pytest.raises(TransientError) as caught:
        place.store.get(place.name("k"))
    assert isinstance(caught.value.error, ServerError)
    assert not caught.value.is_throttled
    assert len(place.proxy.seen()) == 1


def test_nobody_there_is_transient(place: Place) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        store = open_store(Settings(gcs=GcsSettings(endpoint_url=url)), "b")
        with pytest.raises(TransientError) as caught:
            store.get(place.name("k"))
        with pytest.raises(TransientError):
            list(store.list("b", ""))
    assert "refuses connections" in caught.value.error.message


def test_lists_come_in_order_in_pages(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ls_tools.sources.buckets.gcs._PAGE", 2)
    keys = ["set/a", "set/b c", "set/d/é", "set/z"]
    for key in [*keys, "other"]:
        place.put(key, key.encode())
    found = list(place.store.list(place.bucket, "set/"))
    assert [info.key for info in found] == keys
    assert [info.size_bytes for info in found] == [len(k.encode()) for k in keys]
    assert found[0].checksums["md5"] == md5(b"set/a")
    body = place.store.get(place.name("set/a"))
    assert body is not None
    assert body.info.validator.version == found[0].validator.version


def test_a_list_tells_its_failures(place: Place) -> None:
    with pytest.raises(NotFoundError, match="no bucket"):
        list(place.store.list("no-such-bucket", ""))
    place.proxy.plan(Status(code=503), Status(code=200, content=b"<html>"))
    with pytest.raises(TransientError) as caught:
        list(place.store.list(place.bucket, ""))
    assert caught.value.is_throttled
    with pytest.raises(TransientError):
        list(place.store.list(place.bucket, ""))
    place.proxy.plan(Cut(after_bytes=1))
    place.put("k")
    with pytest.raises(TransientError):
        list(place.store.list(place.bucket, ""))


def test_the_emulator_of_the_environment_is_used(
    gcs_store: GcsSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = gcs_store.new_bucket()
    gcs_store.put(bucket, "k", b"it")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_store.url)
    for settings in (Settings(), Settings.from_env()):
        store = open_store(settings, bucket)
        name = ObjectName(bucket=bucket, key="k", canonical="gs://b/k")
        assert read(store.get(name)) == b"it"


def test_address_rules_hold_for_the_store_of_google() -> None:
    settings = Settings(network="allow-list", gcs=GcsSettings(anonymous=True))
    name = ObjectName(bucket="b", key="k", canonical="gs://b/k")
    with pytest.raises(RefusedError, match=r"storage\.googleapis\.com"):
        open_store(settings, "b").get(name)


def test_no_credentials_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", True)
    with pytest.raises(MissingCredentialsError, match="No usable Google") as caught:
        gcs_credentials.find_credentials(Settings())
    assert "gcloud auth" in caught.value.hint


def test_a_silent_metadata_server_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gcs_credentials, "_PROBE_S", 1.2)
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", False)
    asked: list[object] = []
    ask = gcs_credentials._HastyRequest.__call__

    def count(*args: object, **kwargs: object) -> object:
        asked.append(args)
        return ask(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(gcs_credentials._HastyRequest, "__call__", count)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("GCE_METADATA_IP", f"127.0.0.1:{port}")
        started_s = time.monotonic()
        with pytest.raises(MissingCredentialsError):
            gcs_credentials.find_credentials(Settings())
        assert time.monotonic() - started_s < 3
    assert len(asked) == 1


def test_damaged_credentials_are_missing_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"type": "service_account", "private_key": "SECRET"}')
    for path in (key, tmp_path / "none.json"):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        with pytest.raises(MissingCredentialsError) as caught:
            gcs_credentials.find_credentials(Settings())
        assert "SECRET" not in str(caught.value)


def user_credentials(token_url: str, folder: Path) -> Path:
    """A file of credentials whose tokens come from ``token_url``."""
    path = folder / "user.json"
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/pools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": token_url,
        "credential_source": {"file": str(folder / "token")},
    }
    (folder / "token").write_text("SUBJECT")
    path.write_text(json.dumps(content))
    return path


def test_no_token_goes_over_plain_http(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("k")
    path = user_credentials("http://127.0.0.1:1", tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    gcs = GcsSettings(endpoint_url=place.proxy.url)
    assert read(open_store(Settings(gcs=gcs), place.bucket).get(place.name("k")))
    assert "authorization" not in place.proxy.seen()[-1].headers


def test_a_refused_login_is_named_without_its_text() -> None:
    from google.auth.exceptions import RefreshError, TransportError

    exc = RefreshError(
        "SECRET", {"error": "invalid_grant", "error_description": "SECRET"}
    )
    error = gcs_credentials.credentials_failure(exc)
    assert isinstance(error, CredentialsRejectedError)
    assert "invalid_grant" in str(error)
    assert "SECRET" not in str(error)
    passing = gcs_credentials.credentials_failure(RefreshError("x", retryable=True))
    assert isinstance(passing, TransientError)
    lost = gcs_credentials.credentials_failure(TransportError(TimeoutError()))
    assert isinstance(lost, TransientError)
    assert isinstance(lost.error, DeadlineError)


def test_messages_and_logs_hold_no_answer_of_the_store(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.proxy.plan(error_json(403, "SECRET?x=1", "SECRET"), Status(code=500))
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            with pytest.raises((AccessError, TransientError)) as caught:
                place.store.get(place.name("k"))
            assert "SECRET" not in repr(caught.value)
            assert caught.value.__context__ is None
    assert "SECRET" not in caplog.text
    assert base64.b64encode(b"SECRET").decode() not in caplog.text


def test_a_missing_sdk_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['google.cloud.storage'] = None\n"
        "from ls_tools.settings import Settings\n"
        "from ls_tools.sources.buckets.gcs import gcs_store\n"
        "try: gcs_store(Settings(), 'b')\n"
        "except ImportError as exc: print(exc)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pip install 'ls-tools[gcs]'" in done.stdout
