"""The way to Google Cloud Storage, set up as the settings say. Knows no object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ls_tools.errors import SettingsError
from ls_tools.sources.buckets.gcs_credentials import (
    credentials_failure,
    find_credentials,
    token_request,
)
from ls_tools.sources.buckets.sessions import mount_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from google.auth.transport.requests import AuthorizedSession

    from ls_tools.settings import Settings

_OWN_ENDPOINT = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True)
class GcsLink:
    """The way to the store.

    Attributes:
        session: Sends requests, logged in.
        endpoint: URL of the store, without a slash at the end.
        is_anonymous: Whether no credentials are sent.
    """

    session: AuthorizedSession
    endpoint: str
    is_anonymous: bool

    def send(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """Send one GET; the body of the answer is still to be read.

        Raises:
            TransientError: No answer; the same request may succeed.
            CredentialsRejectedError: They could not be renewed.
            LsToolsError: No answer, for a lasting reason.
        """
        from google.auth.exceptions import GoogleAuthError

        try:
            response: requests.Response = self.session.get(
                url, headers=dict(headers), stream=True, allow_redirects=False
            )
        except GoogleAuthError as exc:
            failure = credentials_failure(exc)
        else:
            return response
        raise failure


def connect(settings: Settings) -> GcsLink:
    """The way to the store. Nothing is tried twice; not safe for forks.

    Raises:
        MissingCredentialsError: There are none, and they are needed.
        SettingsError: The endpoint is no URL.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud.storage import Client

    chosen = settings.gcs.endpoint_url
    options = {"api_endpoint": chosen.rstrip("/")} if chosen else None
    # Its endpoint, which the environment may decide, decides on credentials.
    nobody = AnonymousCredentials()
    endpoint = Client(
        project=None, credentials=nobody, client_options=options
    ).api_endpoint.rstrip("/")
    scheme = urlsplit(endpoint).scheme
    if scheme not in {"http", "https"}:
        msg = "The endpoint of Google Cloud Storage is no http or https URL."
        raise SettingsError(msg, hint="Check endpoint_url and STORAGE_EMULATOR_HOST.")
    is_anonymous = settings.gcs.anonymous or scheme == "http"
    credentials = nobody if is_anonymous else find_credentials(settings)
    session = AuthorizedSession(
        credentials,
        refresh_status_codes=() if is_anonymous else (401,),
        auth_request=token_request(settings),
    )
    mount_store(session, settings, None if endpoint == _OWN_ENDPOINT else endpoint)
    return GcsLink(session, endpoint, is_anonymous)
