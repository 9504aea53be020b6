"""Sessions of requests for SDKs that send through one, as the settings say.

They know neither stores nor credentials.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from ls_tools._version import __version__
from ls_tools.transport.connections import Connections
from ls_tools.transport.quiet import install_filter, quiet

if TYPE_CHECKING:
    from ls_tools.settings import Settings

USER_AGENT = f"ls-tools/{__version__}"


class StoreAdapter(BaseAdapter):
    """Sends what an SDK asks for through connections of this library.

    Timeouts, certificates, proxies and addresses are those of the settings,
    whatever the SDK asks for. Nothing is tried twice. Failures are raised as
    errors of this library, which SDKs let pass.

    Args:
        settings: How to connect.
        endpoint: URL that the user configured for the store; None for its own.
            Address rules for hosts that data name do not bind it, and the client
            certificate is shown to it.
    """

    def __init__(self, settings: Settings, endpoint: str | None) -> None:
        super().__init__()
        self._connections = Connections(settings.evolve(url=endpoint))

    def send(
        self,
        request: requests.PreparedRequest,
        *args: object,  # noqa: ARG002 - the settings are what counts
        **kwargs: object,  # noqa: ARG002 - likewise
    ) -> requests.Response:
        """Send one request; the body of the answer is still to be read.

        Raises:
            TransientError: No answer; the same request may succeed.
            LsToolsError: No answer, for a lasting reason.
        """
        return self._connections.send(request)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


class CredentialAdapter(HTTPAdapter):
    """Sends what credentials are asked for with: to token and metadata services.

    Their addresses come from the user's own configuration, hence the address
    rules do not bind them.

    Args:
        settings: Timeouts, certificates and proxies.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        install_filter()

    def send(  # noqa: PLR0913, PLR0917 - the interface of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - likewise
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - likewise
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send one request."""
        settings = self._settings
        asked_s = timeout if isinstance(timeout, (int, float)) else math.inf
        connect_s = min(asked_s, settings.connect_timeout_s)
        with quiet():
            return super().send(
                request,
                stream=stream,
                timeout=(connect_s, min(asked_s, settings.read_timeout_s)),
                verify=verify if settings.verify is True else settings.verify,
                cert=cert,
                proxies=proxies if settings.proxies is None else dict(settings.proxies),
            )


def mount_store(
    session: requests.Session, settings: Settings, endpoint: str | None
) -> None:
    """Make ``session`` send through a StoreAdapter, and nothing else."""
    adapter = StoreAdapter(settings, endpoint)
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    session.headers["User-Agent"] = USER_AGENT
    # A netrc would replace the credentials; proxies are read by the adapter.
    session.trust_env = False


def credential_session(settings: Settings) -> requests.Session:
    """A session that credentials can be obtained and renewed through."""
    session = requests.Session()
    adapter = CredentialAdapter(settings)
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    return session
