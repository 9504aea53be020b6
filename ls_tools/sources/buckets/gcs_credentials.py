"""Google's application default credentials, found as google-auth finds them.

They know no buckets.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ls_tools.errors import (
    CredentialsRejectedError,
    LsToolsError,
    MissingCredentialsError,
    MissingDependencyError,
)
from ls_tools.sources.buckets.sessions import credential_session
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import TransientError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.transport.requests import Request

    from ls_tools.settings import Settings

SCOPES = ("https://www.googleapis.com/auth/devstorage.read_only",)
HINT = (
    "Run `gcloud auth application-default login`, or set "
    "GOOGLE_APPLICATION_CREDENTIALS; for public buckets set anonymous."
)

_PROBE_S = 5.0
_TOKEN_URL = "https://oauth2.googleapis.com"  # noqa: S105 - no token
_OAUTH_CODE = re.compile(r"[a-z_]{1,40}")


def require_gcs() -> None:
    """Import the SDK.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import google.auth.transport.requests
        import google.cloud.storage  # noqa: F401 - only whether it is there
    except ImportError:
        msg = "Google Cloud Storage needs the package google-cloud-storage."
        hint = "pip install 'ls-tools[gcs]'"
        raise MissingDependencyError(msg, hint=hint) from None


def find_credentials(settings: Settings) -> Credentials:
    """The application default credentials, for reading.

    A metadata server that does not answer is waited for five seconds.

    Raises:
        MissingDependencyError: google-auth is not installed.
        MissingCredentialsError: There are none, or their file is damaged.
    """
    require_gcs()
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        credentials, _ = google.auth.default(
            scopes=SCOPES, request=_HastyRequest(settings)
        )
    except (GoogleAuthError, ValueError, OSError) as exc:
        kind = type(exc).__name__
    else:
        return credentials
    msg = f"No usable Google credentials were found ({kind})."
    raise MissingCredentialsError(msg, hint=HINT)


def token_request(settings: Settings) -> Request:
    """What google-auth renews tokens through."""
    from google.auth.transport.requests import Request

    return Request(credential_session(settings))


class _HastyRequest:
    """What google-auth looks for a metadata server with: gives up for good in time."""

    def __init__(self, settings: Settings) -> None:
        self.session = credential_session(settings)
        self._send: Any = token_request(settings)
        self._ends_s = time.monotonic() + _PROBE_S

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from google.auth.exceptions import DefaultCredentialsError, TransportError

        left_s = self._ends_s - time.monotonic()
        asked_s = kwargs.pop("timeout", None) or left_s
        try:
            # After an error of the transport google-auth sleeps and tries again.
            return self._send(*args, timeout=min(asked_s, left_s), **kwargs)
        except TransportError:
            if time.monotonic() < self._ends_s - 1:
                raise
        msg = "no metadata server answers"
        raise DefaultCredentialsError(msg)


def credentials_failure(exc: Exception) -> LsToolsError | TransientError:
    """The error for credentials that could not be renewed or used."""
    from google.auth.exceptions import RefreshError, TransportError

    if isinstance(exc, TransportError):
        return network_failure(exc, _TOKEN_URL)
    code = _read_oauth_code(exc)
    msg = f"Google does not accept the credentials{f' ({code})' if code else ''}."
    error = CredentialsRejectedError(msg, hint=HINT, code=code)
    is_passing = isinstance(exc, RefreshError) and getattr(exc, "retryable", False)
    return TransientError(error) if is_passing else error


def _read_oauth_code(exc: Exception) -> str:
    for argument in exc.args:
        code = argument.get("error") if isinstance(argument, dict) else None
        if isinstance(code, str) and _OAUTH_CODE.fullmatch(code):
            return code
    return ""
