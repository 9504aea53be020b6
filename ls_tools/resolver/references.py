"""What references mean under given settings: where they lead, and under which key.

Pure: nothing here fetches, or looks at a disk.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ls_tools.errors import RefusedError
from ls_tools.locator import Locator, cache_key, parse_reference, store_kind
from ls_tools.origin import Origin
from ls_tools.sources import schemes

if TYPE_CHECKING:
    from ls_tools.resolver.values import MediaRequest
    from ls_tools.settings import Settings


class References:
    """The references of one server and its buckets.

    Args:
        settings: Which server, which buckets, which aliases.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._origin = settings.origin
        self._aliases = tuple(map(Origin.parse, settings.aliases))

    def parse(self, reference: str) -> Locator:
        """The locator of ``reference``.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
        """
        return parse_reference(
            reference,
            origin=self._origin,
            aliases=self._aliases,
            allow_paths=bool(self._settings.allow_paths),
            schemes=schemes(),
        )

    def parse_allowed(self, reference: str) -> Locator:
        """As ``parse``, of something that may be read.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe, or its bucket is not
                among ``allowed_buckets``.
        """
        locator = self.parse(reference)
        allowed = self._settings.allowed_buckets
        is_bucket = locator.bucket is not None or locator.kind == "resolve"
        if allowed is not None and is_bucket and locator.bucket not in allowed:
            msg = f"The bucket of {locator.canonical!r} is not among those allowed."
            raise RefusedError(msg, hint=f"allowed_buckets has: {', '.join(allowed)}.")
        return locator

    def locate(self, request: MediaRequest) -> Locator:
        """The locator of what is asked for, with the ids of the request.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: As ``parse_allowed``.
        """
        locator = self.parse_allowed(request.reference)
        has_ids = request.task_id is not None or request.project_id is not None
        if locator.kind == "resolve" or not has_ids:
            return locator
        return replace(locator, task_id=request.task_id, project_id=request.project_id)

    def key(self, locator: Locator) -> str:
        """The cache key of ``locator``."""
        settings, store = self._settings, store_kind(locator)
        endpoint = settings.endpoint_of(locator.bucket or "", store) if store else ""
        return cache_key(
            locator,
            self._origin,
            namespace=settings.cache_namespace,
            endpoint=endpoint,
        )
