"""Keeps the cache within its limits: as it grows, when the disk is full, on request."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from ls_tools.cache.allowance import Allowance
from ls_tools.cache.choosing import Goal
from ls_tools.cache.entry import Entry, load
from ls_tools.cache.eviction import Eviction, carry_out, evicting, plan
from ls_tools.cache.uses import spared_s

if TYPE_CHECKING:
    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.survey import Version
    from ls_tools.settings import CacheLimits

_LOGGER = logging.getLogger("ls_tools")

_LEAST_ROOM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedVersion:
    """A version that ``Cache.prune`` removed, or would remove.

    Attributes:
        key: The cache key.
        version: Name of the version folder.
        reference: Canonical reference; empty where the sidecar is damaged.
        size_bytes: Size of the file.
        used_at_s: Its last use, seconds since the epoch.
    """

    key: str
    version: str
    reference: str
    size_bytes: int
    used_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What ``Cache.prune`` did, or would do.

    Attributes:
        removed: The versions, in the order in which they go.
        removed_bytes: Size of their files.
        kept: Number of versions that stay.
        kept_bytes: Size of their files.
        needed: How many of those are leased or pinned.
        recent: How many of the others were used too lately to go.
    """

    removed: tuple[PrunedVersion, ...]
    removed_bytes: int
    kept: int
    kept_bytes: int
    needed: int
    recent: int


class Keeper:
    """Evicts for one cache. Safe for many threads and processes.

    Args:
        layout: Where the cache lies.
        locks: Its locks.
        limits: What it may grow to.
    """

    def __init__(self, layout: Layout, locks: KeyLocks, limits: CacheLimits) -> None:
        self._layout = layout
        self._locks = locks
        self._limits = limits
        self._allowance = Allowance(layout, limits)
        self._making_room = Lock()
        self._rooms_made = 0

    def grew(self, size_bytes: int) -> None:
        """Something of this size was added: evict if it is time to.

        Does nothing where that fails: what was added is there all the same.
        """
        try:
            if self._allowance.is_spent(size_bytes):
                self._evict(self._allowance.goal(), wait=False)
        except OSError as exc:
            _LOGGER.debug("Nothing was evicted from %s: %s", self._layout.root, exc)

    def make_room(self, size_bytes: int) -> bool:
        """The disk is full: evict so that ``size_bytes`` fit.

        Returns:
            Whether anything went since this was called.

        Raises:
            OSError: The cache cannot be read.
        """
        seen = self._rooms_made
        with self._making_room:
            if self._rooms_made != seen:
                return True
            wanted_bytes = max(4 * size_bytes, _LEAST_ROOM_BYTES)
            spared = spared_s(self._limits.grace_s)
            goal = Goal(free_bytes=wanted_bytes, spared_s=spared)
            done = self._evict(goal, wait=True)
            self._rooms_made += bool(done)
            return done

    def prune(
        self, max_bytes: int | None, max_age_s: float | None, *, dry_run: bool
    ) -> Pruned:
        """Evict as asked; see ``Cache.prune``.

        Raises:
            OSError: The cache cannot be read.
        """
        goal = self._goal(max_bytes, max_age_s)
        if dry_run:
            planned = plan(self._layout, goal, time.time_ns())
            return _report(planned, {x: _describe(x) for x in planned.removed})
        with evicting(self._layout, wait=True) as now_ns:
            planned = plan(self._layout, goal, now_ns or time.time_ns())
            known = {x: _describe(x) for x in planned.removed}
            done = carry_out(self._layout, self._locks, planned)
        return _report(done, known)

    def _goal(self, max_bytes: int | None, max_age_s: float | None) -> Goal:
        if max_bytes is None and max_age_s is None:
            limits = self._limits
            return Goal(
                size_bytes=limits.max_bytes,
                max_age_s=limits.max_age_s,
                superseded=True,
                spared_s=spared_s(limits.grace_s),
            )
        spared = spared_s(self._limits.grace_s)
        return Goal(size_bytes=max_bytes, max_age_s=max_age_s, spared_s=spared)

    def _evict(self, goal: Goal, *, wait: bool) -> bool:
        """Evict if nobody else does; whether anything went."""
        with evicting(self._layout, wait=wait) as now_ns:
            if now_ns is None:
                return False
            began_s = time.monotonic()
            planned = plan(self._layout, goal, now_ns)
            took_s = time.monotonic() - began_s
            done = carry_out(self._layout, self._locks, planned)
            self._allowance.note(done.kept_bytes, took_s)
        if done.removed:
            _LOGGER.info(
                "Evicted %d files of %d bytes from the cache %s.",
                len(done.removed),
                done.removed_bytes,
                self._layout.root,
            )
        return bool(done.removed)


def _describe(version: Version) -> PrunedVersion:
    found = load(version.folder, version.key)
    return PrunedVersion(
        key=version.key,
        version=version.name,
        reference=found.meta.reference if isinstance(found, Entry) else "",
        size_bytes=version.size_bytes,
        used_at_s=version.used_ns / 1e9,
    )


def _report(done: Eviction, known: dict[Version, PrunedVersion]) -> Pruned:
    return Pruned(
        removed=tuple(known[version] for version in done.removed),
        removed_bytes=done.removed_bytes,
        kept=done.kept,
        kept_bytes=done.kept_bytes,
        needed=done.needed,
        recent=done.recent,
    )
