"""Many pieces of work at once, in a bounded number of threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ls_tools.pacing import Pace
    from ls_tools.progress import Progress

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2048
"""Items that are handed out together; bounds memory, not concurrency."""

_RESTING = 2
"""Most threads for each place: as many again may wait before they try again."""

_LOOK_S = 0.1
"""Seconds after which a wait for results looks whether somebody rests."""


def run_all(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    jobs: int,
    pace: Pace | None = None,
) -> Iterator[tuple[int, R]]:
    """Do ``work`` on each item; yield index and result as each is done.

    Items are taken as there is room for them, so that they may be without end.
    When the consumer stops early, by Ctrl-C included, no further item is begun
    and what is under way is not waited for.

    Args:
        work: Called in threads.
        items: What to work on; iterated by the consumer's thread.
        jobs: Most items under way.
        pace: Bounds what is under way further. More threads are there then, for
            those that wait before they try again without a place.

    Raises:
        BaseException: What ``work`` raised.
    """
    numbered = enumerate(items)
    first = list(islice(numbered, 2))
    if jobs == 1 or len(first) <= 1:
        yield from ((index, work(item)) for index, item in chain(first, numbered))
        return
    crew = _Crew(work, pace)
    try:
        yield from crew.results(chain(first, numbered), jobs)
    finally:
        crew.stop()


class BytesRelay(NullProgress):
    """Passes on the bytes that come while a stage of ``target`` is open."""

    def __init__(self) -> None:
        self.target: Progress = NullProgress()

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Pass on an advance of a single download."""
        self.target.advance(count, size_bytes=size_bytes)


_Done = tuple[int, Callable[[], R]]
"""The place of an item, and what gives its result or raises its error."""


class _Crew(Generic[T, R]):
    """Threads that serve one queue."""

    def __init__(self, work: Callable[[T], R], pace: Pace | None) -> None:
        self._work = work
        self._pace = pace
        self._todo: SimpleQueue[tuple[int, T] | None] = SimpleQueue()
        self._done: SimpleQueue[_Done[R]] = SimpleQueue()
        self._count = 0
        self._stopped = False

    def results(
        self, items: Iterator[tuple[int, T]], jobs: int
    ) -> Iterator[tuple[int, R]]:
        """The results as they come, with about ``_AHEAD`` items handed out."""
        ahead = 0
        for item in islice(items, _AHEAD):
            self._todo.put(item)
            ahead += 1
            self._hire(ahead, jobs)
        while ahead:
            found = self._wait(ahead, jobs)
            ahead -= 1
            for item in islice(items, 1):
                self._todo.put(item)
                ahead += 1
            self._hire(ahead, jobs)
            yield found[0], found[1]()

    def _wait(self, ahead: int, jobs: int) -> _Done[R]:
        while (found := self._look()) is None:
            self._hire(ahead, jobs)
        return found

    def _look(self) -> _Done[R] | None:
        try:
            return self._done.get(timeout=_LOOK_S)
        except Empty:
            return None

    def stop(self) -> None:
        """Begin nothing more, and end the threads."""
        self._stopped = True
        for _ in range(self._count):
            self._todo.put(None)

    def _hire(self, ahead: int, jobs: int) -> None:
        """Start the threads that would find something to do."""
        pace = self._pace
        threads = jobs
        if pace is not None:
            threads = min(min(pace.bound, jobs) + pace.resting, _RESTING * jobs)
        while self._count < min(threads, ahead):
            name = f"ls_tools-{self._count}"
            # Daemons: a stalled download must not hold up the end of the process.
            threading.Thread(target=self._serve, name=name, daemon=True).start()
            self._count += 1

    def _serve(self) -> None:
        while (item := self._todo.get()) is not None:
            # Waiting for an item must not hold a place that another needs.
            with self._pace.hold() if self._pace else nullcontext():
                if self._stopped:
                    return
                self._done.put((item[0], self._do(item[1])))

    def _do(self, item: T) -> Callable[[], R]:
        try:
            result = self._work(item)
        except BaseException as exc:  # noqa: BLE001 -- raised again by the consumer
            return partial(_raise, exc)
        return lambda: result


def _raise(exc: BaseException) -> NoReturn:
    raise exc
