"""Kill processes that fill one cache at random moments; look at what is left.

Several processes compete. Each round kills one of them with SIGKILL and starts
another in its place. Now and then the cache is verified under their hands.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import answer, body_of, is_whole, request_for

from ls_tools.cache import Cache
from ls_tools.errors import CacheError, NotFoundError
from ls_tools.settings import CacheLimits
from ls_tools.transfer import Fetched, Sink, Validator

KEYS = 6
CHUNK_BYTES = 10_000


def fetch(index: int, seed: int, sink: Sink) -> Fetched:
    body = body_of(index, seed)
    for offset in range(0, len(body), CHUNK_BYTES):
        sink.write_at(offset, body[offset : offset + CHUNK_BYTES])
    return Fetched(size_bytes=len(body), validator=Validator(etag=f'"{seed}"'))


def fetch_again(index: int, sink: Sink, _validator: Validator | None) -> Fetched:
    return fetch(index, 3, sink)


def work(root: Path, seed: int) -> None:
    rng = random.Random(seed)
    cache = Cache(root, CacheLimits(max_bytes=400_000, grace_s=0))
    while True:
        work_once(cache, rng.randrange(KEYS), rng.randrange(1, 1000))


def work_once(cache: Cache, index: int, seed: int) -> None:
    """Renew or fetch one file, read it, now and then lease, evict or remove it."""

    def fill(sink: Sink, validator: Validator | None) -> Fetched:
        if validator is not None and seed % 2:
            return Fetched(not_modified=True)
        return fetch(index, seed, sink)

    outcome = cache.get(request_for(index), fill, mode="revalidate")
    with suppress(FileNotFoundError):  # another process removed it
        assert is_whole(outcome.entry.path.read_bytes(), index)
    with suppress(NotFoundError), cache.lease(outcome.entry) as path:
        assert is_whole(path.read_bytes(), index)
    if seed % 10 == 0:
        with suppress(CacheError):  # another process leases it
            cache.remove(outcome.entry.key)
    if seed % 10 == 1:
        cache.prune(max_bytes=200_000)


def start(root: Path, seed: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(root, seed)
        finally:
            os._exit(1)
    return pid


def inspect(root: Path) -> list[str]:
    cache = Cache(root)
    wrong = [f"{problem.reason} {problem.path}" for problem in cache.verify()]
    for index in range(KEYS):
        entry = cache.lookup(request_for(index).key)
        with suppress(FileNotFoundError):
            if entry is not None and not is_whole(entry.path.read_bytes(), index):
                wrong.append(f"not whole: {entry.path}")
    return wrong


def fetch_all(root: Path) -> list[str]:
    """Get every key: no lock may have outlived its holder."""
    cache = Cache(root)
    for index in range(KEYS):
        cache.get(request_for(index), partial(fetch_again, index))
    return inspect(root)


def main(root: Path, rounds: int, seed: int, count: int) -> None:
    rng = random.Random(seed)
    workers = [start(root, rng.randrange(10**9)) for _ in range(count)]
    wrong: list[str] = []
    died = 0
    for number in range(rounds):
        time.sleep(rng.uniform(0.0, 0.03))
        victim = rng.randrange(len(workers))
        os.kill(workers[victim], signal.SIGKILL)
        died += os.WIFSIGNALED(os.waitpid(workers[victim], 0)[1])
        workers[victim] = start(root, rng.randrange(10**9))
        if number % 10 == 9:
            wrong += inspect(root)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    wrong += inspect(root) + fetch_all(root)
    left = sum(1 for _ in (root / "v1" / "tmp").iterdir())
    answer({"wrong": wrong, "killed": died, "left": left})


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
