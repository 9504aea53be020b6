"""Tells when it is time to look whether the cache has outgrown its limits.

Looking takes long in a large cache, so a process counts what it adds, and all
processes share what the last one that looked has found.
"""

from __future__ import annotations

import os
import time
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from ls_tools.cache.choosing import Goal
from ls_tools.cache.folders import delete
from ls_tools.cache.naming import unique_name
from ls_tools.cache.uses import spared_s

if TYPE_CHECKING:
    from ls_tools.cache.layout import Layout
    from ls_tools.settings import CacheLimits

LOW_WATER = 0.9
"""Share of ``max_bytes`` down to which is evicted once it is exceeded."""

_LONGEST_S = 600.0
_COST = 20.0
_STEPS = 16
_LEAST_STEP = 200


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody found who looked at the whole cache.

    Attributes:
        size_bytes: Size of all files.
        took_s: Seconds that looking took.
        seen_at_s: When, seconds since the epoch; taken from the file.
    """

    size_bytes: int
    took_s: float
    seen_at_s: float = 0.0


class Allowance:
    """Counts what this process adds. Safe for many threads.

    Args:
        layout: Where the cache lies.
        limits: What it may grow to.
    """

    def __init__(self, layout: Layout, limits: CacheLimits) -> None:
        self._layout = layout
        self._limits = limits
        self._lock = Lock()
        self._added_bytes = 0
        self._seen_at_s = 0.0
        self._room_bytes: float = 0.0
        self._look_after_s = 0.0
        self._look_by_s = 0.0
        wanted = (limits.max_bytes, limits.min_free_bytes, limits.max_age_s)
        self._is_limited = not limits.read_only and any(x is not None for x in wanted)

    def is_spent(self, added_bytes: int) -> bool:
        """Whether it is time to evict, now that ``added_bytes`` were added.

        After an eviction it is time again no sooner than after many times as
        long as that took.
        """
        if not self._is_limited:
            return False
        with self._lock:
            self._added_bytes += added_bytes
            now_s = time.monotonic()
            if now_s < self._look_after_s or not self._is_tight(now_s):
                return False
            usage = _read(self._layout)
            if usage is not None and usage.seen_at_s != self._seen_at_s:
                self._learn(now_s, usage)
                if now_s < self._look_after_s or not self._is_tight(now_s):
                    return False
            return True

    def goal(self) -> Goal:
        """What to evict at present, with room for what comes next.

        Raises:
            OSError: The cache cannot be looked at.
        """
        limits = self._limits
        return Goal(
            size_bytes=limits.max_bytes,
            slack_bytes=int((limits.max_bytes or 0) * (1 - LOW_WATER)),
            free_bytes=self._missing_bytes(),
            max_age_s=limits.max_age_s,
            spared_s=spared_s(limits.grace_s),
        )

    def note(self, size_bytes: int, took_s: float) -> None:
        """This process looked: so much is there, and looking took so long."""
        usage = Usage(size_bytes=size_bytes, took_s=took_s, seen_at_s=time.time())
        _write(self._layout, usage)
        with self._lock:
            self._learn(time.monotonic(), _read(self._layout) or usage)

    def _is_tight(self, now_s: float) -> bool:
        if now_s >= self._look_by_s or self._added_bytes >= self._room_bytes:
            return True
        return self._missing_bytes() > 0

    def _missing_bytes(self) -> int:
        wanted = self._limits.min_free_bytes
        if wanted is None:
            return 0
        disk = os.statvfs(self._layout.base)
        missing = wanted - disk.f_bavail * disk.f_frsize
        return missing + wanted // 10 if missing > 0 else 0

    def _learn(self, now_s: float, usage: Usage) -> None:
        self._added_bytes = 0
        self._seen_at_s = usage.seen_at_s
        age_s = abs(time.time() - usage.seen_at_s)
        pause_s = _COST * usage.took_s
        self._look_after_s = now_s + pause_s - age_s
        self._look_by_s = now_s + max(_LONGEST_S, pause_s) - age_s
        self._room_bytes = self._step(usage.size_bytes)

    def _step(self, size_bytes: int) -> float:
        """How much may be added before it is looked again."""
        limit = self._limits.max_bytes
        if limit is None:
            return float("inf")
        return max((limit - size_bytes) / _STEPS, limit / _LEAST_STEP)


def _read(layout: Layout) -> Usage | None:
    try:
        with open(layout.usage, "rb") as file:
            usage = msgspec.json.decode(file.read(), type=Usage)
            seen_at_s = os.fstat(file.fileno()).st_mtime
    except (OSError, msgspec.DecodeError):
        return None
    return msgspec.structs.replace(usage, seen_at_s=seen_at_s)


def _write(layout: Layout, usage: Usage) -> None:
    draft = f"{layout.tmp}/usage-{unique_name()}"
    try:
        with open(draft, "wb") as file:
            file.write(msgspec.json.encode(usage))
        os.replace(draft, layout.usage)
    except OSError:
        delete(draft)
