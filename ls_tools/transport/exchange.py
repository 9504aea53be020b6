"""One request and its answer: preparing, authorising, following redirects.

One try only; whether to try again is decided above.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit

import requests

from ls_tools._version import __version__
from ls_tools.auth import AuthResponse, Refresh, auth_for
from ls_tools.errors import NetworkError, RefusedError, ServerError
from ls_tools.origin import redact_url
from ls_tools.settings import CREDENTIAL_HEADERS
from ls_tools.transport.bodies import read_start
from ls_tools.transport.connections import Connections
from ls_tools.transport.failures import (
    Refusal,
    bad_url,
    request_failure,
    status_failure,
)
from ls_tools.transport.retrying import (
    RETRY_STATUSES,
    RetryPolicy,
    parse_retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ls_tools.auth import AuthRequest, Purpose
    from ls_tools.errors import LsToolsError
    from ls_tools.settings import Settings
    from ls_tools.transport.retrying import TransientError

_USER_AGENT = f"ls-tools/{__version__}"
_ERROR_BODY_BYTES = 64 * 2**10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_WEB_SCHEMES = frozenset({"http", "https"})
_OVERRIDABLE = frozenset({"user-agent", "accept"})
_UNAUTHORIZED = 401
_WHO_ANSWERED = "Check the reference, and the server or proxy that answered."


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked for.

    Attributes:
        method: ``GET``, ``POST``, …
        url: Absolute; it may hold a signature, hence is no part of the repr.
        purpose: ``api`` for what this library asks for itself, ``media`` for
            what task data name.
        headers: Beside those that every request has.
        params: Added to the query.
        json: A body to send as JSON.
        files: A body to send as a form, as requests takes it.
        read_timeout_s: Instead of the one of the settings.
    """

    method: str
    url: str = field(repr=False)
    purpose: Purpose
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Any = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    files: Any = field(default=None, repr=False)
    read_timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer whose body is still to be read. Close ``response`` when done.

    Attributes:
        response: The answer after all redirects.
        asked: The URL of the call, without secrets.
        path: Path below the configured server's prefix, None elsewhere.
        with_token: Whether the token was sent with the last request.
        moved_to: Where the configured server redirected to, outside of itself.
    """

    response: requests.Response = field(repr=False)
    asked: str
    path: str | None
    with_token: bool
    moved_to: str = ""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    def read_refusal(self, *, not_found: str = "") -> Refusal:
        """Status and start of the body, for an error. Reads the body."""
        return Refusal(
            status=self.status,
            url=self.asked,
            host=_site(self.response.url).rpartition("/")[2],
            path=self.path,
            with_token=self.with_token,
            body=read_start(self.response, limit_bytes=_ERROR_BODY_BYTES),
            not_found=not_found,
            moved_to=self.moved_to,
        )

    def failure(self, refusal: Refusal) -> TransientError | LsToolsError:
        """The error for ``refusal``, heeding ``Retry-After``."""
        header = self.response.headers.get("Retry-After")
        retry_after_s = parse_retry_after(header, now_s=time.time())
        return status_failure(refusal, retry_after_s=retry_after_s)


class Exchange:
    """Sends calls of one process: its connections and its share of the token.

    Args:
        settings: Where to, with what, and for how long.
        retry: For exchanging a personal access token.

    Raises:
        SettingsError: The token, a file or a header of the settings is unusable.
    """

    def __init__(self, settings: Settings, retry: RetryPolicy) -> None:
        self._settings = settings
        self._retry = retry
        self._auth = auth_for(settings)
        self._connections = Connections(settings)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def send(self, call: Call) -> Received:
        """Send the request, follow redirects, and give the answer.

        Every hop is judged anew: whether its address may be contacted, whether
        the token and the settings' headers may go there.

        Raises:
            TransientError: No answer; the same request may succeed.
            RefusedError: A forbidden address, or too many redirects.
            AccessError: The token is missing or refused.
            LsToolsError: No answer, for a lasting reason.
        """
        prepared, moved_to = _prepare(call), ""
        for _ in range(self._settings.bounds.redirects + 1):
            received = self._authorise(call, prepared, moved_to)
            with ExitStack() as closes:
                closes.enter_context(closing(received.response))
                target = _redirect_target(received.response)
                if target is None:
                    closes.pop_all()
                    return received
                self._check_redirect(call, received, target)
                read_start(received.response, limit_bytes=_ERROR_BODY_BYTES)
            if self._is_move(str(prepared.url), target):
                moved_to = _site(target)
            prepared = _prepare_again(call, target)
        msg = f"{redact_url(call.url)} redirects without end."
        raise RefusedError(msg, hint=_WHO_ANSWERED)

    def _authorise(
        self, call: Call, prepared: requests.PreparedRequest, moved_to: str
    ) -> Received:
        url = str(prepared.url)
        self._add_headers(prepared, call)
        response, with_token = self._drive(call, prepared)
        return Received(
            response=response,
            asked=redact_url(call.url),
            path=self._path(url),
            with_token=with_token,
            moved_to=moved_to,
        )

    def _drive(
        self, call: Call, prepared: requests.PreparedRequest
    ) -> tuple[requests.Response, bool]:
        """Send what the auth flow asks for; the last answer, and if with a token."""
        if self._auth is None:
            return self._send(call, prepared), False
        with closing(self._auth.flow(str(prepared.url), call.purpose)) as flow:
            step = next(flow)
            while True:
                if isinstance(step, Refresh):
                    step = flow.send(self._refresh(flow, step))
                    continue
                sent = step.headers
                prepared.headers.update(sent)
                response = self._send(call, prepared)
                try:
                    step = flow.send(_read_status(response))
                except StopIteration:
                    return response, bool(sent)

    def _send(
        self, call: Call, prepared: requests.PreparedRequest
    ) -> requests.Response:
        return self._connections.send(prepared, read_timeout_s=call.read_timeout_s)

    def _refresh(
        self, flow: Generator[AuthRequest, AuthResponse, None], step: Refresh
    ) -> AuthResponse:
        call = Call(method="POST", url=step.url, purpose="api", json=dict(step.body))
        try:
            return self._retry.call(lambda: self._refresh_once(call))
        except NetworkError as error:
            # Threads that wait for the same token then fail with it.
            flow.throw(error)
            raise  # pragma: no cover -- throw() raises

    def _refresh_once(self, call: Call) -> AuthResponse:
        prepared = _prepare(call)
        self._add_headers(prepared, call)
        with closing(self._send(call, prepared)) as response:
            received = Received(
                response=response,
                asked=call.url,
                path=self._path(call.url),
                with_token=False,
            )
            refusal = received.read_refusal()
            if received.status in RETRY_STATUSES:
                raise received.failure(refusal)
            return AuthResponse(status=received.status, body=refusal.body)

    def _check_redirect(self, call: Call, received: Received, target: str) -> None:
        if urlsplit(target).scheme not in _WEB_SCHEMES:
            msg = f"{received.asked} redirects to something that is no web address."
            hint = _WHO_ANSWERED
            raise RefusedError(msg, hint=hint)
        keeps = received.status in _KEEPS_METHOD and self._is_home(target)
        if call.method not in _SAFE_METHODS and not keeps:
            msg = f"{received.asked} redirects {call.method} to {_site(target)}."
            hint = "Set the server's URL as the browser shows it, https included."
            raise ServerError(msg, hint=hint, status=received.status)

    def _add_headers(self, prepared: requests.PreparedRequest, call: Call) -> None:
        """Add the settings' headers; those that describe the request stay.

        Those that say who asks go where the token may go, the others anywhere
        on the configured server.
        """
        url = str(prepared.url)
        if self._auth is None or not self._is_home(url):
            return
        is_trusted = self._auth.may_carry_token(url, call.purpose)
        for name, value in self._settings.headers.items():
            is_new = name not in prepared.headers or name.lower() in _OVERRIDABLE
            if is_new and (is_trusted or name.lower() not in CREDENTIAL_HEADERS):
                prepared.headers[name] = value

    def _is_move(self, url: str, target: str) -> bool:
        """Whether the configured server says that it is elsewhere by now."""
        leaves = self._is_home(url) and not self._is_home(target)
        return leaves and urlsplit(url).path == urlsplit(target).path

    def _is_home(self, url: str) -> bool:
        return self._auth is not None and self._auth.may_carry_token(url, "api")

    def _path(self, url: str) -> str | None:
        return self._auth.origin.relative_path(url) if self._auth else None


def _prepare(call: Call) -> requests.PreparedRequest:
    headers = {
        "User-Agent": _USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        **call.headers,
    }
    request = requests.Request(
        call.method,
        call.url,
        headers=headers,
        params=call.params,
        json=call.json,
        files=call.files,
    )
    try:
        prepared = request.prepare()
        if urlsplit(prepared.url or "").scheme in _WEB_SCHEMES:
            return prepared
        failure = bad_url(call.url)
    except (requests.RequestException, ValueError) as exc:
        failure = request_failure(exc, call.url)
    raise failure


def _prepare_again(call: Call, url: str) -> requests.PreparedRequest:
    """The call at ``url``, which already holds the query."""
    again = Call(
        method=call.method,
        url=url,
        purpose=call.purpose,
        headers=call.headers,
        json=call.json,
        files=call.files,
    )
    return _prepare(again)


def _read_status(response: requests.Response) -> AuthResponse:
    if response.status_code != _UNAUTHORIZED:
        return AuthResponse(status=response.status_code)
    with closing(response):
        body = read_start(response, limit_bytes=_ERROR_BODY_BYTES)
    return AuthResponse(status=_UNAUTHORIZED, body=body)


def _redirect_target(response: requests.Response) -> str | None:
    """The absolute URL that ``response`` redirects to, None if it does not."""
    location = response.headers.get("Location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    try:
        text = location.encode("latin-1").decode(errors="replace").strip()
        return urldefrag(urljoin(str(response.url), text)).url
    except ValueError:
        msg = f"{_site(response.url)} redirects to something that is no URL."
    hint = _WHO_ANSWERED
    raise ServerError(msg, hint=hint)


def _site(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
