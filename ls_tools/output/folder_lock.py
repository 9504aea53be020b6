"""A lock that keeps two runs off one folder and leaves no file behind.

Knows nothing of what it protects.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ls_tools.disk import LOCKLESS
from ls_tools.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOGGER = logging.getLogger("ls_tools")
_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})


@contextmanager
def hold_lock(path: Path, *, protects: Path) -> Iterator[bool]:
    """Hold the lock file ``path`` for the duration of the block.

    The lock dies with the process, however that ends.

    Args:
        path: The lock file; it exists only while the lock is held.
        protects: The folder that messages name.

    Yields:
        Whether the file system can lock at all. Where it cannot, the block
        runs unprotected.

    Raises:
        OutputError: Another process holds the lock, or no file can be made.
    """
    descriptor = _acquire(path, protects)
    if descriptor is None:
        yield False
        return
    try:
        with suppress(OSError):
            os.write(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode())
        yield True
    finally:
        # Unlinked before the lock is let go: who opened it meanwhile finds it
        # without a name, and starts again.
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _acquire(path: Path, protects: Path) -> int | None:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            is_locked = _lock(descriptor, protects)
        except BaseException:
            os.close(descriptor)
            raise
        if is_locked and os.fstat(descriptor).st_nlink > 0:
            os.ftruncate(descriptor, 0)
            return descriptor
        os.close(descriptor)
        if not is_locked:
            with suppress(OSError):
                path.unlink()
            return None


def _lock(descriptor: int, protects: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in _BUSY:
            raise _busy(descriptor, protects) from exc
        if exc.errno in LOCKLESS:
            _LOGGER.warning("The file system of %s has no locks: %s", protects, exc)
            return False
        raise
    return True


def _busy(descriptor: int, protects: Path) -> OutputError:
    owner = os.read(descriptor, 200).decode("utf-8", "replace").split()
    who = f" (process {owner[0]} on {owner[1]})" if len(owner) == len("12") else ""
    return OutputError(
        f"Another run{who} is writing {protects}.",
        hint="Wait for it to end, or give another folder.",
        path=str(protects),
    )
