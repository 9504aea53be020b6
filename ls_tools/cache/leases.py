"""Leases: notes that a living process needs a version, which is then not evicted.

A lease is a file that its process keeps locked. Where locks cannot be trusted it
counts for a day.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ls_tools.cache.folders import delete, make_folder, names_in
from ls_tools.cache.layout import is_key, is_version
from ls_tools.cache.locks import (
    boot_id,
    lock_softly,
    open_lockable,
    unlock_and_close,
)
from ls_tools.cache.naming import unique_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.cache.entry import Entry
    from ls_tools.cache.layout import Layout

LIMIT_S = 24 * 3600.0
"""Age up to which a lease counts whose process cannot be told to live or not."""

LEASE_PREFIX = "lease-"
"""Temporary files with this prefix are leases about to be put in place."""

Needed = tuple[str, str]
"""Key and version that a lease or a pin is for."""


@contextmanager
def leased(layout: Layout, entry: Entry) -> Iterator[None]:
    """Hold a lease on ``entry``.

    Raises:
        OSError: The cache cannot be written.
    """
    name = f"{entry.key}.{entry.version}.{boot_id()}-{unique_name()}"
    path, owner = f"{layout.leases}/{name}", os.getpid()
    fd = _open_locked(layout, name)
    try:
        yield
    finally:
        # A forked child leaves the block too, and the lease is its parent's.
        if os.getpid() == owner:
            with suppress(OSError):
                os.unlink(path)
            unlock_and_close(fd)


def _open_locked(layout: Layout, name: str) -> int:
    """Put a lease in place that is locked from the first moment it is seen."""
    for folder in (layout.tmp, layout.leases):
        make_folder(layout, folder)
    draft = f"{layout.tmp}/{LEASE_PREFIX}{unique_name()}"
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        lock_softly(fd)
        os.rename(draft, f"{layout.leases}/{name}")
    except BaseException:
        delete(draft)
        unlock_and_close(fd)
        raise
    return fd


def find_leased(layout: Layout) -> set[Needed]:
    """What living processes hold leases on.

    Raises:
        OSError: The leases cannot be read.
    """
    names = names_in(layout.leases)
    found = ((_parse(name), f"{layout.leases}/{name}") for name in names)
    return {needed for needed, path in found if needed and _is_live(path)}


def sweep_leases(layout: Layout) -> None:
    """Delete the leases of processes that died.

    Raises:
        OSError: The leases cannot be read.
    """
    for name in names_in(layout.leases):
        path = f"{layout.leases}/{name}"
        if _parse(name) and not _is_live(path):
            delete(path)


def _parse(name: str) -> Needed | None:
    key, _, rest = name.partition(".")
    version, _, unique = rest.partition(".")
    return (key, version) if is_key(key) and is_version(version) and unique else None


def _is_live(path: str) -> bool:
    """Whether a lease counts: locked, or perhaps locked on another machine."""
    try:
        fd = open_lockable(path)
    except FileNotFoundError:
        return False
    except OSError:
        return _is_recent(path)
    state = lock_softly(fd)
    unlock_and_close(fd)
    if state == "held":
        return True
    ours = f".{boot_id()}-" in os.path.basename(path) and bool(boot_id())
    return not (state == "free" and ours) and _is_recent(path)


def _is_recent(path: str) -> bool:
    try:
        return abs(time.time() - os.lstat(path).st_mtime) < LIMIT_S
    except OSError:
        return False
