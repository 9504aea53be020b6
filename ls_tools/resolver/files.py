"""The file of one reference: on this machine, in the cache, or fetched into it.

Knows no batch, and makes no connection by itself.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, final

from ls_tools.cache import CacheRequest
from ls_tools.errors import NotFoundError
from ls_tools.resolver.memory import Memory

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ls_tools.cache import Cache, Entry
    from ls_tools.locator import Locator
    from ls_tools.resolver.memory import Known
    from ls_tools.resolver.references import References
    from ls_tools.resolver.values import MediaRequest
    from ls_tools.settings import Mode
    from ls_tools.sources import Sources


@final
class Files:
    """Finds, fetches and remembers. Safe for many threads.

    Args:
        cache: Keeps what is fetched.
        references: What references mean.
        sources: Where files are had from.
        default_mode: The mode where none is asked for.
    """

    def __init__(
        self,
        cache: Cache,
        references: References,
        sources: Sources,
        *,
        default_mode: Mode,
    ) -> None:
        self._cache = cache
        self._references = references
        self._sources = sources
        self._default_mode: Mode = default_mode
        self._asks_always: bool = default_mode == "revalidate"
        self._memory = Memory()

    def recall(self, reference: str, mode: Mode | None) -> Known | None:
        """The file of ``reference`` if nothing more has to be asked."""
        if mode is not None or self._asks_always or not isinstance(reference, str):
            return None
        return self._memory.recall(reference)

    def obtain(self, request: MediaRequest, mode: Mode | None) -> tuple[Known, bool]:
        """The file, found or fetched, and whether nothing was transferred.

        Raises:
            LsToolsError: It cannot be had.
        """
        locator = self._references.locate(request)
        route = self._sources.route(locator)
        for name, source in route:
            path = source.find(locator)
            if path is not None:
                return self._memory.note(request.reference, path, name), True
        get = partial(
            self._cache.get,
            self.cache_request(locator, route[0][0]),
            partial(self._sources.fetch, locator),
            mode=mode or self._default_mode,
        )
        outcome = get()
        try:
            return self._note(request, outcome.entry), outcome.from_cache
        except NotFoundError:
            # It was removed at once, by a program that clears the cache.
            outcome = get()
            return self._note(request, outcome.entry), outcome.from_cache

    def lease(self, reference: str, path: Path) -> AbstractContextManager[Path]:
        """Keeps ``path``, to which ``reference`` resolved, from eviction meanwhile.

        Raises:
            NotFoundError: It was removed before.
            CacheError: The cache cannot be used.
        """
        if self._cache.root not in path.parents:
            return nullcontext(path)
        entry = self.entry(reference)
        if entry is None:
            msg = f"{path} was removed while it was resolved."
            raise NotFoundError(msg, hint="Try again.")
        return self._cache.lease(entry)

    def expected_path(self, reference: str) -> Path:
        """Where it is or would be; see ``Resolver.expected_path``.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
        """
        locator = self._references.parse_allowed(reference)
        for _, source in self._sources.route(locator):
            found = source.find(locator)
            if found is not None:
                return found
        request = self.cache_request(locator)
        entry = self._cache.lookup(request.key)
        if entry is not None and self._cache.touch(entry):
            return entry.path
        return self._cache.root / "missing" / request.key / request.file_name

    def entry(self, reference: str) -> Entry | None:
        """The cache entry of ``reference``; None where it is not cached.

        Raises:
            BadReferenceError: It is no reference.
            CacheError: The cache cannot be read.
        """
        locator = self._references.parse(reference)
        return self._cache.lookup(self._references.key(locator))

    def cache_request(self, locator: Locator, source: str = "") -> CacheRequest:
        """What the cache is asked for.

        Args:
            locator: What is to be had.
            source: The source that is tried first, where that is known already.
        """
        return CacheRequest(
            key=self._references.key(locator),
            file_name=locator.file_name,
            reference=locator.canonical,
            source=source or self._sources.route(locator)[0][0],
        )

    def _note(self, request: MediaRequest, entry: Entry) -> Known:
        return self._memory.note(
            request.reference,
            entry.path,
            entry.meta.source,
            trust_s=self._cache.trusted_s(entry),
        )
