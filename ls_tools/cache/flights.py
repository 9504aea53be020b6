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
        self._running: dict[Hashable, Future[T] | None] = {}

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
                is_first = key not in self._running
                future = self._running.setdefault(key, None)
                if not is_first and future is None:
                    future = self._running[key] = Future()
            if future is None:
                return self._fly(key, call), True
            try:
                return future.result(), False
            except CancelledError:
                continue

    def _fly(self, key: Hashable, call: Callable[[], T]) -> T:
        try:
            value = call()
        except BaseException as exc:
            waited_for = self._land(key)
            if waited_for is None:
                raise
            if isinstance(exc, Exception):
                waited_for.set_exception(exc)
            else:
                waited_for.cancel()
            raise
        waited_for = self._land(key)
        if waited_for is not None:
            waited_for.set_result(value)
        return value

    def _land(self, key: Hashable) -> Future[T] | None:
        """End the call for ``key``; what others wait for, if any do."""
        with self._guard:
            return self._running.pop(key, None)
