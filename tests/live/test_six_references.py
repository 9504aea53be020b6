"""Six kinds of reference in one call: with credentials of one's own, and without."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from transport.conftest import CERTIFICATES
from transport.faults import FaultServer, Reply

from services.api import Api
from services.buckets import AzureSite, BucketSite, GcsSite, S3Site
from services.cloud_projects import StorageKind, import_bucket
from services.pictures import png
from services.projects import IMAGE_CONFIG
from services.sites import Site

AUTHORITY = CERTIFICATES / "authority.pem"
WITHOUT_SDKS = """\
import sys
for name in ("boto3", "botocore", "google.cloud", "google.auth", "azure", "obstore"):
    sys.modules[name] = None
from ls_tools.cli import main
sys.exit(main())
"""
NO_MACHINE = {"AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true"}


@dataclass(frozen=True, kw_only=True)
class Six:
    """Six references and the bytes of each, in one project of one server.

    Attributes:
        project: Its id.
        media: What each reference stands for, in the order asked.
        buckets: Names of the buckets: S3, Google, Azure.
    """

    project: int
    media: Mapping[str, bytes]
    buckets: tuple[str, ...]


@pytest.fixture(scope="module")
def web() -> Iterator[FaultServer]:
    """A web server with a certificate of an authority of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    with FaultServer(tls=context) as server:
        yield server


@pytest.fixture(scope="module")
def six(
    api: Api,
    label_studio: Site,
    web: FaultServer,
    s3_store: S3Site,
    gcs_store: GcsSite,
    azure_store: AzureSite,
) -> Six:
    project = api.create_project("Six references", IMAGE_CONFIG)
    pictures = iter(png(60, 40, seed=seed) for seed in range(700, 706))
    media: dict[str, bytes] = {}
    buckets = []
    stores: dict[StorageKind, BucketSite] = {
        "s3": s3_store,
        "gcs": gcs_store,
        "azure": azure_store,
    }
    for kind, store in stores.items():
        bucket, picture = store.new_bucket(), next(pictures)
        store.put(bucket, "set/a b é.png", picture)
        import_bucket(api, project, kind, store, bucket)
        media[store.reference(bucket, "set/a b é.png")] = picture
        buckets.append(bucket)
    picture = next(pictures)
    media[web.on("/pictures/a.png", Reply(body=picture))] = picture
    picture = next(pictures)
    task = api.upload(project, "up.png", picture)
    media[api.tasks(project)[task]["image"]] = picture
    picture = next(pictures)
    folder = f"six-{uuid.uuid4().hex[:8]}"
    (label_studio.document_root / folder).mkdir()
    (label_studio.document_root / folder / "local é.png").write_bytes(picture)
    api.add_local_files(project, label_studio.document_root / folder)
    local = next(
        data["image"]
        for data in api.tasks(project).values()
        if data["image"].startswith("/data/local-files/")
    )
    media[local] = picture
    return Six(project=project, media=media, buckets=tuple(buckets))


@pytest.fixture
def own_access(
    s3_store: S3Site, gcs_store: GcsSite, azure_store: AzureSite
) -> Mapping[str, str]:
    """What the environment holds of who has access to the stores."""
    return {
        **s3_store.environment,
        "AWS_ENDPOINT_URL_S3": s3_store.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "STORAGE_EMULATOR_HOST": gcs_store.url,
        "AZURE_STORAGE_CONNECTION_STRING": azure_store.connection_string,
    }


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Runs ``ls-tools resolve`` on all six references."""

    label_studio: Site
    six: Six
    folder: Path

    def resolve(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        program: tuple[str, ...] = ("-m", "ls_tools"),
    ) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, results and remarks."""
        project = ("--project", str(self.six.project))
        done = subprocess.run(
            [
                *(sys.executable, *program, "resolve", *self.six.media),
                *(*project, *options, "--json"),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self.folder),
                "LS_TOOLS_CACHE_DIR": str(self.folder / "cache"),
                "LABEL_STUDIO_URL": self.label_studio.url,
                "LABEL_STUDIO_API_KEY": self.label_studio.token,
                "LABEL_STUDIO_VERIFY_SSL": str(AUTHORITY),
                **NO_MACHINE,
                **(env or {}),
            },
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert self.label_studio.token not in done.stdout + done.stderr
        document = json.loads(done.stdout)
        assert "results" in document, document
        return done.returncode, document["results"], done.stderr


@pytest.fixture
def shell(label_studio: Site, six: Six, tmp_path: Path) -> Shell:
    return Shell(label_studio=label_studio, six=six, folder=tmp_path)


def assert_all_are_here(six: Six, results: list[dict[str, Any]]) -> None:
    for (reference, picture), one in zip(six.media.items(), results, strict=True):
        assert one["error"] is None, (reference, one["error"])
        assert Path(one["path"]).read_bytes() == picture


def sources(results: list[dict[str, Any]]) -> list[str]:
    return [one["source"] for one in results]


LATER = ["external", "uploads", "local_files"]


@pytest.mark.parametrize("cloud", ["auto", "direct"])
def test_all_come_directly_with_access_of_ones_own(
    shell: Shell, own_access: Mapping[str, str], cloud: str
) -> None:
    code, results, _ = shell.resolve("--cloud", cloud, env=own_access)
    assert_all_are_here(shell.six, results)
    assert code == 0
    assert sources(results) == ["s3", "gcs", "azure", *LATER]


def test_all_come_through_the_server_without_the_sdks(
    shell: Shell, own_access: Mapping[str, str]
) -> None:
    code, results, remarks = shell.resolve(program=("-c", WITHOUT_SDKS), env=own_access)
    assert_all_are_here(shell.six, results)
    assert code == 0
    assert sources(results) == ["presign"] * 3 + LATER
    for bucket in shell.six.buckets:
        assert f"The bucket {bucket} goes through the server" in remarks


def test_all_come_through_the_server_without_credentials(shell: Shell) -> None:
    code, results, _ = shell.resolve()
    assert_all_are_here(shell.six, results)
    assert code == 0
    assert sources(results) == ["presign"] * 3 + LATER


def test_all_come_through_the_server_with_wrong_credentials(
    shell: Shell, own_access: Mapping[str, str]
) -> None:
    wrong = {
        **own_access,
        "AWS_SECRET_ACCESS_KEY": "wrong",
        "AZURE_STORAGE_CONNECTION_STRING": own_access[
            "AZURE_STORAGE_CONNECTION_STRING"
        ].replace("AccountKey=", "AccountKey=AAAA"),
    }
    code, results, _ = shell.resolve(env=wrong)
    assert_all_are_here(shell.six, results)
    assert code == 0
    assert sources(results) == ["presign", "gcs", "presign", *LATER]


def test_each_bucket_has_its_way(shell: Shell, own_access: Mapping[str, str]) -> None:
    s3, gcs, _ = shell.six.buckets
    code, results, _ = shell.resolve(
        *("--cloud", "direct", "--bucket-cloud", f"{s3}=server"),
        *("--bucket-cloud", f"{gcs}=server"),
        env=own_access,
    )
    assert_all_are_here(shell.six, results)
    assert code == 0
    assert sources(results) == ["presign", "presign", "azure", *LATER]


def test_both_ways_give_one_entry(shell: Shell, own_access: Mapping[str, str]) -> None:
    _, direct, _ = shell.resolve("--cloud", "direct", env=own_access)
    _, served, _ = shell.resolve("--cloud", "server", env=own_access)
    assert [one["path"] for one in served] == [one["path"] for one in direct]
    assert all(one["from_cache"] for one in served)


def test_what_is_needed_is_said_where_neither_way_is_open(shell: Shell) -> None:
    code, results, _ = shell.resolve(
        env={"LABEL_STUDIO_API_KEY": ""}, program=("-c", WITHOUT_SDKS)
    )
    assert code == 4
    for one in results[:3]:
        assert one["error"]["kind"] == "missing-token"
        assert "pip install 'ls-tools[" in one["error"]["hint"]
        assert "LABEL_STUDIO_API_KEY" in one["error"]["hint"]
