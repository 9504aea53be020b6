"""Fetching from a bucket on loopback, beside the clients that people use today."""

from __future__ import annotations

import functools
import json
import os
import sys
from typing import TYPE_CHECKING

import clients
from bucket import Bucket, delayed, serve
from environments import python_of
from measuring import RunError, Side, compare
from results import Topic, at_most, figures, times

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from measuring import Cost, Runs
    from plan import Plan
    from results import Row, Wanted

SMALL_BYTES = 100_000
DELAY_S = 0.05
THREADS = 16
HUB_THREADS = 8
BARE = "obstore, same files and fsyncs"
CHECKED = "obstore, same files, fsyncs and digests"
_ITS_OWN = 0
_IDLE = " idle"


def small_rows(plan: Plan) -> Iterator[Row]:
    """Many small objects from a store that answers at once."""
    count = plan.size(2_000, 200)
    with serve([SMALL_BYTES] * (count + 1), plan.folder) as bucket:
        without = clients.WITHOUT_OBSTORE + clients.OURS
        hub = "requests as huggingface_hub, 8 threads"
        sides = [
            _side("ours", clients.OURS, bucket),
            _side("ours without obstore", without, bucket),
            _side("boto3", clients.BOTO3, bucket),
            _side(hub, clients.HUB, bucket, threads=HUB_THREADS),
            _side(BARE, clients.OBSTORE, bucket),
            _side(CHECKED, clients.CHECKED_OBSTORE, bucket),
            _side("existing get_local_path", clients.SDK, bucket),
        ]
        runs = _compare(sides, plan.rounds, plan)
    what = f"{count:,} objects of 100 kB, 16 threads"
    topic = Topic("Fetching", "fetch-small", what, "/s")
    wanted = {"boto3": times(4), BARE: times(0.9)}
    yield from _beside_all(topic, runs, lambda x: count / x.wall_s, wanted)


def slow_rows(plan: Plan) -> Iterator[Row]:
    """Small objects from a store that lets each request wait."""
    count = plan.size(500, 100)
    sizes_bytes = [SMALL_BYTES] * (count + 1)
    with (
        serve(sizes_bytes, plan.folder) as fast,
        delayed(fast.endpoint, DELAY_S) as endpoint,
    ):
        bucket = Bucket(endpoint, fast.sizes_bytes)
        sides = [
            _side("ours", clients.OURS, bucket, threads=_ITS_OWN),
            _side("one by one", clients.SDK, bucket, threads=1),
            _side("boto3, 16 threads", clients.BOTO3, bucket),
        ]
        runs = _compare(sides, min(plan.rounds, 3), plan)
    what = f"{count} objects of 100 kB, 50 ms before each answer"
    topic = Topic("Fetching", "fetch-slow", what, "s")
    wanted = {"one by one": times(24)}
    yield from _beside_all(topic, runs, lambda x: x.wall_s, wanted)


def large_rows(plan: Plan) -> Iterator[Row]:
    """One large object, and the memory that it takes."""
    size_mb = plan.size(2_000, 200)
    sizes_bytes = [SMALL_BYTES, size_mb * 10**6]
    with serve(sizes_bytes, plan.folder, has_digests=False) as bucket:
        without = clients.WITHOUT_OBSTORE + clients.OURS
        sides = [
            _side("ours", clients.OURS, bucket, threads=_ITS_OWN),
            _side("ours without obstore", without, bucket, threads=_ITS_OWN),
            _side("boto3", clients.BOTO3, bucket),
            _side("curl", clients.CURL, bucket),
            _side("curl and sync", clients.CURL_AND_SYNC, bucket),
        ]
        first = Bucket(bucket.endpoint, {"00000.bin": SMALL_BYTES})
        idle = [
            _side("ours" + _IDLE, clients.OURS, first, threads=_ITS_OWN),
            _side("boto3" + _IDLE, clients.BOTO3, first),
        ]
        runs = _compare([*sides, *idle], plan.rounds, plan)
    topic = Topic("Fetching", "fetch-large", f"one object of {size_mb:,} MB", "MB/s")
    moved = {side.name: runs[side.name] for side in sides}
    wanted = {"curl": times(0.9)}
    yield from _beside_all(topic, moved, lambda x: size_mb / x.wall_s, wanted)
    what = f"{topic.what}: anonymous memory over that without it"
    topic = Topic("Fetching", "fetch-large", what, "MB")
    mine, theirs = (_further_mb(runs, name) for name in ("ours", "boto3"))
    yield topic.beside("boto3", mine, theirs, at_most(64))


def _beside_all(
    topic: Topic,
    runs: Runs,
    take: Callable[[Cost], float],
    wanted: Mapping[str, Wanted],
) -> Iterator[Row]:
    """Our figure beside that of every other side."""
    ours = figures(runs["ours"], take)
    for name, costs in runs.items():
        if name != "ours":
            yield topic.beside(name, ours, figures(costs, take), wanted.get(name))


def _further_mb(runs: Runs, name: str) -> list[float]:
    """By rounds, what a side took beyond what it took for nearly nothing."""
    pairs = zip(runs[name], runs[name + _IDLE], strict=True)
    return [(a.anonymous_bytes - b.anonymous_bytes) / 1e6 for a, b in pairs]


def _side(name: str, script: str, bucket: Bucket, *, threads: int = THREADS) -> Side:
    is_peer = script == clients.SDK
    python = python_of("label-studio-sdk") if is_peer else sys.executable
    return Side(
        name,
        lambda out: [python, "-c", script, str(out)],
        tells_s=True,
        check=functools.partial(_check, bucket.sizes_bytes.values()),
        given=json.dumps([bucket.endpoint, threads, *bucket.sizes_bytes]),
    )


def _compare(sides: Sequence[Side], rounds: int, plan: Plan) -> Runs:
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")  # noqa: S106
    return compare(sides, rounds, plan.folder)


def _check(sizes_bytes: Collection[int], out: Path) -> None:
    """Make sure that every object is there, whole."""
    found = sorted(p.stat().st_size for p in out.rglob("*.bin") if p.is_file())
    if found != sorted(sizes_bytes):
        msg = f"{len(found)} of {len(sizes_bytes)} files came, or not whole"
        raise RunError(msg)
