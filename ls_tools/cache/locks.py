"""Locks between processes: held by whoever is alive, let go by whoever dies.

A lock only saves work here. Where a file system has none, or grants one twice,
an object is fetched twice and the cache stays right.
"""

from __future__ import annotations

import fcntl
import logging
import os
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGER = logging.getLogger("ls_tools")

LockState = Literal["free", "held", "unknown"]
"""What an attempt to lock a file without waiting tells of it."""

_held: set[int] = set()


def _let_go_in_child() -> None:
    """Close inherited locks, lest a forked child hold what its parent died with."""
    for fd in tuple(_held):
        with suppress(OSError):
            os.close(fd)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)


@cache
def boot_id() -> str:
    """Names the running kernel, inside which locks can be relied on; may be empty."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""
    return text.replace("-", "")[:12]


def lock_softly(fd: int) -> LockState:
    """Lock the open file ``fd`` without waiting, if that is possible.

    Returns:
        ``free`` if it was, and is now locked by this process; ``held`` by
        another; ``unknown`` where the file system has no locks. The file is to
        be let go by ``unlock_and_close`` in each case.
    """
    _held.add(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "held"
    except OSError:
        return "unknown"
    return "free"


def open_lockable(path: str) -> int:
    """Open the existing file ``path`` so that it can be locked.

    Raises:
        OSError: It cannot be opened, or is a link.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        # Another user's file in a shared cache: reading is mostly enough.
        return os.open(path, os.O_RDONLY | flags)


def unlock_and_close(fd: int) -> None:
    """Let go of ``fd``, in copies that forked children hold as well."""
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)
    _held.discard(fd)
    os.close(fd)


def close_locked(fd: int) -> None:
    """Close ``fd``, whose lock means nothing to anybody any more."""
    _held.discard(fd)
    os.close(fd)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock file ``path``; wait for whoever holds it.

    Goes on without a lock where there can be none: a read-only folder, a file
    system without locks. The file is removed with the lock.
    """
    fd = _acquire_softly(path)
    try:
        yield
    finally:
        if fd is not None:
            with suppress(OSError):
                os.unlink(path)
            unlock_and_close(fd)


def _acquire_softly(path: str) -> int | None:
    try:
        return _acquire(path)
    except OSError as exc:
        _LOGGER.debug("No lock on %s, going on without: %s", path, exc)
        return None


def _acquire(path: str) -> int:
    while True:
        fd = _open(path)
        _held.add(fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd
        except BaseException:
            unlock_and_close(fd)
            raise
        # The holder before us removed the file: this lock guards no name.
        unlock_and_close(fd)


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o666)
    except PermissionError:
        return open_lockable(path)
