"""Labeled data in real stores: listed in pages, read as a folder is."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reading.samples import make_task

from ls_tools.errors import (
    AccessError,
    CredentialsRejectedError,
    NetworkError,
    NotFoundError,
)
from ls_tools.pipeline import convert
from ls_tools.reading import read_tasks
from ls_tools.settings import Settings
from services.buckets import BucketSite, S3Site
from services.fault_proxy import StartProxy
from services.faults import Cut, Reset, Stall, Status


@pytest.fixture(params=["s3_credentials", "gcs_store", "azure_store"])
def site(request: pytest.FixtureRequest) -> BucketSite:
    """Each of the stores."""
    found: BucketSite = request.getfixturevalue(request.param)
    return found


def settings_for(site: Any, **changes: Any) -> Settings:
    scheme = site.reference("bucket", "key").partition(":")[0]
    group = {"s3": "s3", "gs": "gcs", "azure-blob": "azure"}[scheme]
    given = {"retry_wait_s": 0.01, "retry_attempts": 4, "jobs": 8, **changes}
    return Settings(**{group: site.settings}, **given)


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_prefix_reads_as_a_folder_does(site: BucketSite) -> None:
    bucket = site.new_bucket()
    for number, name in enumerate(("1.json", "2", "a b é.json", "sub/3.jsonl")):
        site.put(bucket, f"set/{name}", encode(make_task(number)))
    site.put(bucket, "set/4.json.gz", gzip.compress(encode(make_task(4))))
    site.put(bucket, "set/5.jpg", b"\xff\xd8\xff")
    site.put(bucket, "settle/6.json", encode(make_task(6)))
    for uri in (site.reference(bucket, "set/"), site.reference(bucket, "set")):
        with read_tasks(uri, settings=settings_for(site)) as reader:
            assert [task.id for task in reader] == [0, 1, 4, 2, 3]
            assert reader.problems == []


def test_single_object_is_read(site: BucketSite) -> None:
    bucket = site.new_bucket()
    tasks = [make_task(number) for number in range(3)]
    site.put(bucket, "export.json", encode(tasks))
    site.put(bucket, "export.json.gz", gzip.compress(encode(tasks)))
    for name in ("export.json", "export.json.gz"):
        uri = site.reference(bucket, name)
        with read_tasks(uri, settings=settings_for(site)) as reader:
            assert [task.id for task in reader] == [0, 1, 2]


def test_large_export_is_read(site: BucketSite) -> None:
    """An object beyond the size from which it comes in parts."""
    bucket = site.new_bucket()
    tasks = [make_task(n, meta="x" * 2**20) for n in range(70)]
    site.put(bucket, "set/export.json", encode(tasks))
    uri = site.reference(bucket, "set/")
    with read_tasks(uri, settings=settings_for(site)) as reader:
        assert [len(task.raw) for task in reader] == [len(encode(t)) for t in tasks]


def test_bucket_that_is_missing_is_not_found(site: BucketSite) -> None:
    uri = site.reference("set-missing-0", "set/")
    with pytest.raises(NotFoundError, match="set-missing-0"):
        read_tasks(uri, settings=settings_for(site))


def test_prefix_without_objects_is_not_found(site: BucketSite) -> None:
    bucket = site.new_bucket()
    for key in ("nothing/", "nothing", "nothing.json"):
        with pytest.raises(NotFoundError, match="nothing"):
            read_tasks(site.reference(bucket, key), settings=settings_for(site))


@pytest.mark.parametrize("scheme", ["s3", "azure"])
def test_wrong_credentials_are_told(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    site = request.getfixturevalue(f"{scheme}_store")
    bucket = site.new_bucket()
    site.put(bucket, "set/1.json", encode(make_task(1)))
    settings = settings_for(site)
    if scheme == "s3":
        site.log_in(monkeypatch)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    else:
        wrong = type(settings.azure)(account_url=site.url, account_key="d3Jvbmc=")
        settings = settings.evolve(azure=wrong)
    for key in ("set/", "set/1.json"):
        with pytest.raises(AccessError, match=bucket) as caught:
            read_tasks(site.reference(bucket, key), settings=settings)
        assert isinstance(caught.value, CredentialsRejectedError)


def test_two_thousand_objects_are_read(s3_credentials: S3Site) -> None:
    """More than two pages of a listing."""
    bucket, client = s3_credentials.new_bucket(), s3_credentials.client()
    for number in range(2001):
        body = encode(make_task(number))
        client.put_object(Bucket=bucket, Key=f"set/{number:05}.json", Body=body)
    settings = settings_for(s3_credentials, jobs=16)
    with read_tasks(f"s3://{bucket}/set/", settings=settings) as reader:
        assert [task.id for task in reader] == list(range(2001))


def test_faults_under_way_are_passed_over(
    s3_credentials: S3Site, store_proxy: StartProxy
) -> None:
    bucket = s3_credentials.new_bucket()
    for number in range(20):
        s3_credentials.put(bucket, f"set/{number:02}.json", encode(make_task(number)))
    proxy = store_proxy(s3_credentials.url)
    proxy.plan(Status(code=503), target="list-type")
    proxy.plan(Cut(after_bytes=300), Reset(after_bytes=100), target=r"set/1\d\.json")
    settings = settings_for(s3_credentials.at(proxy.url))
    with read_tasks(f"s3://{bucket}/set/", settings=settings) as reader:
        assert [task.id for task in reader] == list(range(20))
    assert proxy.unused == 0


def test_store_that_is_down_is_an_error_worth_a_retry(
    s3_credentials: S3Site,
) -> None:
    site = s3_credentials.at("http://127.0.0.1:9")
    settings = settings_for(site, retry_attempts=2)
    with pytest.raises(NetworkError, match="labels"):
        read_tasks("s3://labels/set/", settings=settings)


def test_prefix_converts_as_the_same_tasks_in_a_file(
    site: BucketSite, tmp_path: Path
) -> None:
    bucket = site.new_bucket()
    tasks = [make_task(number) for number in range(5)]
    for task in tasks:
        site.put(bucket, f"set/{task['id']}", encode(task))
    (tmp_path / "tasks.json").write_bytes(encode(tasks))
    uri, settings = site.reference(bucket, "set/"), settings_for(site)
    convert(uri, "coco", tmp_path / "a", settings=settings)
    convert(str(tmp_path / "tasks.json"), "coco", tmp_path / "b", settings=settings)
    names = ("result.json", "manifest.jsonl", "report.json")
    for name in names:
        ours, theirs = (tmp_path / "a" / name), (tmp_path / "b" / name)
        assert ours.read_bytes() == theirs.read_bytes()


def start_cli(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ls_tools", *map(str, arguments)],
        env={**os.environ, "LS_TOOLS_READ_TIMEOUT_S": "60", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_cli(*arguments: object, **variables: str) -> tuple[int, str, str]:
    with start_cli(*arguments, **variables) as process:
        stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


@pytest.fixture
def variables(s3_credentials: S3Site, tmp_path: Path) -> dict[str, str]:
    """What a command needs to reach the S3 store."""
    cache = str(tmp_path / "cache")
    reach = {"AWS_ENDPOINT_URL": s3_credentials.url, "AWS_REGION": "us-east-1"}
    return {**reach, "LS_TOOLS_CACHE_DIR": cache}


def test_convert_reads_a_prefix(
    s3_credentials: S3Site, variables: dict[str, str], tmp_path: Path
) -> None:
    bucket = s3_credentials.new_bucket()
    s3_credentials.put(bucket, "set/1", encode(make_task(1)))
    command = ("convert", f"s3://{bucket}/set/", "--to", "coco", "--json")
    code, stdout, stderr = run_cli(*command, "--out", tmp_path / "out", **variables)
    assert code == 0, stderr
    assert json.loads(stdout)["tasks_written"] == 1
    assert (tmp_path / "out" / "result.json").exists()


def test_media_reads_a_prefix(
    s3_credentials: S3Site, variables: dict[str, str]
) -> None:
    bucket = s3_credentials.new_bucket()
    s3_credentials.put(bucket, "a.jpg", b"a picture")
    data = {"image": f"s3://{bucket}/a.jpg"}
    s3_credentials.put(bucket, "set/1.json", encode(make_task(1, data=data)))
    code, stdout, stderr = run_cli(
        "media", f"s3://{bucket}/set/", "--json", **variables
    )
    assert code == 0, stderr
    assert json.loads(stdout)["fetched"] == 1


@pytest.mark.parametrize(
    ("prefix", "options", "changes", "code", "text"),
    [
        ("set/", (), {}, 3, "no object below"),
        ("set.json", (), {}, 3, "set.json"),
        ("set/", ("--offline",), {}, 2, "offline"),
        ("set/", ("--cloud", "server"), {}, 2, "--cloud direct"),
        ("set/", (), {"AWS_SECRET_ACCESS_KEY": "wrong"}, 4, "set-"),
    ],
)
def test_failures_have_the_exit_code_of_their_cause(
    s3_credentials: S3Site,
    variables: dict[str, str],
    tmp_path: Path,
    prefix: str,
    options: tuple[str, ...],
    changes: dict[str, str],
    code: int,
    text: str,
) -> None:
    uri = f"s3://{s3_credentials.new_bucket()}/{prefix}"
    command = ("convert", uri, "--to", "coco", "--out", tmp_path / "out", *options)
    found, stdout, stderr = run_cli(*command, **{**variables, **changes})
    assert (found, stdout) == (code, "")
    assert text in stderr
    assert not (tmp_path / "out").exists()


def test_interrupt_ends_a_stalled_read_at_once(
    s3_credentials: S3Site,
    variables: dict[str, str],
    store_proxy: StartProxy,
    tmp_path: Path,
) -> None:
    bucket = s3_credentials.new_bucket()
    s3_credentials.put(bucket, "set/1", encode(make_task(1)))
    proxy = store_proxy(s3_credentials.url)
    proxy.plan(Stall(after_bytes=10), target="set/1", times=9)
    out = tmp_path / "out"
    command = ("convert", f"s3://{bucket}/set/", "--to", "coco", "--out", out)
    reach = {**variables, "AWS_ENDPOINT_URL": proxy.url, "TMPDIR": str(tmp_path)}
    with start_cli(*command, **reach) as process:
        wait_until(lambda: bool(proxy.seen("set/1")))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 130, stderr
    assert list(tmp_path.iterdir()) == []


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)
