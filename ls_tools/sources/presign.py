"""Bucket objects through the server, which resolves them with its own keys.

The server either streams the object or redirects to a signed URL of the store.
It knows the storage by the task or the project, so one of these is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import MissingUrlError, UsageError
from ls_tools.locator.cloud import resolve_path
from ls_tools.sources.server import get_media

if TYPE_CHECKING:
    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator


class PresignSource:
    """``s3://``, ``gs://``, ``azure-…://`` and resolve URLs of the server."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, locator: Locator) -> None:
        """None: nothing of this kind is on the disk."""

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Have the server resolve it, and download it.

        Raises:
            MissingUrlError: No server is configured.
            UsageError: Neither a task nor a project is named.
            NotFoundError: The server has no storage for it, or no such object.
            LsToolsError: The download failed.
        """
        url = self._url(locator)
        return get_media(self._services, locator, url, sink, validator=validator)

    def _url(self, locator: Locator) -> str:
        origin, uri = self._services.settings.origin, locator.canonical
        if origin is None:
            msg = f"{uri!r} is had from the Label Studio server; none is configured."
            hint = "Set LABEL_STUDIO_URL."
            raise MissingUrlError(msg, hint=hint, reference=uri)
        if locator.url is not None:
            return locator.url
        if locator.task_id is None and locator.project_id is None:
            msg = f"The server resolves {uri!r} only for a task or a project."
            hint = "Pass task_id or project_id (--task-id, --project)."
            raise UsageError(msg, hint=hint, reference=uri)
        path = resolve_path(
            locator.identity, task_id=locator.task_id, project_id=locator.project_id
        )
        return origin.url(path)
