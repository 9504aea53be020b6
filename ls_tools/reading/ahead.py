"""Work done ahead of whoever takes the results, in a bounded number of threads."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
R = TypeVar("R")

_ITEMS_PER_THREAD = 4
_Todo = SimpleQueue[Any]  # a piece of work and where its result goes; None to end


@final
class ReadAhead(Generic[T, R]):
    """Does work on the items of an iterator; gives the results in their order.

    Not safe for threads: one consumer takes. After an error every further take
    gives that error, so that nobody takes the beginning for the whole.

    Args:
        work: Called in threads with an item.
        items: What to work on; advanced by whoever takes, only as far as needed.
        jobs: Most threads.
        weigh: The weight of an item.
        most: Weight of what may be under way or waiting, unless a single item
            is heavier.
    """

    def __init__(
        self,
        work: Callable[[T], R],
        items: Iterator[T],
        *,
        jobs: int,
        weigh: Callable[[T], int],
        most: int,
    ) -> None:
        self._work = work
        self._items = items
        self._jobs = jobs
        self._weigh = weigh
        self._most = most
        self._todo: _Todo = SimpleQueue()
        self._ahead: deque[tuple[T, Future[R]]] = deque()
        self._weight = 0
        self._held: list[T] = []
        self._failure: BaseException | None = None
        self._threads = 0
        self._pid = os.getpid()
        self._is_done = False
        # The threads know only the queue, so that a forgotten reader ends them.
        self._dismiss = weakref.finalize(self, _dismiss, self._todo, jobs)

    def take(self) -> tuple[T, R] | None:
        """The next item with its result; None after the last.

        Raises:
            BaseException: What ``work`` or the iterator raised.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._take()
        except BaseException as exc:
            self._failure = exc
            raise

    def close(self) -> None:
        """Begin nothing more; what is under way is not waited for."""
        if os.getpid() != self._pid:
            return  # a lock may be held by a thread that is not here
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()
        self._items = iter(())
        self._dismiss()

    def _take(self) -> tuple[T, R] | None:
        if self._is_done:
            return None
        if os.getpid() != self._pid:
            msg = "The threads that read ahead are in the process that was forked."
            raise UsageError(msg, hint="Open the reader in this process.")
        self._fill()
        if not self._ahead:
            self._is_done = True
            return None
        item, future = self._ahead.popleft()
        self._weight -= self._weigh(item)
        return item, future.result()

    def _fill(self) -> None:
        while len(self._ahead) < _ITEMS_PER_THREAD * self._jobs:
            if not self._held:
                self._held.extend(islice(self._items, 1))
            if not self._held:
                return
            weight = self._weigh(self._held[0])
            if self._ahead and self._weight + weight > self._most:
                return
            self._begin(self._held.pop(), weight)

    def _begin(self, item: T, weight: int) -> None:
        future: Future[R] = Future()
        self._ahead.append((item, future))
        self._weight += weight
        self._todo.put((future, self._work, item))
        if self._threads < self._jobs:
            self._threads += 1
            name = f"ls_tools-read-{self._threads}"
            # Daemons: a stalled download must not hold up the end of the process.
            threading.Thread(
                target=_serve, args=(self._todo,), name=name, daemon=True
            ).start()


def _dismiss(todo: _Todo, jobs: int) -> None:
    for _ in range(jobs):
        todo.put(None)


def _serve(todo: _Todo) -> None:
    while (order := todo.get()) is not None:
        _do(*order)


def _do(future: Future[R], work: Callable[[T], R], item: T) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work(item))
    except BaseException as exc:  # noqa: BLE001 -- raised again by take()
        future.set_exception(exc)
