"""The cache: files by key, fetched once, whole or not at all.

Knows no source and no network; whoever asks brings the function that fetches.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.cache import legacy, pins, upkeep
from ls_tools.cache.committing import commit, describe, renew
from ls_tools.cache.entry import CacheRequest, Entry, Outcome, newest_entry
from ls_tools.cache.faults import cache_faults
from ls_tools.cache.flights import Flights
from ls_tools.cache.layout import META_NAME, Layout, check_key
from ls_tools.cache.locks import locked
from ls_tools.cache.sweeping import sweep
from ls_tools.cache.writing import Draft
from ls_tools.errors import NotCachedError
from ls_tools.origin import redact_url
from ls_tools.transfer import Fetched, Sink, Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ls_tools.cache.entry import Problem
    from ls_tools.cache.legacy import LegacyImport
    from ls_tools.cache.upkeep import CacheInfo
    from ls_tools.progress import Progress
    from ls_tools.settings import Mode

Fill = Callable[[Sink, Validator | None], Fetched]
"""Fetches one object into the sink. The validator is that of the version the
cache holds, for a conditional request; None asks for the object itself."""

TOUCH_INTERVAL_S = 300.0
"""A use of an entry is noted on disk at most this often per process."""

SWEEP_INTERVAL_S = 600.0
"""Leftovers of crashed writers are looked for at most this often per process."""

_TOUCHED_LIMIT = 1 << 16


class Cache:
    """A folder of fetched files. Safe for many threads and many processes.

    Nothing is created before something is stored. A returned path keeps its
    bytes: a newer version goes beside it.

    Args:
        root: The cache folder. Made with mode 0700 when missing.
    """

    def __init__(self, root: Path) -> None:
        self._layout = Layout(Path(os.path.abspath(root)))
        self._flights: Flights[Outcome] = Flights()
        self._touched_at: dict[str, float] = {}
        self._swept_at: float | None = None

    def __reduce__(self) -> tuple[type[Cache], tuple[Path]]:
        """Pickle as the folder alone."""
        return Cache, (self.root,)

    @property
    def root(self) -> Path:
        """The cache folder, absolute."""
        return self._layout.root

    def lookup(self, key: str) -> Entry | None:
        """The newest version of ``key``, its size checked.

        Returns:
            None where there is no version, or the newest is damaged.

        Raises:
            UsageError: ``key`` is no cache key.
            CacheError: The cache cannot be read.
        """
        check_key(key)
        with cache_faults(self.root):
            return newest_entry(self._layout, key)

    def get(
        self, request: CacheRequest, fill: Fill, *, mode: Mode = "if-missing"
    ) -> Outcome:
        """The entry of ``request``, fetched by ``fill`` where need be.

        However many threads and processes ask for a key at once, one of them
        fetches. An error of ``fill`` goes to its caller and to the threads of
        this process that waited for it; other processes try for themselves.

        Args:
            request: What is wanted.
            fill: Fetches it.
            mode: ``if-missing`` takes any version that is there,
                ``revalidate`` has the store confirm it first, ``offline``
                never calls ``fill``.

        Raises:
            NotCachedError: Offline, and not in the cache.
            IntegrityError: What was fetched is not what was announced.
            CacheError: The cache cannot be read or written.
        """
        if mode == "revalidate":
            return self._fly(request, fill, mode)
        entry = self.lookup(request.key)
        if entry is None:
            if mode == "offline":
                raise _not_cached(request)
            return self._fly(request, fill, mode)
        self.touch(entry)
        return Outcome(entry=entry, from_cache=True)

    def touch(self, entry: Entry) -> None:
        """Note that ``entry`` was used, on disk at most every five minutes.

        Does nothing where the cache cannot be written.
        """
        now = time.monotonic()
        last = self._touched_at.get(entry.key)
        if last is not None and now - last < TOUCH_INTERVAL_S:
            return
        if len(self._touched_at) >= _TOUCHED_LIMIT:
            self._touched_at.clear()
        self._touched_at[entry.key] = now
        folder = f"{self._layout.key_folder(entry.key)}/{entry.version}"
        try:
            os.utime(f"{folder}/{META_NAME}")
        except OSError:
            return

    def pin(self, entry: Entry, holder: Path) -> None:
        """Keep ``entry`` from eviction for as long as ``holder`` exists.

        Args:
            entry: What is needed.
            holder: The folder or file that links to it.

        Raises:
            CacheError: The cache cannot be written.
        """
        with cache_faults(self.root):
            pins.pin(self._layout, entry, holder)

    def entries(self, *, all_versions: bool = False) -> Iterator[Entry]:
        """The entries in the order of their keys, damaged ones left out.

        Args:
            all_versions: Old versions too, oldest first.

        Raises:
            CacheError: The cache cannot be read.
        """
        with cache_faults(self.root):
            yield from upkeep.iter_entries(self._layout, all_versions=all_versions)

    def verify(
        self, *, progress: Progress | None = None, repair: bool = False
    ) -> list[Problem]:
        """Read every file again and compare it with its sidecar.

        Args:
            progress: Told of each file.
            repair: Remove what is damaged, so that it is fetched again.

        Raises:
            CacheError: The cache cannot be read, or not be repaired.
        """
        with cache_faults(self.root):
            return upkeep.verify(self._layout, progress=progress, repair=repair)

    def remove(self, selector: str) -> int:
        """Remove all versions of a key, or of a canonical reference.

        Returns:
            The number of versions removed.

        Raises:
            CacheError: The cache cannot be written.
        """
        with cache_faults(self.root):
            return upkeep.remove(self._layout, selector)

    def clear(self) -> int:
        """Remove every entry; the number of versions removed.

        Raises:
            CacheError: The cache cannot be written.
        """
        with cache_faults(self.root):
            return upkeep.clear(self._layout)

    def info(self) -> CacheInfo:
        """Counts and sizes.

        Raises:
            CacheError: The cache cannot be read.
        """
        with cache_faults(self.root):
            return upkeep.info(self._layout)

    def sweep(self) -> int:
        """Delete what crashed writers left; the number of leftovers deleted.

        Raises:
            CacheError: The cache cannot be read.
        """
        with cache_faults(self.root):
            return sweep(self._layout)

    def import_legacy(
        self, folder: Path, references: Iterable[tuple[str, CacheRequest]]
    ) -> LegacyImport:
        """Take over the files of an old flat cache of ``<hash8>__<name>`` files.

        Args:
            folder: The old cache, which is left as it is.
            references: For each file that may be in it, the full URL (or the
                bucket URI) under which it was fetched, and what to store it as.

        Raises:
            NotFoundError: ``folder`` cannot be read.
            CacheError: The cache cannot be written.
        """
        return legacy.import_legacy(self.get, folder, references)

    def _fly(self, request: CacheRequest, fill: Fill, mode: Mode) -> Outcome:
        call = partial(self._fill, request, fill, mode)
        outcome, is_first = self._flights.share((request.key, mode), call)
        return outcome if is_first else Outcome(entry=outcome.entry, from_cache=True)

    def _fill(self, request: CacheRequest, fill: Fill, mode: Mode) -> Outcome:
        seen = self.lookup(request.key) if mode == "revalidate" else None
        with cache_faults(self.root):
            if not os.path.isdir(self.root):
                os.makedirs(self.root, mode=0o700, exist_ok=True)
        with locked(self._layout.lock_file(request.key)):
            found = self.lookup(request.key)
            if found is not None and found != seen:
                return Outcome(entry=found, from_cache=True)
            return self._fetch(request, fill, found)

    def _fetch(
        self, request: CacheRequest, fill: Fill, current: Entry | None
    ) -> Outcome:
        self._sweep_sometimes()
        validator = None if current is None else current.meta.validator or None
        with Draft(self._layout, request) as draft:
            fetched = fill(draft, validator)
            if fetched.not_modified and validator is not None:
                kept = self.lookup(request.key)
                if kept is not None:
                    return Outcome(entry=renew(self._layout, kept), from_cache=True)
                fetched = fill(draft, None)
            content = draft.finish(fetched)
            with cache_faults(self.root):
                meta = describe(request, fetched, content)
                entry = commit(self._layout, draft, meta)
        return Outcome(entry=entry, from_cache=False)

    def _sweep_sometimes(self) -> None:
        now = time.monotonic()
        if self._swept_at is None or now - self._swept_at > SWEEP_INTERVAL_S:
            self._swept_at = now
            with cache_faults(self.root):
                sweep(self._layout)


def _not_cached(request: CacheRequest) -> NotCachedError:
    reference = redact_url(request.reference)
    return NotCachedError(
        f"{reference} is not in the cache, and this is offline mode.",
        hint="Fetch it once without --offline (LS_TOOLS_OFFLINE).",
        reference=reference,
    )
