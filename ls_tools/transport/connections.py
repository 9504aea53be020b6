"""The connections of one process: timeouts, certificates, proxies, addresses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ls_tools.errors import LsToolsError, SettingsError
from ls_tools.transport.addresses import (
    AddressPolicy,
    CheckedAdapter,
    ForbiddenAddressError,
    address_failure,
)
from ls_tools.transport.failures import network_failure, request_failure
from ls_tools.transport.quiet import install_filter, quiet

if TYPE_CHECKING:
    from ls_tools.settings import Settings
    from ls_tools.transport.retrying import TransientError

_MOST_SITES = 256
_PORTS = {"http": 80, "https": 443}


class Connections:
    """Sends single requests. Threads may share it, processes may not.

    Args:
        settings: Timeouts, certificates, proxies, addresses, headers.

    Raises:
        SettingsError: A file or header of the settings is unusable.
    """

    def __init__(self, settings: Settings) -> None:
        _check_files(settings)
        self._settings = settings
        self._origin = settings.origin
        self._policy = AddressPolicy.of(settings)
        self._adapter = CheckedAdapter(self._policy, settings.jobs)
        # Reads proxies and CA files from the environment. It never sends, hence
        # reads no netrc and keeps no cookies.
        self._session = requests.Session()
        self._options: dict[tuple[str, str], dict[str, Any]] = {}
        install_filter()

    def close(self) -> None:
        """Close them."""
        self._adapter.close()
        self._session.close()

    def send(
        self, prepared: requests.PreparedRequest, *, read_timeout_s: float | None = None
    ) -> requests.Response:
        """Send one request and give its answer, body unread, redirects not followed.

        Raises:
            TransientError: No answer; the same request may succeed.
            RefusedError: The address may not be contacted.
            LsToolsError: No answer, for a lasting reason.
        """
        url = str(prepared.url)
        settings = self._settings
        read_s = settings.read_timeout_s if read_timeout_s is None else read_timeout_s
        failure: LsToolsError | TransientError
        try:
            self._check_host(url)
            with quiet():
                return self._adapter.send(
                    prepared,
                    stream=True,
                    timeout=(settings.connect_timeout_s, read_s),
                    **self._options_for(url),
                )
        except ForbiddenAddressError as exc:
            failure = address_failure(exc, settings.network)
        except (requests.RequestException, HTTPError, OSError) as exc:
            failure = network_failure(exc, url)
        # Outside of the handlers: what was caught holds the URL and the token.
        raise failure

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        self._policy.check_host(parts.hostname or "", port)

    def _options_for(self, url: str) -> dict[str, Any]:
        """Certificates and proxies; the environment is read once per host."""
        parts = urlsplit(url)
        site = (parts.scheme, parts.netloc)
        options = self._options.get(site)
        if options is None:
            if len(self._options) >= _MOST_SITES:
                self._options.clear()
            options = self._options[site] = self._read_options(url)
        return options

    def _read_options(self, url: str) -> dict[str, Any]:
        settings = self._settings
        merged = self._session.merge_environment_settings(
            url, {}, stream=True, verify=settings.verify, cert=None
        )
        if settings.proxies is not None:
            merged["proxies"] = dict(settings.proxies)
        is_home = self._origin is not None and self._origin.same_site(url)
        return {
            "verify": merged["verify"],
            "proxies": merged["proxies"],
            "cert": settings.client_cert if is_home else None,
        }


def _check_files(settings: Settings) -> None:
    verify, cert = settings.verify, settings.client_cert
    named = [verify] if isinstance(verify, str) else []
    named += [cert] if isinstance(cert, str) else list(cert or ())
    for name in named:
        if not Path(name).exists():
            msg = f"The certificate file {name} does not exist."
            raise SettingsError(msg, hint="Check VERIFY_SSL and client_cert.")
    try:
        requests.Request("GET", "http://host", headers=dict(settings.headers)).prepare()
    except requests.exceptions.InvalidHeader as exc:
        failure = request_failure(exc, "")
    else:
        return
    raise failure
