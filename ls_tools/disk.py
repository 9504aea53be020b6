"""What everything that writes files needs alike; knows no file and no error of ours."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room: on the disk, in the quota, in the largest file allowed."""

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
"""Flags that open a file for writing, and never one that is there already."""

LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""The file system has no locks."""


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data``, however little the system takes at a time.

    Raises:
        OSError: It cannot be written.
    """
    written = os.write(descriptor, data)
    if written < len(data):
        rest = memoryview(data)[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def write_all_at(descriptor: int, data: bytes, offset: int) -> None:
    """Likewise at ``offset`` bytes from the start; the position stays as it was.

    Raises:
        OSError: It cannot be written.
    """
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        offset += written
        view = view[written:]


def sync_folder(path: str | Path) -> None:
    """Make the names in folder ``path`` durable.

    Raises:
        OSError: It is gone or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
