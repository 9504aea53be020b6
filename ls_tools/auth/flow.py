"""Where a token may go, and how a personal one is renewed.

Does no I/O: a flow yields what is to be sent, whoever drives it sends that.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NoReturn
from urllib.parse import unquote, urlsplit

from ls_tools.auth.tokens import (
    TokenKind,
    clean_token,
    is_sendable,
    read_json_object,
    token_kind,
    usable_s,
)
from ls_tools.errors import (
    AccessError,
    LsToolsError,
    MissingTokenError,
    NetworkError,
    ServerError,
    TokenRejectedError,
)
from ls_tools.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ls_tools.settings import Settings, Token

Purpose = Literal["api", "media"]

REFRESH_PATH = "/api/token/refresh/"
_MEDIA = re.compile(
    r"/(?:data|storage-data)/."
    r"|/(?:tasks|projects)/[0-9]+/(?:resolve|presign)/?\Z"
)
_URL_HINT = "Check that the URL is that of a Label Studio server, its path included."
_LONGEST_DETAIL = 16_384
_OK = 200
_UNAUTHORIZED = 401
_REFUSED = frozenset({400, 401, 403})

_NAMES: dict[TokenKind, str] = {
    "legacy": "legacy token",
    "personal": "personal access token",
    "access": "access token",
}
_REJECTION_HINTS: dict[TokenKind, str] = {
    "legacy": "Check that it belongs to this server and that the organization"
    " still allows legacy tokens; a personal access token works as well.",
    "personal": "It may be revoked, expired, or of another server: make a new one"
    " in Account & Settings, Personal Access Token.",
    "access": "Access tokens end after minutes: give the personal access token,"
    " which is renewed by itself.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Send the request itself, with these headers added.

    Attributes:
        headers: Empty where no token may or can be sent.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """POST ``body`` as JSON to ``url``, following no redirect.

    Attributes:
        url: The refresh endpoint of the configured server.
        body: Holds the personal access token.
    """

    url: str
    body: Mapping[str, str] = field(repr=False)


AuthRequest = Attempt | Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthResponse:
    """What came back for an AuthRequest.

    Attributes:
        status: The HTTP status.
        body: The body; for an Attempt needed with status 401 only.
    """

    status: int
    body: bytes = field(default=b"", repr=False)


def auth_for(settings: Settings) -> TokenAuth | None:
    """What authenticates requests to the configured server.

    A token that came with an environment URL (``token_url``) is withheld from
    any other server: the auth then sends nothing, and a server that asks for a
    token gives a MissingTokenError that says to pass one explicitly.

    Returns:
        None where no server is configured.

    Raises:
        SettingsError: The token has characters that no token has.
    """
    origin = settings.origin
    if origin is None:
        return None
    if settings.token_url is None or settings.token is None:
        return TokenAuth(origin, settings.token)
    owner = Origin.parse(settings.token_url)
    if owner in {origin, *map(Origin.parse, settings.aliases)}:
        return TokenAuth(origin, settings.token)
    hint = f"The token of the environment is for {owner}: pass one for this server."
    return TokenAuth(origin, None, hint=hint)


class TokenAuth:
    """The token of one server: where it may go and what it is sent as.

    Threads may share it. It is made anew in each process, so that no fork
    inherits a held lock.

    Args:
        origin: The server that the token belongs to.
        token: The token, a callable that returns one whenever it is needed, or
            None.
        hint: What to do when the server wants a token and there is none.
        clock: Monotonic seconds.
        now: Seconds since the epoch.

    Raises:
        SettingsError: The token has characters that no token has.
    """

    def __init__(
        self,
        origin: Origin,
        token: Token | None,
        *,
        hint: str = "",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.origin = origin
        self._token = token if callable(token) else clean_token(token)
        self._hint = hint or "Set LABEL_STUDIO_API_KEY, or pass a token."
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._renewed: _Renewed | None = None
        self._rounds = 0
        self._failure: LsToolsError | None = None

    def __repr__(self) -> str:
        return f"TokenAuth({str(self.origin)!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the token."""
        msg = "A TokenAuth cannot be pickled; pass Settings and make one there."
        raise TypeError(msg)

    def may_carry_token(self, url: str, purpose: Purpose) -> bool:
        """Whether a request to ``url`` may carry the token.

        It may go below the configured scheme, host, port and prefix only; for
        media only to the paths that Label Studio serves media under. The path
        has to qualify as it is spelled and as a server may decode it.
        """
        decoded = self.origin.relative_path(url)
        if decoded is None or unquote(decoded) != decoded:
            return False
        spelled = _strip_prefix(urlsplit(url).path or "/", self.origin.prefix)
        if spelled is None:
            return False
        if purpose == "api":
            return True
        return bool(_MEDIA.match(decoded) and _MEDIA.match(spelled))

    def flow(
        self, url: str, purpose: Purpose
    ) -> Generator[AuthRequest, AuthResponse, None]:
        """Yield what to send to get ``url``, given each answer in turn.

        The last Attempt that is yielded is the one whose answer counts. Close
        the generator when driving it is given up; throw a NetworkError into it
        when a Refresh got no answer.

        Raises:
            MissingTokenError: The server wants a token and there is none.
            TokenRejectedError: The server refused the token, renewed if it is a
                personal one.
            ServerError: The refresh endpoint gave nonsense.
        """
        token = self._current() if self.may_carry_token(url, purpose) else None
        if token is None:
            reply = yield Attempt()
            if reply.status == _UNAUTHORIZED and self.may_carry_token(url, purpose):
                raise self._missing()
            return
        sent = yield from self._credential(token, stale=None)
        reply = yield Attempt(headers=_headers(sent))
        if reply.status == _UNAUTHORIZED:
            yield from self._try_again(sent, reply)

    def _try_again(
        self, sent: str, refused: AuthResponse
    ) -> Generator[AuthRequest, AuthResponse, None]:
        token = self._current()
        if token is None:
            raise self._missing()
        renewed = yield from self._credential(token, stale=sent)
        if renewed != sent:
            refused = yield Attempt(headers=_headers(renewed))
        if refused.status == _UNAUTHORIZED:
            raise self._rejected(token_kind(token), _known_detail(refused.body))

    def _current(self) -> str | None:
        token = self._token() if callable(self._token) else self._token
        return clean_token(token)

    def _credential(
        self, token: str, *, stale: str | None
    ) -> Generator[AuthRequest, AuthResponse, str]:
        """What to send for ``token``: itself, or the access token it stands for."""
        if token_kind(token) != "personal":
            return token
        rounds = self._rounds
        if (fresh := self._fresh(token, stale)) is not None:
            return fresh
        with self._lock:
            if (fresh := self._fresh(token, stale)) is not None:
                return fresh
            if self._rounds != rounds and self._failure is not None:
                raise _copy(self._failure)
            return (yield from self._renew(token))

    def _fresh(self, token: str, stale: str | None) -> str | None:
        renewed = self._renewed
        if renewed is None or renewed.source != token or renewed.access == stale:
            return None
        return renewed.access if self._clock() < renewed.renew_at_s else None

    def _renew(self, token: str) -> Generator[AuthRequest, AuthResponse, str]:
        self._failure = None
        try:
            reply = yield Refresh(
                url=self.origin.url(REFRESH_PATH), body={"refresh": token}
            )
            access = self._read_access(reply)
        except (NetworkError, AccessError) as error:
            self._failure = error
            raise
        finally:
            self._rounds += 1
        end_s = self._clock() + usable_s(access, self._now())
        self._renewed = _Renewed(source=token, access=access, renew_at_s=end_s)
        return access

    def _read_access(self, reply: AuthResponse) -> str:
        kind: TokenKind = "personal"
        if reply.status in _REFUSED:
            raise self._rejected(kind, _known_detail(reply.body))
        answer = read_json_object(reply.body) if reply.status == _OK else None
        access = answer.get("access") if answer else None
        if isinstance(access, str) and is_sendable(access):
            return access
        msg = (
            f"{self.origin} did not exchange the {_NAMES[kind]}:"
            f" its answer has status {reply.status} and no access token."
        )
        raise ServerError(msg, hint=_URL_HINT, status=reply.status)

    def _missing(self) -> MissingTokenError:
        msg = f"{self.origin} wants a token, and none is configured for it."
        return MissingTokenError(msg, hint=self._hint, status=_UNAUTHORIZED)

    def _rejected(self, kind: TokenKind, detail: str) -> TokenRejectedError:
        why = f": {detail}" if detail else ""
        return TokenRejectedError(
            f"{self.origin} refused the {_NAMES[kind]}{why}.",
            hint=_REJECTION_HINTS[kind],
            status=_UNAUTHORIZED,
            token_kind=kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renewed:
    source: str = field(repr=False)
    access: str = field(repr=False)
    renew_at_s: float


def _headers(token: str) -> dict[str, str]:
    scheme = "Token" if token_kind(token) == "legacy" else "Bearer"
    return {"Authorization": f"{scheme} {token}"}


def _strip_prefix(path: str, prefix: str) -> str | None:
    if not prefix:
        return path
    if path == prefix or path.startswith(prefix + "/"):
        return path[len(prefix) :] or "/"
    return None


_DETAILS = {
    "legacy token authentication has been disabled": "this organization has disabled"
    " legacy tokens",
    "token is blacklisted": "it is revoked",
    "token is expired": "it is expired",
    "token is invalid": "it is not valid there",
    "invalid token": "it is not known there",
}


def _known_detail(body: bytes) -> str:
    """What the server said about a token, in our words: theirs may echo it."""
    text = body[:_LONGEST_DETAIL].decode(errors="replace").lower()
    return next((ours for theirs, ours in _DETAILS.items() if theirs in text), "")


def _copy(error: LsToolsError) -> LsToolsError:
    return type(error)(error.message, hint=error.hint, **error.data)
