"""The cache: files by key, fetched once, whole or not at all.

Knows no source and no network; whoever asks brings the function that fetches.
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.cache import legacy, pins, upkeep
from ls_tools.cache.entry import CacheRequest, Entry, Outcome, newest_entry
from ls_tools.cache.faults import cache_faults, check_root, suppress_refusal
from ls_tools.cache.fetching import Fetcher, Fill
from ls_tools.cache.freshness import Outages, fresh_s
from ls_tools.cache.keeping import Keeper
from ls_tools.cache.key_locks import KeyLocks
from ls_tools.cache.layout import Layout, check_key
from ls_tools.cache.leases import leased
from ls_tools.cache.read_only import confirm_only, not_cached, refuse_writing
from ls_tools.cache.sweeping import sweep
from ls_tools.cache.uses import TRUST_S, note_need, note_use
from ls_tools.errors import NetworkError, NotFoundError
from ls_tools.settings import CacheLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ls_tools.cache.entry import Problem
    from ls_tools.cache.keeping import Pruned
    from ls_tools.cache.legacy import LegacyImport
    from ls_tools.cache.upkeep import CacheInfo
    from ls_tools.progress import Progress
    from ls_tools.settings import Mode

_LOGGER = logging.getLogger("ls_tools")

_LOOKS = 3


class Cache:
    """A folder of fetched files. Safe for many threads and many processes.

    Nothing is created before something is stored. A returned path keeps its
    bytes: a newer version goes beside it.

    Args:
        root: The cache folder. Made with mode 0700 when missing.
        limits: How large and how old it may grow, and what is trusted how long.
    """

    def __init__(self, root: Path, limits: CacheLimits | None = None) -> None:
        self.limits: CacheLimits = limits or CacheLimits()
        self._layout = Layout(Path(os.path.abspath(root)))
        self._locks = KeyLocks(self._layout)
        self._keeper = Keeper(self._layout, self._locks, self.limits)
        self._fetcher = Fetcher(self._layout, self._locks, self._keeper)
        self._outages = Outages()

    def __reduce__(self) -> tuple[type[Cache], tuple[Path, CacheLimits]]:
        """Pickle as the folder and its limits alone."""
        return Cache, (self.root, self.limits)

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
            mode: ``if-missing`` takes any version that is there and was
                confirmed within ``limits.ttl_s``, ``revalidate`` has the store
                confirm it first, ``offline`` never calls ``fill``.

        Raises:
            NotCachedError: Offline or read-only, and not in the cache.
            IntegrityError: What was fetched is not what was announced, twice.
            CacheError: The cache cannot be read or written.
        """
        if self.limits.read_only:
            return self._serve(request, fill, mode)
        if mode == "revalidate":
            known = self.lookup(request.key)
            return self._fetcher.fetch(request, fill, doubted=known)
        entry = self._find(request.key)
        if entry is None:
            if mode == "offline":
                raise not_cached(self.root, request, why="this is offline mode")
            return self._fetcher.fetch(request, fill, doubted=None)
        if mode == "offline" or fresh_s(entry, self.limits.ttl_s) > 0:
            return Outcome(entry=entry, from_cache=True)
        return self._refresh(request, fill, entry)

    def touch(self, entry: Entry) -> bool:
        """Note that ``entry`` is used, on disk at most once a minute.

        Returns:
            Whether it is still there. It then is not evicted for as long as
            ``limits.grace_s`` says.
        """
        if self.limits.read_only:
            return os.path.exists(entry.path)
        return note_use(self._layout, self._locks, entry)

    def trusted_s(self, entry: Entry) -> float:
        """For how long ``entry`` may be handed out again without asking."""
        return min(TRUST_S, fresh_s(entry, self.limits.ttl_s))

    @contextmanager
    def lease(self, entry: Entry) -> Iterator[Path]:
        """Keep ``entry`` from eviction for as long as the block runs.

        Where the cache may not be written nothing is noted, and whoever evicts
        from it does not know.

        Yields:
            Its path.

        Raises:
            NotFoundError: It was removed before.
            CacheError: The cache cannot be used.
        """
        with ExitStack() as stack:
            is_there = entry.path.exists()
            if not self.limits.read_only:
                with cache_faults(self.root), suppress_refusal():
                    stack.enter_context(leased(self._layout, entry))
                is_there = note_need(self._layout, self._locks, entry)
            if not is_there:
                msg = f"{entry.path} was removed while it was resolved."
                raise NotFoundError(msg, hint="Try again.")
            yield entry.path

    def pin(self, entry: Entry, holder: Path) -> None:
        """Keep ``entry`` from eviction for as long as ``holder`` exists.

        Args:
            entry: What is needed.
            holder: The folder or file that links to it.

        Raises:
            CacheError: The cache cannot be written.
        """
        if self.limits.read_only:
            _LOGGER.warning("Nothing is pinned in the read-only cache %s.", self.root)
            return
        with cache_faults(self.root):
            pins.pin(self._layout, entry, holder)
        note_need(self._layout, self._locks, entry)

    def entries(self, *, all_versions: bool = False) -> Iterator[Entry]:
        """The entries in the order of their keys, damaged ones left out.

        Args:
            all_versions: Old versions too, oldest first.

        Raises:
            CacheError: The cache cannot be read.
        """
        check_root(self.root)
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
        check_root(self.root)
        if repair:
            self._check_writable()
        with cache_faults(self.root):
            return upkeep.verify(self._layout, progress=progress, repair=repair)

    def remove(self, selector: str, *, force: bool = False) -> int:
        """Remove all versions of a key, or of a canonical reference.

        Args:
            selector: The key or reference.
            force: Also what a living process holds a lease on.

        Returns:
            The number of versions removed.

        Raises:
            CacheError: A version is leased, or the cache cannot be written.
        """
        self._check_writable()
        with cache_faults(self.root):
            return upkeep.remove(self._layout, self._locks, selector, force=force)

    def clear(self, *, force: bool = False) -> int:
        """Remove every entry; the number of versions removed.

        Args:
            force: Also what a living process holds a lease on.

        Raises:
            CacheError: A version is leased, or the cache cannot be written.
        """
        self._check_writable()
        with cache_faults(self.root):
            return upkeep.clear(self._layout, force=force)

    def prune(
        self,
        *,
        max_bytes: int | None = None,
        max_age_s: float | None = None,
        dry_run: bool = False,
    ) -> Pruned:
        """Remove what is least needed: old versions first, then by last use.

        What is leased, pinned or was used within ``limits.grace_s`` stays.
        Given neither limit, those of ``limits`` hold and old versions go.

        Args:
            max_bytes: Size of all files to come down to.
            max_age_s: Seconds since the last use after which a version goes.
            dry_run: Only tell what would go.

        Raises:
            CacheError: The cache cannot be read or written.
        """
        check_root(self.root)
        if not dry_run:
            self._check_writable()
        with cache_faults(self.root):
            if not os.path.isdir(self._layout.entries):
                dry_run = True
            return self._keeper.prune(max_bytes, max_age_s, dry_run=dry_run)

    def info(self) -> CacheInfo:
        """Counts and sizes.

        Raises:
            CacheError: The cache cannot be read.
        """
        check_root(self.root)
        with cache_faults(self.root):
            return upkeep.info(self._layout)

    def sweep(self) -> int:
        """Delete what crashed writers left; the number of leftovers deleted.

        Raises:
            CacheError: The cache cannot be read.
        """
        self._check_writable()
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
        self._check_writable()
        return legacy.import_legacy(self.get, folder, references)

    def _check_writable(self) -> None:
        check_root(self.root)
        if self.limits.read_only:
            raise refuse_writing(self.root)

    def _find(self, key: str) -> Entry | None:
        """The newest version, its use noted, so that nobody evicts it now."""
        for _ in range(_LOOKS):
            with cache_faults(self.root):
                entry = newest_entry(self._layout, key)
            if entry is None or note_use(self._layout, self._locks, entry):
                return entry
        return None

    def _refresh(self, request: CacheRequest, fill: Fill, stale: Entry) -> Outcome:
        """Have the store confirm ``stale``; do without where it cannot be asked."""
        if self._outages.has(request.reference):
            return Outcome(entry=stale, from_cache=True)
        try:
            return self._fetcher.fetch(request, fill, doubted=stale)
        except NetworkError as exc:
            entry = self._find(request.key)
            if entry is None:
                raise
            self._outages.note(request.reference)
            _LOGGER.warning(
                "The store could not be asked, so the version of %s is used: %s",
                entry.meta.checked_at.isoformat(timespec="seconds"),
                exc.message,
            )
            return Outcome(entry=entry, from_cache=True)

    def _serve(self, request: CacheRequest, fill: Fill, mode: Mode) -> Outcome:
        """The entry of ``request`` from a cache that must not be written."""
        entry = self.lookup(request.key)
        if entry is None:
            raise not_cached(self.root, request, why="the cache is read-only")
        if mode == "revalidate":
            confirm_only(self.root, entry, fill)
        return Outcome(entry=entry, from_cache=True)
