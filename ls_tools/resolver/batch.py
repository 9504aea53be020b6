"""Many pieces of work at once, in a bounded number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ls_tools.progress import Progress

T = TypeVar("T")
R = TypeVar("R")


def run_all(
    work: Callable[[T], R], items: Sequence[T], *, jobs: int
) -> Iterator[tuple[int, R]]:
    """Do ``work`` on each item; yield index and result as each is done.

    When the consumer stops early, by Ctrl-C included, no further item is begun
    and what is under way is not waited for.

    Args:
        work: Called in threads.
        items: What to work on.
        jobs: Most threads.

    Raises:
        BaseException: What ``work`` raised.
    """
    count = min(jobs, len(items))
    if count <= 1:
        yield from ((index, work(item)) for index, item in enumerate(items))
        return
    crew = _Crew(work, items)
    for number in range(count):
        name = f"ls_tools-{number}"
        # Daemons: a stalled download must not hold up the end of the process.
        threading.Thread(target=crew.serve, name=name, daemon=True).start()
    try:
        for _ in items:
            index, future = crew.done.get()
            yield index, future.result()
    finally:
        crew.stopped = True


class BytesRelay(NullProgress):
    """Passes on the bytes that come while a stage of ``target`` is open."""

    def __init__(self) -> None:
        self.target: Progress = NullProgress()

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Pass on an advance of a single download."""
        self.target.advance(count, size_bytes=size_bytes)


class _Crew(Generic[T, R]):
    def __init__(self, work: Callable[[T], R], items: Sequence[T]) -> None:
        self._work = work
        self._items = items
        self._todo: SimpleQueue[int] = SimpleQueue()
        self.done: SimpleQueue[tuple[int, Future[R]]] = SimpleQueue()
        self.stopped = False
        for index in range(len(items)):
            self._todo.put(index)

    def serve(self) -> None:
        while not self.stopped:
            try:
                index = self._todo.get_nowait()
            except Empty:
                return
            self.done.put((index, self._do(self._items[index])))

    def _do(self, item: T) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(self._work(item))
        except BaseException as exc:  # noqa: BLE001 -- raised again by result()
            future.set_exception(exc)
        return future
