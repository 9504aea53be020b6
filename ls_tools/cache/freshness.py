"""For how long an entry is trusted before the store is asked about it again."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ls_tools.cache.meta import now_utc

if TYPE_CHECKING:
    from ls_tools.cache.entry import Entry

OUTAGE_S = 60.0
"""For how long a store that could not be asked is not asked again."""

_CLOCK_SKEW_S = 60.0


def fresh_s(entry: Entry, ttl_s: float | None) -> float:
    """For how many seconds ``entry`` needs no confirmation; 0 or less for none.

    An entry that was confirmed in the future is not trusted: a clock was set back.
    """
    if ttl_s is None:
        return float("inf")
    age_s = (now_utc() - entry.meta.checked_at) / timedelta(seconds=1)
    return ttl_s - age_s if age_s > -_CLOCK_SKEW_S else 0.0


class Outages:
    """Stores that could not be asked lately. Safe for many threads."""

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    def note(self, reference: str) -> None:
        """The store of ``reference`` could not be asked."""
        self._until_s[_store_of(reference)] = time.monotonic() + OUTAGE_S

    def has(self, reference: str) -> bool:
        """Whether the store of ``reference`` could not be asked lately."""
        return time.monotonic() < self._until_s.get(_store_of(reference), 0.0)


def _store_of(reference: str) -> str:
    """Scheme and host or bucket; short enough to keep one for each store."""
    return "/".join(reference.split("/", 3)[:3])
