"""Calls into libraries that do not see signals before they have an answer."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def call(function: Callable[[], T]) -> T:
    """Call ``function``, such that Ctrl-C and deadlines do not wait for its end.

    Only the main thread handles signals: there, another thread does the work.
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    done: SimpleQueue[Callable[[], T]] = SimpleQueue()
    # A daemon: what is given up must not hold up the end of the process.
    threading.Thread(target=_work, args=(function, done), daemon=True).start()
    return done.get()()


def _work(function: Callable[[], T], done: SimpleQueue[Callable[[], T]]) -> None:
    try:
        result = function()
    except BaseException as exc:  # noqa: BLE001 -- raised again by the caller
        failure = exc
    else:
        done.put(lambda: result)
        return

    def fail() -> T:
        raise failure

    done.put(fail)
