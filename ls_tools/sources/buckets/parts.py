"""A large object in parts: which there are, and the threads that get them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import BoundedSemaphore, Event
from typing import TYPE_CHECKING

from ls_tools.forks import PerProcess
from ls_tools.sources.buckets.copying import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PARALLEL_BYTES = 64 * 2**20
"""Objects larger than this may come in parts. Below it one connection is through in a
few seconds on the slowest of links, and bulk transfers are parallel as it is."""

PART_BYTES = 32 * 2**20
"""Size of a part: at 100 MB/s a third of a second, so that the latency of its request
does not count, and few are left to the last."""

FAST_BYTES_PER_S = 200e6
"""Rate from which one connection is enough: measured on two cores, parts of 2 GB from
loopback took twice as long as all in order, since the processor is the bound."""

MOST_THREADS = 8
"""Threads for one object. Each holds a chunk or two of 1 MiB at most."""


class PartThreads:
    """How many threads for parts there may be in a process at once.

    Args:
        most: For one object. Several at once share so many more threads than one
            each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = PerProcess(lambda: BoundedSemaphore(most - 1))

    @property
    def are_useful(self) -> bool:
        """Whether there may be more than one."""
        return self._most > 1

    @contextmanager
    def taken(self, wanted: int) -> Iterator[int]:
        """Take up to ``wanted`` threads; one there always is.

        Yields:
            How many there are, 1 to ``wanted``.
        """
        free = self._free.get()
        count = 0
        try:
            while count < wanted - 1 and free.acquire(blocking=False):
                count += 1
            yield 1 + count
        finally:
            for _ in range(count):
                free.release()


def split(start: int, size_bytes: int) -> list[Stretch]:
    """The parts of an object of ``size_bytes`` from ``start`` on."""
    return [
        Stretch(position=position, stop=min(position + PART_BYTES, size_bytes))
        for position in range(start, size_bytes, PART_BYTES)
    ]


def pull_parts(
    pull: Callable[[Stretch], None],
    parts: Iterable[Stretch],
    *,
    threads: int,
    stopped: Event,
) -> None:
    """Call ``pull`` for every part, in so many threads.

    After an error no further part begins, and ``stopped`` is set for those under
    way; this returns when all threads are through, since they write to the sink.

    Raises:
        LsToolsError: The first error of ``pull``.
    """
    waiting = deque(parts)

    def work() -> None:
        while waiting and not stopped.is_set():
            try:
                part = waiting.popleft()
            except IndexError:
                return
            pull(part)

    with ThreadPoolExecutor(threads, thread_name_prefix="ls-tools-part") as pool:
        try:
            for future in as_completed([pool.submit(work) for _ in range(threads)]):
                future.result()
        finally:
            stopped.set()
