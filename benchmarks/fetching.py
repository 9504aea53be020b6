"""Fetching from a bucket on loopback, beside the clients that people use today."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import fetch
from measuring import NotMeasuredError
from results import Topic, at_most, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan import Plan
    from results import Row

_SMALL_WANTED = {"boto3": times(4), fetch.BARE: times(0.9)}


def small_rows(plan: Plan) -> Iterator[Row]:
    """Many small objects from a store that answers at once."""
    count = plan.size(2_000, 200)
    with _bucket() as bucket:
        runs = fetch.small_runs(bucket, count, plan.rounds)
    what = f"{count:,} objects of 100 kB, 16 threads"
    topic = Topic("Fetching", "fetch-small", what, "/s")
    rates = {name: [count / x for x in r.seconds] for name, r in runs.items()}
    for name, theirs in rates.items():
        if name != "ours":
            yield topic.beside(name, rates["ours"], theirs, _SMALL_WANTED.get(name))


def slow_rows(plan: Plan) -> Iterator[Row]:
    """Small objects from a store that lets each request wait."""
    count = plan.size(500, 100)
    with _bucket() as bucket:
        runs = fetch.slow_runs(bucket, min(plan.rounds, 3), count)
    what = f"{count} objects of 100 kB, 50 ms before each answer"
    topic = Topic("Fetching", "fetch-slow", what, "s")
    wanted = {"one by one": times(24)}
    for name, theirs in runs.items():
        if name != "ours":
            ours = runs["ours"].seconds
            yield topic.beside(name, ours, theirs.seconds, wanted.get(name))


def large_rows(plan: Plan) -> Iterator[Row]:
    """One large object, and the memory that it takes."""
    size_mb = plan.size(2_000, 200)
    with _bucket() as bucket:
        runs = fetch.large_runs(bucket, plan.rounds, size_mb * 10**6)
    what = f"one object of {size_mb:,} MB"
    topic = Topic("Fetching", "fetch-large", what, "MB/s")
    rates = {name: [size_mb / x for x in r.seconds] for name, r in runs.items()}
    wanted = {"curl": times(0.9)}
    for name, theirs in rates.items():
        if name != "ours":
            yield topic.beside(name, rates["ours"], theirs, wanted.get(name))
    what += ": anonymous memory over that before"
    topic = Topic("Fetching", "fetch-large", what, "MB")
    mine, theirs = (
        [x / 1e6 for x in runs[name].anonymous_bytes] for name in ("ours", "boto3")
    )
    yield topic.beside("boto3", mine, theirs, at_most(64))


@contextmanager
def _bucket() -> Iterator[fetch.Bucket]:
    """Serve a bucket, if there is a server for it."""
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        msg = "nginx is not on the PATH"
        raise NotMeasuredError(msg)
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")  # noqa: S106
    with tempfile.TemporaryDirectory() as folder, fetch.serve(Path(folder)) as bucket:
        yield bucket
