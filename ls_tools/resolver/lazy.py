"""A Resolver that is made for the first file, with all that it has to import.

Who only names media needs none of it.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, final

from ls_tools.errors import CacheError
from ls_tools.resolver.references import References
from ls_tools.resolver.values import Resolved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from ls_tools.locator import Locator
    from ls_tools.progress import Progress
    from ls_tools.resolver.resolver import Resolver
    from ls_tools.resolver.values import MediaRequest
    from ls_tools.settings import Settings


@final
class LazyResolver:
    """Parses references, and resolves them through a Resolver. For one thread.

    Args:
        settings: What to resolve with.
        progress: Told about downloads.
    """

    def __init__(self, settings: Settings, *, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress
        self._references = References(settings)
        self._opened = ExitStack()

    def __enter__(self) -> LazyResolver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def parse(self, reference: str) -> Locator:
        """As ``Resolver.parse``.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
        """
        return self._references.parse(reference)

    def open(self) -> None:
        """Make the Resolver now, for who will need it.

        Raises:
            CacheError: There is no folder for a cache.
        """
        self._resolver  # noqa: B018 -- made by looking at it

    def paths(self, requests: Iterable[MediaRequest]) -> list[Resolved]:
        """As ``Resolver.paths``; all fail where there is no folder for a cache."""
        try:
            resolver = self._resolver
        except CacheError as exc:
            return [Resolved(reference=one.reference, error=exc) for one in requests]
        return resolver.paths(requests)

    def pin(self, reference: str, holder: Path) -> None:
        """As ``Resolver.pin``.

        Raises:
            CacheError: The cache cannot be written.
        """
        self._resolver.pin(reference, holder)

    @cached_property
    def _resolver(self) -> Resolver:
        from ls_tools.resolver.resolver import Resolver

        resolver = Resolver(self._settings, progress=self._progress)
        return self._opened.enter_context(resolver)
