"""Things that a forked process must not share with its parent, made once each.

Connections, locks held by threads that a fork leaves behind, and the like.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PerProcess(Generic[T]):
    """One thing per process, made on first use. Safe for threads and forks.

    Args:
        make: Makes it; never called twice at once in one process, and again by
            the next caller after it failed.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[T]] = {}
        self._making: dict[int, Lock] = {}

    def get(self) -> T:
        """This process's own.

        Raises:
            LsToolsError: It cannot be made.
        """
        pid = os.getpid()
        made = self._made.get(pid)
        if made is None:
            with self._making.setdefault(pid, Lock()):
                made = self._made.get(pid)
                if made is None:
                    made = self._made[pid] = (self._make(),)
        return made[0]

    def take(self) -> T | None:
        """Let go of this process's own, if there is one; ``get`` then makes another."""
        made = self._made.pop(os.getpid(), None)
        return made and made[0]
