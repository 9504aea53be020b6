"""Every fault before every source that needs no Label Studio."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from stores.matrix import (
    BLIND,
    BYTES,
    CERTIFICATES,
    FAULTS,
    OBJECT,
    Case,
    Reach,
    Subject,
    check,
)
from stores.places import STORES, site_of

from ls_tools.settings import AzureSettings, GcsSettings
from services.buckets import AzureSite, BucketSite, S3Site
from services.emulators import PUBLIC_PREFIX
from services.fault_proxy import StartProxy
from services.faults import Corrupt, Status

CONTENT = random.Random(7).randbytes(300_000)
SOURCES = (*STORES, "external")


def reach_store(kind: str, site: BucketSite, bucket: str, url: str) -> Reach:
    group = kind.partition(" ")[0]
    return Reach(
        settings={group: site.at(url).settings, "cloud": "direct"},
        reference=site.reference(bucket, OBJECT),
        missing_key=site.reference(bucket, f"none-{OBJECT}"),
        missing_bucket=site.reference("no-such-bucket-here", OBJECT),
    )


def set_aws(case: Case, key: str, secret: str) -> None:
    case.patch.setenv("AWS_ACCESS_KEY_ID", key)
    case.patch.setenv("AWS_SECRET_ACCESS_KEY", secret)


def no_aws(case: Case) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        case.patch.delenv(name)
    case.patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def answer(case: Case, code: int, content: str) -> None:
    case.plan(Status(code=code, content=content.encode()), times=100)


def expire_aws(case: Case) -> None:
    body = "<Error><Code>ExpiredToken</Code><Message>old</Message></Error>"
    answer(case, 400, body)


def set_azure(case: Case, **fields: Any) -> None:
    url = case.settings.azure.account_url
    azure = AzureSettings(account_url=url, **fields)
    case.settings = case.settings.evolve(azure=azure)


def log_in_to_google(case: Case, login: Status) -> None:
    """Credentials whose tokens come from the store's own host, and only over TLS."""
    case.use_tls()
    case.settings = case.settings.evolve(
        gcs=GcsSettings(endpoint_url=case.proxy.url),
        verify=str(CERTIFICATES / "authority.pem"),
    )
    case.proxy.plan(login, target="/token", times=100)
    folder = case.cache_dir.parent
    (folder / "subject").write_text("subject")
    account = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/pools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{case.proxy.url}/token",
        "credential_source": {"file": str(folder / "subject")},
    }
    (folder / "account.json").write_text(json.dumps(account))
    case.patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(folder / "account.json"))


def wrong_google(case: Case) -> None:
    """The emulator checks nothing: the proxy refuses as Google does."""
    token = {
        "access_token": "ya29.secret",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    log_in_to_google(case, Status(code=200, content=json.dumps(token).encode()))
    answer(case, 403, "forbidden")


def expire_google(case: Case) -> None:
    error = {"error": "invalid_grant", "error_description": "Token has expired"}
    log_in_to_google(case, Status(code=400, content=json.dumps(error).encode()))


def no_google(case: Case) -> None:
    log_in_to_google(case, Status(code=404))
    case.patch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    case.patch.setenv("NO_GCE_CHECK", "true")


S3_REFUSALS = {
    "wrong credentials": lambda case: set_aws(case, "ls-tools-tests", "wrong"),
    "no credentials": no_aws,
    "expired": expire_aws,
}
GCS_REFUSALS = {
    "wrong credentials": wrong_google,
    "no credentials": no_google,
    "expired": expire_google,
}
OLD_SAS = (
    "sv=2021-12-02&ss=b&srt=sco&sp=r&se=2020-01-01T00:00:00Z&spr=https,http&sig=c2ln"
)
AZURE_REFUSALS = {
    "wrong credentials": lambda case: set_azure(case, account_key="d3Jvbmc="),
    "no credentials": set_azure,
    "expired": lambda case: set_azure(case, sas_token=OLD_SAS),
}


@pytest.fixture(scope="module")
def contents() -> dict[str, str]:
    """The bucket of each kind of store, once its object is in it."""
    return {}


@pytest.fixture
def subject(request: pytest.FixtureRequest, contents: dict[str, str]) -> Subject:
    kind = request.param
    if kind == "external":
        return external_subject(request.getfixturevalue("s3_store"), contents)
    if not kind.endswith("fast"):
        leave_out_obstore(request.getfixturevalue("monkeypatch"))
    site = site_of(kind, request)
    group = kind.partition(" ")[0]
    if group not in contents:
        contents[group] = site.new_bucket()
        site.put(contents[group], OBJECT, CONTENT)
    refusals = {"s3": S3_REFUSALS, "gcs": GCS_REFUSALS, "azure": AZURE_REFUSALS}
    return Subject(
        name=kind,
        url=site.url,
        content=CONTENT,
        reach=partial(reach_store, kind, site, contents[group]),
        refusals=refusals[group],
        secrets=secrets_of(site),
    )


def leave_out_obstore(patch: pytest.MonkeyPatch) -> None:
    """Let it be as if it were not installed, so that the SDK is used."""
    patch.setitem(sys.modules, "obstore", None)


def secrets_of(site: BucketSite) -> tuple[str, ...]:
    if isinstance(site, S3Site):
        return (site.secret_key,)
    return (site.key,) if isinstance(site, AzureSite) else ()


def external_subject(site: S3Site, contents: dict[str, str]) -> Subject:
    """Objects that anybody may read, and presigned ones, by their URLs."""
    for name, is_public in (("public", True), ("private", False)):
        if name not in contents:
            contents[name] = site.new_bucket(is_public=is_public)
            site.put(contents[name], OBJECT, CONTENT)
    private = contents["private"]
    wrong = replace(site, secret_key="wrong")
    return Subject(
        name="external",
        url=site.url,
        content=CONTENT,
        reach=partial(reach_url, contents["public"]),
        refusals={
            "wrong credentials": partial(presign, wrong, private),
            "no credentials": partial(go_unsigned, private),
            "expired": partial(presign, site, private, lifetime_s=-1),
        },
        secrets=secrets_of(site),
    )


def reach_url(bucket: str, url: str) -> Reach:
    return Reach(
        settings={},
        reference=f"{url}/{bucket}/{OBJECT}",
        missing_key=f"{url}/{bucket}/none-{OBJECT}",
        missing_bucket=f"{url}/{PUBLIC_PREFIX}none/{OBJECT}",
    )


def presign(site: S3Site, bucket: str, case: Case, *, lifetime_s: int = 60) -> None:
    url = (
        site.at(case.proxy.url)
        .client()
        .generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": OBJECT}, ExpiresIn=lifetime_s
        )
    )
    case.reach = replace(case.reach, reference=url)


def go_unsigned(bucket: str, case: Case) -> None:
    case.reach = replace(case.reach, reference=f"{case.proxy.url}/{bucket}/{OBJECT}")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("subject", SOURCES, indirect=True)
def test_each_fault_before_each_source_ends_as_it_should(
    subject: Subject,
    fault: str,
    store_proxy: StartProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,
) -> None:
    case = Case(subject, store_proxy, tmp_path / "cache", monkeypatch)
    record_property("matrix", tuple(check(case, fault)))


@pytest.mark.parametrize(
    ("kind", "expected"), [("s3", BLIND), ("s3 fast", BLIND), ("azure", BYTES)]
)
def test_flipped_byte_of_an_object_that_was_uploaded_in_parts(
    request: pytest.FixtureRequest,
    kind: str,
    expected: str,
    store_proxy: StartProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,
) -> None:
    """S3 has no digest of such an object, unless its uploader asked for one."""
    if not kind.endswith("fast"):
        leave_out_obstore(monkeypatch)
    site = site_of(kind, request)
    bucket = site.new_bucket()
    if isinstance(site, S3Site):
        site.put_in_parts(bucket, OBJECT, CONTENT)
    else:
        assert isinstance(site, AzureSite)
        site.put_in_blocks(bucket, OBJECT, CONTENT, block_bytes=100_000)
    reach = partial(reach_store, kind, site, bucket)
    subject = Subject(
        name=kind, url=site.url, content=CONTENT, reach=reach, refusals={}
    )
    case = Case(subject, store_proxy, tmp_path / "cache", monkeypatch)
    asked = 2 if kind.endswith("fast") else 1  # obstore, in vain, and then the SDK
    case.plan(Corrupt(at_byte=1000), times=asked)
    outcome = case.resolve()
    assert outcome == expected
    fault = "flipped byte, uploaded in parts"
    record_property("matrix", (len(FAULTS), fault, kind, outcome))
