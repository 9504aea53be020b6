"""Files uploaded to the server: its upload folder, its upload route, its proxy.

A server serves uploads under ``/data/upload/`` when it keeps them on its disk and
under ``/storage-data/uploaded/`` when it keeps them in a bucket. Which of the two
works is learned from the first answers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from ls_tools.errors import LsToolsError, NotFoundError
from ls_tools.locator.encoding import encode_path
from ls_tools.sources.containment import find_below
from ls_tools.sources.server import check_server, get_media

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator

Route = Literal["upload", "storage_proxy"]

_UPLOADS = "/data/upload/"
_BAD_REQUEST = 400
_FORBIDDEN = 403


class UploadsSource:
    """Uploaded files; looks into ``settings.upload_dir`` first."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._working: Route | None = None
        self._absent: set[Route] = set()

    def find(self, locator: Locator) -> Path | None:
        """The file ``<project>/<name>`` below the upload folder.

        Raises:
            RefusedError: It leads out of that folder.
            MissingUrlError: It is not there, and no server is configured.
        """
        root = self._services.settings.upload_dir
        found = None
        if root is not None and locator.path is not None:
            found = find_below(root, locator.path.removeprefix(_UPLOADS))
        if found is None:
            check_server(locator, self._services.settings)
        return found

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Download it by the route that worked before, then by the other.

        Raises:
            NotFoundError: Neither route has it.
            LsToolsError: The download failed.
        """
        failures: list[LsToolsError] = []
        for route in self._routes(locator):
            url = self._url(route, locator)
            got = self._try(route, partial(self._get, locator, url, sink, validator))
            if not isinstance(got, LsToolsError):
                return got
            failures.append(got)
        raise next((e for e in failures if isinstance(e, NotFoundError)), failures[0])

    def _get(
        self,
        locator: Locator,
        url: str | None,
        sink: Sink,
        validator: Validator | None,
    ) -> Fetched:
        return get_media(self._services, locator, url, sink, validator=validator)

    def _try(self, route: Route, get: Callable[[], Fetched]) -> Fetched | LsToolsError:
        """The file, or why this route does not have it; other errors pass."""
        try:
            fetched = get()
        except LsToolsError as exc:
            status = exc.data.get("status")
            if status == _BAD_REQUEST:
                self._absent.add(route)
            # The proxy refuses what it does not know instead of not finding it.
            elif not isinstance(exc, NotFoundError) and (
                (route, status) != ("storage_proxy", _FORBIDDEN)
            ):
                raise
            return exc
        self._working = route
        return fetched

    def _routes(self, locator: Locator) -> list[Route]:
        own: Route = "storage_proxy" if locator.kind == "storage_proxy" else "upload"
        if locator.path is None:
            return [own]
        order: list[Route] = ["upload", "storage_proxy"]
        order.sort(key=lambda route: route != (self._working or own))
        return [route for route in order if route not in self._absent] or [own]

    def _url(self, route: Route, locator: Locator) -> str | None:
        origin = self._services.settings.origin
        if origin is None or locator.path is None:
            return locator.url
        if route == "upload":
            return origin.url(encode_path(locator.path))
        value = encode_path(locator.path.removeprefix("/data/"), "/~")
        return origin.url(f"/storage-data/uploaded/?filepath={value}")
