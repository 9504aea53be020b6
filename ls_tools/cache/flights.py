"""Calls for one key at a time within a process; the others share its outcome."""

from __future__ import annotations

import os
from concurrent.futures import CancelledError, Future
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")

_all: WeakSet[Flights[Any]] = WeakSet()


def _forget_in_child() -> None:
    """Drop the flights of threads that a fork did not take along."""
    for flights in tuple(_all):
        flights.forget()


os.register_at_fork(after_in_child=_forget_in_child)


class Flights(Generic[T]):
    """The calls under way in this process, by key."""

    def __init__(self) -> None:
        self.forget()
        _all.add(self)

    def forget(self) -> None:
        """Start afresh, as if nothing were under way."""
        self._guard = Lock()
        self._running: dict[Hashable, Future[T]] = {}

    def share(self, key: Hashable, call: Callable[[], T]) -> tuple[T, bool]:
        """The value of ``call``, or of the call under way for ``key``.

        An error is shared as well, so that many waiters of one failing call
        fail together. When the thread that makes the call is interrupted, a
        waiter makes it in its place.

        Returns:
            The value, and whether this thread made the call.
        """
        while True:
            with self._guard:
                future = self._running.get(key)
                first = future is None
                if future is None:
                    future = self._running[key] = Future()
            if first:
                return self._fly(key, future, call), True
            try:
                return future.result(), False
            except CancelledError:
                continue

    def _fly(self, key: Hashable, future: Future[T], call: Callable[[], T]) -> T:
        try:
            value = call()
        except BaseException as exc:
            self._land(key)
            if isinstance(exc, Exception):
                future.set_exception(exc)
            else:
                future.cancel()
            raise
        self._land(key)
        future.set_result(value)
        return value

    def _land(self, key: Hashable) -> None:
        with self._guard:
            self._running.pop(key, None)
