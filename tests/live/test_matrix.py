"""Every fault before every way that leads through Label Studio."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from stores.matrix import BYTES, FAULTS, OBJECT, Case, Reach, Subject, check

from services.api import Api
from services.buckets import S3Site
from services.cloud_projects import seed_import_project
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Cut, Status
from services.projects import IMAGE_CONFIG
from services.sites import Site

CONTENT = random.Random(8).randbytes(300_000)
EXPIRED = (
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
)


def set_token(token: str | None) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.settings = case.settings.evolve(token=token)

    return change


def refusals_of(site: Site) -> Mapping[str, Callable[[Case], None]]:
    return {
        "wrong credentials": set_token("f" * 40),
        "no credentials": set_token(None),
        "expired": set_token(site.mint_access_token(-60)),
    }


def subject_of(name: str, site: Site, **fields: Any) -> Subject:
    """A source that leads to the server at ``site``."""
    given = {"url": site.url, "refusals": refusals_of(site), **fields}
    secrets = (site.token, site.secret_key())
    return Subject(name=name, content=CONTENT, secrets=secrets, **given)


def reach_files(site: Site, *references: str) -> Callable[[str], Reach]:
    def reach(url: str) -> Reach:
        reference, missing_key, missing_bucket = references
        return Reach(
            settings=settings_at(url, site),
            reference=reference,
            missing_key=missing_key,
            missing_bucket=missing_bucket,
        )

    return reach


def settings_at(url: str, site: Site) -> dict[str, Any]:
    return {"url": url, "token": site.token, "cloud": "server", "read_timeout_s": 3}


@pytest.fixture(scope="module")
def uploads(label_studio: Site, api: Api) -> Subject:
    project = api.create_project("Matrix", IMAGE_CONFIG)
    task = api.upload(project, OBJECT, CONTENT)
    reference = api.tasks(project)[task]["image"]
    missing = [f"/data/upload/{number}/none-{OBJECT}" for number in (project, 10**8)]
    reach = reach_files(label_studio, reference, *missing)
    return subject_of("uploads", label_studio, reach=reach)


@pytest.fixture(scope="module")
def local_files(label_studio: Site, api: Api) -> Subject:
    folder = f"matrix-{uuid.uuid4().hex[:8]}"
    path = label_studio.document_root / folder / OBJECT
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    api.add_local_files(api.create_project("Matrix", IMAGE_CONFIG), path.parent)
    names = (f"{folder}/{OBJECT}", f"{folder}/none-{OBJECT}", f"no-folder/{OBJECT}")
    references = [f"/data/local-files/?d={name}" for name in names]
    reach = reach_files(label_studio, *references)
    return subject_of("local files", label_studio, reach=reach)


@pytest.fixture(scope="module")
def presign_proxy(label_studio: Site, api: Api, s3_store: S3Site) -> Subject:
    reach = reach_bucket(label_studio, api, s3_store, s3_store, is_presigned=False)
    return subject_of("presign proxy", label_studio, reach=reach, target="fileuri=")


@pytest.fixture(scope="module")
def presign_redirect(
    label_studio: Site, api: Api, s3_store: S3Site
) -> Iterator[Subject]:
    """The faults are put before the store that the server redirects to."""
    with FaultProxy(s3_store.url) as proxy:
        shown = s3_store.at(proxy.url)
        reach = reach_bucket(label_studio, api, s3_store, shown, is_presigned=True)

        def reach_directly(url: str) -> Reach:
            return reach(label_studio.url if url == proxy.url else url)

        yield subject_of(
            "presign redirect",
            label_studio,
            reach=reach_directly,
            proxy=proxy,
            refusals={**refusals_of(label_studio), "expired": expire},
        )


def expire(case: Case) -> None:
    case.plan(Status(code=403, content=EXPIRED), times=100)


def reach_bucket(
    site: Site, api: Api, store: S3Site, shown: S3Site, *, is_presigned: bool
) -> Callable[[str], Reach]:
    """What to ask for in a bucket of ``store``, which the server knows as ``shown``."""
    project = seed_import_project(api, "s3", shown, is_presigned=is_presigned)
    place = f"s3://{project.bucket}/{project.prefix}"
    store.put(project.bucket, f"{project.prefix}/{OBJECT}", CONTENT)

    def reach(url: str) -> Reach:
        return Reach(
            settings=settings_at(url, site),
            reference=f"{place}/{OBJECT}",
            missing_key=f"{place}/none-{OBJECT}",
            missing_bucket=f"s3://no-such-bucket-here/{OBJECT}",
            task_id=project.tasks["plain"].id,
        )

    return reach


@pytest.fixture(params=["uploads", "local_files", "presign_proxy", "presign_redirect"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("fault", FAULTS)
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


def test_each_try_asks_for_a_link_that_has_not_expired(
    presign_redirect: Subject,
    store_proxy: StartProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(presign_redirect, store_proxy, tmp_path / "cache", monkeypatch)
    server = store_proxy(presign_redirect.url)
    case.go_to(server.url)
    case.plan(Cut(after_bytes=100_000))
    assert case.resolve() == BYTES
    assert len(server.seen("/resolve/")) == len(case.proxy.seen(OBJECT)) == 2
