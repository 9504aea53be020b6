"""Files anywhere else on the web; no token goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.sources.server import download

if TYPE_CHECKING:
    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator


class ExternalSource:
    """``http://`` and ``https://`` URLs that are no media of the server."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, locator: Locator) -> None:
        """None: nothing of this kind is on the disk."""

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Download it.

        Raises:
            LsToolsError: The download failed.
        """
        url = locator.url or ""
        return download(self._services, locator, url, sink, validator=validator)
