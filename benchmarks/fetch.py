"""Measure fetching beside boto3, obstore, curl and the existing get_local_path.

    python benchmarks/fetch.py [--rounds 5] [--only ROW] [--out FILE]

Rows: ``small`` (2,000 objects of 100 kB), ``slow`` (500 of them, 50 ms before each
answer) and ``large`` (one of 2 GB). nginx (to be on the PATH) serves the objects as a
bucket; it checks no signature. The md5 of an object is its ETag, but not of the large
one: stores have none for what was uploaded in parts. The sides run by
turns, each in a fresh process and an empty folder. The time is that of the transfers
after a first object, so without imports and logins. Files are checked for their size
after each run.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from environments import python_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BUCKET = "bench"
BARE = "obstore, same files and fsyncs"
CHECKED = "obstore, same files, fsyncs and digests"
THREADS = 16
SMALL_BYTES = 100_000
LARGE_BYTES = 2 * 10**9
DELAY_S = 0.05
_SAMPLE_S = 0.01

NGINX = """
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root};
  uwsgi_temp_path {root}; scgi_temp_path {root};
  map_hash_max_size 65536; map_hash_bucket_size 256;
  map $uri $md5 {{ default ""; include {root}/etags.conf; }}
  server {{ listen 127.0.0.1:{port}; root {root}/objects; include {root}/etag.conf;
    location / {{ add_header ETag $md5; }} }}
}}
"""

PREAMBLE = """
import json, os, sys, time
from concurrent.futures import ThreadPoolExecutor
endpoint, out, threads, *keys = json.load(sys.stdin)
BUCKET = "bench"
def commit(key, data):
    # As a cache entry is: file and sidecar, the file synchronised, renamed at once.
    draft = f"{out}/{key}.draft"
    os.mkdir(draft)
    for name, text in ((key, data), ("meta.json", b"{}" * 300)):
        fd = os.open(f"{draft}/{name}", os.O_WRONLY | os.O_CREAT)
        os.write(fd, text)
        if name == key:
            os.fsync(fd)
        os.close(fd)
    os.mkdir(f"{out}/{key}")
    os.rename(draft, f"{out}/{key}/1")
def run(get):
    first, *others = keys
    get(first)
    began, started = time.time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(get, others))
    print(time.perf_counter() - started, began)
"""
BOTO3 = (
    PREAMBLE
    + """
import boto3
from botocore.config import Config
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
    config=Config(max_pool_connections=threads, s3={"addressing_style": "path"}))
run(lambda key: client.download_file(BUCKET, key, f"{out}/{key}"))
"""
)
HUB_THREADS = 8
HUB = (
    PREAMBLE
    + """
import threading, requests
local = threading.local()
def get(key):
    # As huggingface_hub fetches: streamed beside its place, then renamed.
    if not hasattr(local, "session"):
        local.session = requests.Session()
    with local.session.get(f"{endpoint}/{BUCKET}/{key}", stream=True, timeout=60) as r:
        r.raise_for_status()
        with open(f"{out}/{key}.incomplete", "wb") as file:
            for chunk in r.iter_content(10 * 2**20):
                file.write(chunk)
    os.replace(f"{out}/{key}.incomplete", f"{out}/{key}")
run(get)
"""
)
OPEN_OBSTORE = """
from obstore.store import S3Store
store = S3Store(BUCKET, endpoint=endpoint, region="us-east-1",
    client_options={"allow_http": True})
"""
OBSTORE = (
    PREAMBLE
    + OPEN_OBSTORE
    + """
run(lambda key: commit(key, bytes(store.get(key).bytes())))
"""
)
CHECKED_OBSTORE = (
    PREAMBLE
    + OPEN_OBSTORE
    + """
import hashlib
def get(key):
    answer = store.get(key)
    data = bytes(answer.bytes())
    hashlib.sha256(data).hexdigest()
    if hashlib.md5(data).hexdigest() != answer.meta["e_tag"].strip('"'):
        raise ValueError(key)
    commit(key, data)
run(get)
"""
)
SDK = (
    PREAMBLE
    + """
from label_studio_sdk._extensions.label_studio_tools.core.utils.io import get_local_path
run(lambda key: get_local_path(f"{endpoint}/{BUCKET}/{key}", cache_dir=out))
"""
)
OURS = """
import json, sys, time
endpoint, out, threads, *keys = json.load(sys.stdin)
if {without_fast}:
    sys.modules["obstore"] = None
from pathlib import Path
from ls_tools import Resolver, Settings
from ls_tools.settings import S3Settings
s3 = S3Settings(endpoint_url=endpoint, region="us-east-1")
jobs = {{"jobs": threads}} if threads else {{}}
settings = Settings(cache_dir=Path(out), cloud="direct", s3=s3, **jobs)
first, *others = [f"s3://bench/{{key}}" for key in keys]
with Resolver(settings) as resolver:
    resolver.path(first)
    began, started = time.time(), time.perf_counter()
    found = resolver.paths(others)
    elapsed = time.perf_counter() - started
for one in found:
    if one.error:
        raise one.error
print(elapsed, began)
"""
CURL = """
import json, subprocess, sys, time
endpoint, out, threads, *keys = json.load(sys.stdin)
for key in keys:
    began, started = time.time(), time.perf_counter()
    url, path = f"{{endpoint}}/bench/{{key}}", f"{{out}}/{{key}}"
    subprocess.run(["curl", "-sSfo", path, url], check=True)
    if {sync}:
        subprocess.run(["sync", path], check=True)
print(time.perf_counter() - started, began)
"""


@dataclass(frozen=True)
class Side:
    """One way to fetch.

    Attributes:
        name: In the table.
        script: Reads endpoint, folder, threads and keys as JSON from standard
            input and prints the seconds that the transfers took.
        python: The interpreter that runs it.
        threads: How many at once; 0 leaves it to the script.
    """

    name: str
    script: str
    python: str = sys.executable
    threads: int = THREADS


@dataclass
class Runs:
    """What the rounds of one side gave."""

    seconds: list[float] = field(default_factory=list)
    anonymous_bytes: list[int] = field(default_factory=list)


def main() -> None:
    """Measure the rows, print a table, write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("small", "slow", "large"))
    parser.add_argument("--small", type=int, default=2000, help="objects of that row")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")  # noqa: S106
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as bucket:
        rows = {
            "small": lambda: small(bucket, options.small, options.rounds),
            "slow": lambda: slow(bucket, options.rounds),
            "large": lambda: large(bucket, options.rounds),
        }
        wanted = [options.only] if options.only else list(rows)
        results = {name: rows[name]() for name in wanted}
    for row, figures in results.items():
        for what, value in figures.items():
            print(f"{row:6} {what:40} {value:12.5g}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Bucket:
    """A served folder of objects."""

    endpoint: str
    root: Path
    reload: Sequence[str]

    def fill(
        self, sizes_bytes: Sequence[int], *, is_md5: bool = True
    ) -> dict[str, int]:
        """Make an object of each size, instead of those before; sizes by key.

        Args:
            sizes_bytes: The sizes.
            is_md5: Whether the ETag of each is its md5.
        """
        folder = self.root / "objects" / BUCKET
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        source = random.Random(0)
        keys = {f"{n:05}.bin": size_bytes for n, size_bytes in enumerate(sizes_bytes)}
        lines = []
        for key, size_bytes in keys.items():
            digest = _write(folder / key, size_bytes, source)
            lines.append(f"/{BUCKET}/{key} '\"{digest}\"';\n")
        (self.root / "etags.conf").write_text("".join(lines) if is_md5 else "")
        (self.root / "etag.conf").write_text(f"etag {'off' if is_md5 else 'on'};")
        subprocess.run(self.reload, check=True)
        time.sleep(1)  # nginx takes the new list over in its own time
        return keys


def _write(path: Path, size_bytes: int, source: random.Random) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        left = size_bytes
        while left:
            block = source.randbytes(min(left, 2**20))
            file.write(block)
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


@contextmanager
def serve(root: Path) -> Iterator[Bucket]:
    """Run nginx over a folder below ``root``."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        sys.exit("nginx is needed on the PATH to serve the objects.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (root / "objects").mkdir()
    (root / "etags.conf").touch()
    (root / "etag.conf").touch()
    config = root / "nginx.conf"
    # Started by root, nginx would serve as another user, who may not look in here.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(user + NGINX.format(root=root, port=port))
    command = [nginx, "-c", str(config), "-p", str(root)]
    process = subprocess.Popen(command)
    try:
        while process.poll() is None and not _answers(port):
            time.sleep(0.05)
        yield Bucket(f"http://127.0.0.1:{port}", root, [*command, "-s", "reload"])
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def small_runs(bucket: Bucket, count: int, rounds: int) -> dict[str, Runs]:
    """Many small objects from a store that answers at once."""
    keys = bucket.fill([SMALL_BYTES] * (count + 1))
    sides = [
        Side("ours", OURS.format(without_fast=False)),
        Side("ours without obstore", OURS.format(without_fast=True)),
        Side("boto3", BOTO3),
        Side("requests as huggingface_hub, 8 threads", HUB, threads=HUB_THREADS),
        Side(BARE, OBSTORE),
        Side(CHECKED, CHECKED_OBSTORE),
        Side("existing get_local_path", SDK, python=python_of("label-studio-sdk")),
    ]
    return compare(sides, bucket.endpoint, keys, rounds)


def small(bucket: Bucket, count: int, rounds: int) -> dict[str, float]:
    """The figures of ``small_runs``."""
    runs = small_runs(bucket, count, rounds)
    figures = {f"{name} /s": count / _median(r) for name, r in runs.items()}
    for other in ("boto3", BARE, CHECKED, "existing get_local_path"):
        figures[f"ours, times {other}"] = _ratio(runs["ours"], runs[other])
    return figures


def slow_runs(bucket: Bucket, rounds: int, count: int = 500) -> dict[str, Runs]:
    """Small objects from a store that lets each request wait."""
    keys = bucket.fill([SMALL_BYTES] * (count + 1))
    sides = [
        Side("ours", OURS.format(without_fast=False), threads=0),
        Side("one by one", SDK, python=python_of("label-studio-sdk"), threads=1),
        Side("boto3, 16 threads", BOTO3),
    ]
    with delayed(bucket.endpoint, DELAY_S) as endpoint:
        return compare(sides, endpoint, keys, rounds)


def slow(bucket: Bucket, rounds: int) -> dict[str, float]:
    """The figures of ``slow_runs``."""
    runs = slow_runs(bucket, rounds)
    figures = {f"{name} s": _median(r) for name, r in runs.items()}
    figures["ours, times one by one"] = _ratio(runs["ours"], runs["one by one"])
    return figures


def large_runs(
    bucket: Bucket, rounds: int, size_bytes: int = LARGE_BYTES
) -> dict[str, Runs]:
    """One large object."""
    keys = bucket.fill([SMALL_BYTES, size_bytes], is_md5=False)
    sides = [
        Side("ours", OURS.format(without_fast=False), threads=0),
        Side("ours without obstore", OURS.format(without_fast=True), threads=0),
        Side("boto3", BOTO3),
        Side("curl", CURL.format(sync=False)),
        Side("curl and sync", CURL.format(sync=True)),
    ]
    return compare(sides, bucket.endpoint, keys, rounds)


def large(bucket: Bucket, rounds: int) -> dict[str, float]:
    """The figures of ``large_runs``."""
    runs = large_runs(bucket, rounds)
    figures = {f"{n} MB/s": LARGE_BYTES / 1e6 / _median(r) for n, r in runs.items()}
    for other in ("curl", "curl and sync", "boto3"):
        figures[f"ours, times {other}"] = _ratio(runs["ours"], runs[other])
    for name in ("ours", "ours without obstore", "boto3"):
        peaks = runs[name].anonymous_bytes
        figures[f"{name}, anonymous MB over its start"] = max(peaks) / 1e6
    return figures


def compare(
    sides: list[Side], endpoint: str, keys: Mapping[str, int], rounds: int
) -> dict[str, Runs]:
    """Run the sides by turns."""
    runs = {side.name: Runs() for side in sides}
    for _ in range(rounds):
        for side in sides:
            with tempfile.TemporaryDirectory() as out:
                seconds, peak = fetch(side, endpoint, out, list(keys))
                check(Path(out), list(keys.values()))
            runs[side.name].seconds.append(seconds)
            runs[side.name].anonymous_bytes.append(peak)
    return runs


def fetch(side: Side, endpoint: str, out: str, keys: list[str]) -> tuple[float, int]:
    """Seconds of the transfers, and how far anonymous memory grew under way."""
    process = subprocess.Popen(
        [side.python, "-c", side.script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    watch = _Watch(process.pid)
    watch.start()
    text, _ = process.communicate(json.dumps([endpoint, out, side.threads, *keys]))
    watch.join()
    if process.returncode:
        sys.exit(f"{side.name} failed.")
    seconds, began = map(float, text.split())
    return seconds, watch.growth_bytes(began)


class _Watch(threading.Thread):
    """Samples the anonymous memory of a process and its threads."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._seen: list[tuple[float, int]] = []

    def growth_bytes(self, since: float) -> int:
        """How far it rose after the time ``since`` over what it was then."""
        before = [size for at, size in self._seen if at <= since][-1:] or [0]
        after = [size for at, size in self._seen if at > since]
        return max([0, *(size - before[0] for size in after)])

    def run(self) -> None:
        while True:
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            found = [x for x in lines if x.startswith("RssAnon:")]
            if not found:
                return
            self._seen.append((time.time(), int(found[0].split()[1]) * 1024))
            time.sleep(_SAMPLE_S)


def check(out: Path, sizes_bytes: list[int]) -> None:
    """Make sure that every object is there, whole."""
    found = sorted(p.stat().st_size for p in out.rglob("*.bin") if p.is_file())
    if found != sorted(sizes_bytes):
        sys.exit(f"{len(found)} of {len(sizes_bytes)} files came, or not whole.")


@contextmanager
def delayed(endpoint: str, delay_s: float) -> Iterator[str]:
    """An endpoint in front of another that waits before each answer."""
    host, port = endpoint.removeprefix("http://").split(":")
    loop = asyncio.new_event_loop()

    async def forward(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        upstream, out = await asyncio.open_connection(host, int(port))
        answers = asyncio.create_task(_copy(upstream, writer))
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(delay_s)
                out.write(head)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            out.close()
            await answers
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(forward, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(2**18):
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        return


def _median(runs: Runs) -> float:
    return statistics.median(runs.seconds)


def _ratio(ours: Runs, theirs: Runs) -> float:
    pairs = zip(ours.seconds, theirs.seconds, strict=True)
    return statistics.median(b / a for a, b in pairs)


if __name__ == "__main__":
    main()
