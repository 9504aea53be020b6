"""Locks on single keys: byte ranges of one file, so that a lock makes no file.

They only save work, as all locks here: whoever cannot have one goes on without.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct
import sys
import time
from contextlib import nullcontext, suppress
from functools import partial
from threading import Condition, Lock
from typing import TYPE_CHECKING, Literal, final
from weakref import WeakSet

from ls_tools.cache.folders import make_folder
from ls_tools.cache.locks import locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from ls_tools.cache.layout import Layout

_LOGGER = logging.getLogger("ls_tools")

Purpose = Literal["fetch", "change"]
"""``fetch`` lasts as long as a download; ``change`` for a few system calls, while
something is decided about what is there: its use is noted, or it is taken away."""

# Linux lays out struct flock in this way; elsewhere files are locked instead.
_HAS_RANGES = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLKW")
_STRUCT_FLOCK = struct.Struct("hhqqi0q")
_DIGITS = 14
_LOOK_INTERVAL_S = 1.0
_CHANGE_BASE = 1 << 60

_all: WeakSet[KeyLocks] = WeakSet()
_files: WeakSet[_RangeFile] = WeakSet()


def _forget_in_child() -> None:
    """A forked child has none of the locks, lest it hold what its parent died with."""
    for file in tuple(_files):
        file.close()
    for locks in tuple(_all):
        locks.forget()


os.register_at_fork(after_in_child=_forget_in_child)


class KeyLocks:
    """The locks on the keys of one cache, for threads and processes alike.

    Two keys whose first digits agree share a lock, which costs a wait at most.

    Args:
        layout: Where the cache lies.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.forget()
        _all.add(self)

    def forget(self) -> None:
        """Start afresh, as if nothing were locked."""
        self._places = _Places()
        self._file: _RangeFile | None = None
        self._has_ranges = _HAS_RANGES

    def fetching(self, key: str) -> AbstractContextManager[None]:
        """Hold the right to fetch ``key``; wait for whoever holds it."""
        instead = partial(locked, self._layout.lock_file(key))
        return _Hold(self._places, self._lock, _place(key, "fetch"), instead)

    def changing(self, key: str) -> AbstractContextManager[None]:
        """Hold the right to decide about what is there of ``key``; wait for it."""
        return _Hold(self._places, self._lock, _place(key, "change"), nullcontext)

    def _lock(self, place: int) -> _RangeFile | None:
        """The file in which ``place`` is locked; None where there are no ranges."""
        try:
            while self._has_ranges:
                file = self._open()
                file.lock(place)
                if file.has_name():
                    return file
                # Whoever removed it took the cache away; others use another file.
                file.unlock(place)
                self._file = None
        except OSError as exc:
            _LOGGER.debug("No range locks in %s: %s", self._layout.locks, exc)
            self._has_ranges = exc.errno not in _NEVER
        return None

    def _open(self) -> _RangeFile:
        file = self._file
        if file is None:
            file = self._file = _RangeFile(self._layout)
        return file


_NEVER = frozenset({errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


class _Places:
    """The places that threads of this process hold."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._given = Condition(self._guard)
        self._taken: set[int] = set()
        self._waiting = 0
        self._pid = os.getpid()

    def take(self, place: int) -> None:
        """Take ``place``, after whoever holds it."""
        with self._guard:
            while place in self._taken:
                self._waiting += 1
                try:
                    self._given.wait()
                finally:
                    self._waiting -= 1
            self._taken.add(place)

    def give(self, place: int) -> None:
        """Let go of it. A forked child has none, and whoever guarded them is gone."""
        if os.getpid() != self._pid:
            return
        with self._guard:
            self._taken.discard(place)
            if self._waiting:
                self._given.notify_all()


@final
class _Hold:
    """A context in which a place is held, among threads and among processes.

    Args:
        places: Those of this process.
        lock: Locks the place among processes; None where that cannot be.
        place: The place.
        instead: Another lock for that case.
    """

    __slots__ = ("_held", "_instead", "_lock", "_place", "_places")

    def __init__(
        self,
        places: _Places,
        lock: Callable[[int], _RangeFile | None],
        place: int,
        instead: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._places = places
        self._lock = lock
        self._place = place
        self._instead: Callable[[], AbstractContextManager[None]] = instead
        self._held: _RangeFile | AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        self._places.take(self._place)
        try:
            self._held = self._lock(self._place)
            if self._held is None:
                self._held = self._instead()
                self._held.__enter__()
        except BaseException:
            self._places.give(self._place)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if isinstance(self._held, _RangeFile):
                self._held.unlock(self._place)
            elif self._held is not None:
                self._held.__exit__(kind, error, trace)
        finally:
            self._places.give(self._place)


class _RangeFile:
    """The open file whose ranges are locked; closed with its last user."""

    def __init__(self, layout: Layout) -> None:
        self.fd = -1
        self._pid = os.getpid()
        self._seen_s = 0.0
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self.fd = os.open(layout.key_locks, flags, 0o666)
        except FileNotFoundError:
            make_folder(layout, layout.locks)
            self.fd = os.open(layout.key_locks, flags, 0o666)
        _files.add(self)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all of it."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def has_name(self) -> bool:
        """Whether others find this file too; looks no more than once a second."""
        now_s = time.monotonic()
        if now_s - self._seen_s > _LOOK_INTERVAL_S:
            if not os.fstat(self.fd).st_nlink:
                return False
            self._seen_s = now_s
        return True

    def lock(self, place: int) -> None:
        """Lock one byte, after whoever holds it."""
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLKW, _range(fcntl.F_WRLCK, place))

    def unlock(self, place: int) -> None:
        """Let go of it; a forked child would let go of what is its parent's."""
        if os.getpid() == self._pid:
            with suppress(OSError):
                fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, _range(fcntl.F_UNLCK, place))


def _place(key: str, purpose: Purpose) -> int:
    start = int(key[:_DIGITS], 16)
    return start + _CHANGE_BASE if purpose == "change" else start


def _range(kind: int, place: int) -> bytes:
    return _STRUCT_FLOCK.pack(kind, os.SEEK_SET, place, 1, 0)
