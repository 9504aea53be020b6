"""Takes out what was chosen to go, one process at a time, safe against readers."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.cache.choosing import Goal, choose
from ls_tools.cache.folders import delete, delete_folder, make_folder, set_aside
from ls_tools.cache.leases import find_leased
from ls_tools.cache.locks import lock_softly, unlock_and_close
from ls_tools.cache.pins import find_pinned
from ls_tools.cache.survey import noted_use_ns, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.survey import Version

_LOGGER = logging.getLogger("ls_tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """What an eviction did, or would do.

    Attributes:
        removed: What went, in the order in which it went.
        removed_bytes: Its size.
        kept: Number of versions that stay.
        kept_bytes: Their size.
        needed: How many of those are leased or pinned.
        recent: How many of the others were used too lately to go.
    """

    removed: tuple[Version, ...]
    removed_bytes: int
    kept: int
    kept_bytes: int
    needed: int
    recent: int


@contextmanager
def evicting(layout: Layout, *, wait: bool) -> Iterator[int | None]:
    """Be the one process that evicts.

    Yields:
        The time of the file system in nanoseconds, by which uses are noted; None
        where another process evicts and this one does not wait.
    """
    fd = _open(layout)
    if fd is None:
        yield time.time_ns()
        return
    try:
        if wait:
            _lock_softly_in_turn(fd)
        elif lock_softly(fd) == "held":
            yield None
            return
        os.utime(fd)
        yield os.fstat(fd).st_mtime_ns
    finally:
        unlock_and_close(fd)


def plan(layout: Layout, goal: Goal, now_ns: int) -> Eviction:
    """What is to go for ``goal``, and what would stay.

    Raises:
        OSError: The cache cannot be read.
    """
    versions = survey(layout)
    needed = find_leased(layout) | find_pinned(layout)
    chosen = choose(versions, needed, goal, now_ns)
    going = {(x.key, x.name) for x in chosen}
    kept = [x for x in versions if (x.key, x.name) not in going]
    in_need = [x for x in kept if (x.key, x.name) in needed]
    spared_ns = goal.spared_s * 10**9
    recent = [x for x in kept if abs(now_ns - x.used_ns) < spared_ns]
    return Eviction(
        removed=tuple(chosen),
        removed_bytes=sum(x.size_bytes for x in chosen),
        kept=len(kept),
        kept_bytes=sum(x.size_bytes for x in kept),
        needed=len(in_need),
        recent=len({*recent} - {*in_need}),
    )


def carry_out(layout: Layout, locks: KeyLocks, planned: Eviction) -> Eviction:
    """Remove what ``planned`` has, except for what came into use since."""
    kept_keys: set[str] = set()
    removed = []
    for version in planned.removed:
        if version.key in kept_keys or not _remove(layout, locks, version):
            kept_keys.add(version.key)
        else:
            removed.append(version)
    removed_bytes = sum(x.size_bytes for x in removed)
    return Eviction(
        removed=tuple(removed),
        removed_bytes=removed_bytes,
        kept=planned.kept + len(planned.removed) - len(removed),
        kept_bytes=planned.kept_bytes + planned.removed_bytes - removed_bytes,
        needed=planned.needed,
        recent=planned.recent,
    )


def _remove(layout: Layout, locks: KeyLocks, version: Version) -> bool:
    try:
        with locks.changing(version.key):
            if noted_use_ns(version.folder) != version.used_ns:
                return False
            trash = set_aside(layout, version.folder)
    except OSError as exc:
        _LOGGER.debug("%s was not evicted: %s", version.folder, exc)
        return False
    if trash is not None:
        delete_folder(trash)
    if version.is_newest:
        _tidy(layout, version)
    return True


def _tidy(layout: Layout, version: Version) -> None:
    """Remove what is left of a key without versions."""
    try:
        os.rmdir(os.path.dirname(version.folder))
    except OSError:
        return
    if os.path.isdir(pins := layout.pin_folder(version.key)):
        delete(pins)


def _open(layout: Layout) -> int | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        make_folder(layout, layout.locks)
        return os.open(layout.eviction_lock, flags, 0o666)
    except OSError as exc:
        _LOGGER.debug("Evicting without a lock: %s", exc)
        return None


def _lock_softly_in_turn(fd: int) -> None:
    try:
        if lock_softly(fd) == "held":
            fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError as exc:
        _LOGGER.debug("Evicting without a lock: %s", exc)
