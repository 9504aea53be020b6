"""How much is under way at once: less after a store complains, more after it copes.

Knows no request, no file and no thread but those that ask.
"""

from __future__ import annotations

import resource
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from ls_tools.forks import PerProcess

if TYPE_CHECKING:
    from types import TracebackType

LEAST = 1
"""The bound that no complaint lowers."""

START = 16
"""The bound to begin with, and to come back to after a complaint."""

BUSY = 0.75
"""Share of one processor from which on more threads would only wait for it. Time in
the system does not count: threads spend it side by side."""


class Pace:
    """An adaptive bound on what is under way. Safe for threads and forks.

    The bound is ``START`` at first. It is halved when a store complains, at most
    once for all that was sent before the last halving, and grows by one after
    as many successes as it allows at once. Beyond ``START`` it grows while this
    process mostly waits, twofold until a store complains. Whoever waits is served
    in order.

    Args:
        most: Highest bound, 1 or more.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._start = min(most, START)
        # A fork has none of the threads that hold places.
        self._lots = PerProcess(partial(_Lot, self._start))

    def __reduce__(self) -> tuple[type[Pace], tuple[int]]:
        """Pickle as a new one."""
        return Pace, (self.most,)

    @property
    def bound(self) -> int:
        """How much may be under way at once by now."""
        return self._lots.get().bound

    @property
    def under_way(self) -> int:
        """How many places are taken."""
        return self._lots.get().taken

    @property
    def resting(self) -> int:
        """How many gave their place to others for a while."""
        return self._lots.get().resting

    def hold(self) -> _Place:
        """A context in which the calling thread has a place; waits for one.

        A place inside of another one is that one.
        """
        return _Place(self._lots.get())

    def rest(self) -> _Rest:
        """A context in which the calling thread gives its place to others.

        Does nothing where it has none. Waits for a place at the end.
        """
        return _Rest(self._lots.get())

    def mark(self) -> int:
        """What ``slow_down`` and ``done`` are given of a request; ask before it."""
        return self._lots.get().era

    def slow_down(self, mark: int | None = None) -> None:
        """Halve the bound, since a store asked for less.

        Args:
            mark: When the request was sent. It says nothing new if the bound was
                lowered since. None for now.
        """
        self._lots.get().slow_down(mark)

    def done(self, mark: int | None = None, *, is_store: bool = False) -> None:
        """Count a success, after some of which the bound grows.

        Args:
            mark: As for ``slow_down``.
            is_store: Whether it was a store, built for many requests at once; on
                account of others the bound does not grow beyond ``START``.
        """
        lot = self._lots.get()
        if lot.bound < (self.most if is_store else self._start):
            lot.speed_up(mark, self.most)


class _Lot:
    """The places of one process, and those who wait for them."""

    def __init__(self, bound: int) -> None:
        self.start: int = bound
        self.bound: int = bound
        self.taken: int = 0
        self.resting: int = 0
        self.era: int = 0
        self.mine: threading.local = threading.local()
        self._successes = 0
        self._spent_s = (time.monotonic(), _user_s())
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    def take(self) -> None:
        """Take a place; wait for it in turn."""
        with self._lock:
            if self.taken < self.bound and not self._waiting:
                self.taken += 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            self._leave(turn)
            raise

    def give(self, *, rests: bool = False) -> None:
        """Give a place back, or lend it while its thread rests."""
        with self._lock:
            self.taken -= 1
            self.resting += rests
            self._serve()

    def wake(self) -> None:
        """Rest no more; the place is still to be taken."""
        with self._lock:
            self.resting -= 1

    def slow_down(self, mark: int | None) -> None:
        """Halve the bound, once for all that was sent before."""
        with self._lock:
            if mark is None or mark == self.era:
                self.bound = max(self.bound // 2, LEAST)
                self.era += 1
                self._successes = 0

    def speed_up(self, mark: int | None, most: int) -> None:
        """Count a success; raise the bound after as many as it allows at once."""
        with self._lock:
            if mark is not None and mark != self.era:
                return
            self._successes += 1
            if self._successes >= self.bound:
                self._successes = 0
                self.bound = min(self._next_bound(), most)
                self._serve()

    def _next_bound(self) -> int:
        if self.bound < self.start:
            return self.bound + 1
        if self._is_busy():
            return self.bound
        return self.bound + 1 if self.era else self.bound * 2

    def _is_busy(self) -> bool:
        """Whether this process had much to do since it was asked last."""
        before_s, used_s = self._spent_s
        self._spent_s = now_s, spent_s = time.monotonic(), _user_s()
        return spent_s - used_s > BUSY * (now_s - before_s)

    def _serve(self) -> None:
        while self._waiting and self.taken < self.bound:
            self.taken += 1
            self._waiting.popleft().release()

    def _leave(self, turn: threading.Lock) -> None:
        """Stop waiting; a place that was given meanwhile goes to the next."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self.taken -= 1
            self._serve()


def _user_s() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


class _Place:
    """A place of the calling thread, for as long as the block runs."""

    def __init__(self, lot: _Lot) -> None:
        self._lot = lot
        self._is_new = False

    def __enter__(self) -> None:
        mine = self._lot.mine
        if not getattr(mine, "has_place", False):
            self._lot.take()
            self._is_new = mine.has_place = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An interrupt while it rested may have cost the place already.
        if self._is_new and self._lot.mine.has_place:
            self._lot.mine.has_place = False
            self._lot.give()


class _Rest:
    """The calling thread without its place, for as long as the block runs."""

    def __init__(self, lot: _Lot) -> None:
        self._lot = lot
        self._has_left = False

    def __enter__(self) -> None:
        mine = self._lot.mine
        if getattr(mine, "has_place", False):
            mine.has_place = False
            self._has_left = True
            self._lot.give(rests=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._has_left:
            return
        self._lot.wake()
        # Who is interrupted does not wait; its place stays with the others.
        if kind is None:
            self._lot.take()
            self._lot.mine.has_place = True
