"""Fetches what is missing or in doubt, once for all who wait, and commits it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ls_tools.cache.committing import commit, describe, renew
from ls_tools.cache.entry import Outcome, newest_entry
from ls_tools.cache.faults import REMOVED, cache_faults
from ls_tools.cache.flights import Flights
from ls_tools.cache.sweeping import sweep
from ls_tools.cache.writing import Draft
from ls_tools.errors import CacheError, IntegrityError
from ls_tools.transfer import Fetched, Sink, Validator

if TYPE_CHECKING:
    from ls_tools.cache.entry import CacheRequest, Entry
    from ls_tools.cache.keeping import Keeper
    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.writing import Content

_LOGGER = logging.getLogger("ls_tools")

Fill = Callable[[Sink, Validator | None], Fetched]
"""Fetches one object into the sink. The validator is that of the version the
cache holds, for a conditional request; None asks for the object itself."""

SWEEP_INTERVAL_S = 600.0
"""Leftovers of crashed writers are looked for at most this often per process."""


class Fetcher:
    """Fetches for one cache. Safe for many threads and processes.

    Args:
        layout: Where the cache lies.
        locks: Its locks.
        keeper: Told what is added; makes room where there is none.
    """

    def __init__(self, layout: Layout, locks: KeyLocks, keeper: Keeper) -> None:
        self._layout = layout
        self._locks = locks
        self._keeper = keeper
        self._flights: Flights[Outcome] = Flights()
        self._swept_at: float | None = None

    def fetch(
        self, request: CacheRequest, fill: Fill, *, doubted: Entry | None
    ) -> Outcome:
        """Get ``request`` by ``fill``; the threads that ask at once share it.

        Args:
            request: What is wanted.
            fill: Fetches it.
            doubted: The entry that is asked about. Any other one that is there
                is taken as it is: somebody was quicker.

        Raises:
            IntegrityError: What was fetched is not what was announced.
            CacheError: The cache cannot be read or written.
        """
        call = partial(self._fetch_locked, request, fill, doubted)
        flight = (request.key, doubted is not None)
        outcome, is_first = self._flights.share(flight, call)
        return outcome if is_first else Outcome(entry=outcome.entry, from_cache=True)

    def _fetch_locked(
        self, request: CacheRequest, fill: Fill, doubted: Entry | None
    ) -> Outcome:
        self._sweep_sometimes()
        with self._locks.fetching(request.key):
            found = self._lookup(request.key)
            if found is not None and found != doubted:
                return Outcome(entry=found, from_cache=True)
            try:
                outcome = self._fetch(request, fill, found)
            except CacheError as exc:
                if exc.data.get("errno") not in REMOVED:
                    raise
                # Somebody removed the cache under way: once more, in a new one.
                outcome = self._fetch(request, fill, None)
        if not outcome.from_cache:
            self._keeper.grew(outcome.entry.size_bytes)
        return outcome

    def _fetch(
        self, request: CacheRequest, fill: Fill, current: Entry | None
    ) -> Outcome:
        validator = None if current is None else current.meta.validator or None
        with Draft(self._layout, request, self._keeper.make_room) as draft:
            fetched = fill(draft, validator)
            if fetched.not_modified and validator is not None:
                if (kept := self._renew(request.key)) is not None:
                    return Outcome(entry=kept, from_cache=True)
                fetched = fill(draft, None)
            content, fetched = _finish(draft, fill, fetched)
            with cache_faults(self._layout.root):
                meta = describe(request, fetched, content)
                is_known = current is not None
                entry = commit(
                    self._layout, self._locks, draft, meta, is_known=is_known
                )
        return Outcome(entry=entry, from_cache=False)

    def _lookup(self, key: str) -> Entry | None:
        with cache_faults(self._layout.root):
            return newest_entry(self._layout, key)

    def _renew(self, key: str) -> Entry | None:
        kept = self._lookup(key)
        return None if kept is None else renew(self._layout, self._locks, kept)

    def _sweep_sometimes(self) -> None:
        now = time.monotonic()
        if self._swept_at is None or now - self._swept_at > SWEEP_INTERVAL_S:
            self._swept_at = now
            with cache_faults(self._layout.root):
                sweep(self._layout)


def _finish(draft: Draft, fill: Fill, fetched: Fetched) -> tuple[Content, Fetched]:
    """Check what was fetched; where it is wrong, fetch it once more."""
    try:
        return draft.finish(fetched), fetched
    except IntegrityError as exc:
        _LOGGER.debug("Fetching it once more: %s", exc.message)
    draft.truncate(0)
    fetched = fill(draft, None)
    return draft.finish(fetched), fetched
