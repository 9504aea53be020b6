"""Media that the configured server serves, got with its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import MissingTokenError, MissingUrlError
from ls_tools.settings import CREDENTIAL_HEADERS

if TYPE_CHECKING:
    from ls_tools.locator import Locator
    from ls_tools.settings import Settings
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator

_HTML = (".html", ".htm", ".xhtml")
_OPEN = "/static/"


def check_server(locator: Locator, settings: Settings) -> None:
    """Check that there is a server to ask.

    Raises:
        MissingUrlError: No server URL is configured.
    """
    if settings.url is None:
        msg = f"{locator.canonical!r} is a file of the server, and no server is set."
        hint = "Say which: set LABEL_STUDIO_URL, or pass a URL or hostname."
        raise MissingUrlError(msg, hint=hint, reference=locator.canonical)


def check_token(locator: Locator, settings: Settings) -> None:
    """Check, before anything is asked, that there is a token to send.

    Raises:
        MissingTokenError: None is configured, nor another way to log in.
    """
    others = CREDENTIAL_HEADERS & {name.lower() for name in settings.headers}
    if settings.token or settings.client_cert or others:
        return
    msg = f"{settings.url} wants a token for {locator.canonical!r}; none is configured."
    hint = "Set LABEL_STUDIO_API_KEY, or pass a token or access_token."
    raise MissingTokenError(msg, hint=hint, reference=locator.canonical)


def get_media(
    services: Services,
    locator: Locator,
    url: str | None,
    sink: Sink,
    *,
    validator: Validator | None,
) -> Fetched:
    """Download ``url``, which is on the server, for ``locator``.

    Raises:
        MissingUrlError: ``url`` is None, since no server is configured.
        MissingTokenError: The server would want a token and there is none.
        LsToolsError: The download failed.
    """
    check_server(locator, services.settings)
    if not (locator.path or "").startswith(_OPEN):
        check_token(locator, services.settings)
    return download(services, locator, url or "", sink, validator=validator)


def download(
    services: Services,
    locator: Locator,
    url: str,
    sink: Sink,
    *,
    validator: Validator | None,
) -> Fetched:
    """Download ``url`` for ``locator``; an HTML page only where it asks for one.

    Raises:
        LsToolsError: The download failed.
    """
    return services.connect().download(
        url,
        sink,
        validator=validator,
        accept_html=locator.file_name.lower().endswith(_HTML),
        progress=services.progress,
    )


class ServerSource:
    """Other media of the server, such as ``/static/samples/sample.jpg``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, locator: Locator) -> None:
        """None: nothing of this kind is on the disk.

        Raises:
            MissingUrlError: No server URL is configured.
        """
        check_server(locator, self._services.settings)

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Download it from the server.

        Raises:
            LsToolsError: The download failed.
        """
        return get_media(
            self._services, locator, locator.url, sink, validator=validator
        )
