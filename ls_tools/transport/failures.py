"""Failures of requests, as the errors of this library.

Errors of requests and urllib3 hold whole URLs and headers; none of them is
raised, chained or quoted. Only the operating system's own error is kept.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests import RequestException
from requests import exceptions as request_errors
from urllib3 import exceptions as pool_errors

from ls_tools.auth import redact
from ls_tools.errors import (
    AccessError,
    BadReferenceError,
    DeadlineError,
    LsToolsError,
    NetworkError,
    NotFoundError,
    ServerError,
    SettingsError,
    TokenRejectedError,
    UsageError,
)
from ls_tools.origin import redact_url
from ls_tools.transport.retrying import (
    RETRY_STATUSES,
    THROTTLE_STATUSES,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_DETAIL = 300
_MOST_CAUSES = 12
_URL = re.compile(r"\bhttps?://\S+")
_STORE_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_BAD_REQUEST = frozenset({400, 409, 413, 415, 422})
_NO_TIMEOUTS = (pool_errors.NewConnectionError, pool_errors.NameResolutionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer whose status is not what was wanted.

    Attributes:
        status: The HTTP status.
        url: What was asked for, without secrets.
        host: Host that answered, after redirects.
        path: Path below the configured server's prefix that answered; None where
            another server did.
        with_token: Whether the token was sent with it.
        body: The first bytes of the body.
        not_found: The message if it does not exist, "" for a general one.
        moved_to: Where the configured server redirected to, outside of itself.
    """

    status: int
    url: str
    host: str
    path: str | None
    with_token: bool
    body: bytes = b""
    not_found: str = ""
    moved_to: str = ""

    @property
    def text(self) -> str:
        """The body as text, for looking for known phrases."""
        return self.body.decode(errors="replace")


def request_failure(exc: Exception, url: str) -> LsToolsError:
    """The error for a request that could not even be made."""
    if isinstance(exc, request_errors.InvalidHeader):
        msg = "A header of the settings holds a character that no header may have."
        return SettingsError(msg, hint="Check the headers and the token given.")
    return bad_url(url)


def bad_url(url: str) -> LsToolsError:
    """The error for a URL that cannot be requested."""
    shown = redact_url(url)
    msg = f"{shown!r} is not a URL that can be requested."
    hint = "Check the server URL, or the reference in the task data."
    return BadReferenceError(msg, hint=hint, reference=shown)


def network_failure(exc: Exception, url: str) -> TransientError | LsToolsError:
    """The error for a request that got no answer, or lost it on the way.

    Args:
        exc: What requests, urllib3 or the operating system raised.
        url: The URL that was requested; only its host is quoted.

    Returns:
        A TransientError where the same request may succeed.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    causes = list(_causes(exc))
    error = _lasting_failure(causes, host)
    is_lasting = error is not None
    if error is None:
        error = _passing_failure(causes, host)
    error.__cause__ = next((c for c in reversed(causes) if _is_own(c)), None)
    return error if is_lasting else TransientError(error)


def _lasting_failure(causes: list[BaseException], host: str) -> LsToolsError | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            msg = f"The certificate of {host} is not trusted: {cause.verify_message}."
            hint = "If it is your own authority's, give its CA file as VERIFY_SSL."
            return NetworkError(msg, hint=hint, host=host)
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            msg = f"There is no host named {host}."
            return NetworkError(msg, hint="Check the URL and the network.", host=host)
    return None


def _passing_failure(causes: list[BaseException], host: str) -> LsToolsError:
    if any(isinstance(c, pool_errors.ProxyError) for c in causes):
        msg = f"The proxy on the way to {host} cannot be used."
        hint = "Check the proxy settings (HTTPS_PROXY, NO_PROXY)."
        return NetworkError(msg, hint=hint, host=host)
    if any(isinstance(c, ConnectionRefusedError) for c in causes):
        msg = f"{host} refuses connections."
        hint = "Check the URL; inside a container localhost is the container."
        return NetworkError(msg, hint=hint, host=host)
    if tls := next((c for c in causes if isinstance(c, ssl.SSLError)), None):
        msg = f"{host} and we do not agree on TLS: {tls.reason or 'no reason given'}."
        hint = "Check that this is an https server, and the CA file if one is set."
        return NetworkError(msg, hint=hint, host=host)
    if any(_is_timeout(c) for c in causes):
        msg = f"{host} stopped answering."
        hint = "If it only needs longer, raise LS_TOOLS_READ_TIMEOUT_S."
        return DeadlineError(msg, hint=hint, host=host)
    msg = f"The connection to {host} broke."
    return NetworkError(msg, hint="Try again.", host=host)


def _is_timeout(cause: BaseException) -> bool:
    if isinstance(cause, _NO_TIMEOUTS):
        return False
    return isinstance(
        cause, (TimeoutError, pool_errors.TimeoutError, request_errors.Timeout)
    )


def _is_own(cause: BaseException) -> bool:
    """Whether it is the operating system's error, which names no URL."""
    return isinstance(cause, OSError) and not isinstance(cause, RequestException)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """``exc`` and what lies behind it, from the outside in."""
    current: BaseException | None = exc
    for _ in range(_MOST_CAUSES):
        if current is None:
            return
        yield current
        inner = getattr(current, "reason", None)
        candidates = [inner, *current.args[::-1], current.__cause__]
        current = next((c for c in candidates if isinstance(c, BaseException)), None)


def status_failure(
    refusal: Refusal, *, retry_after_s: float | None = None
) -> TransientError | LsToolsError:
    """The error for an answer with an unwanted status.

    Returns:
        A TransientError where the same request may succeed.
    """
    if is_missing(refusal):
        return _not_found(refusal)
    if refusal.status in {401, 403, 407}:
        return _no_access(refusal)
    msg = f"{refusal.host} answered {refusal.status} for {refusal.url}"
    detail = _read_detail(refusal)
    msg = f"{msg}: {detail}" if detail else f"{msg}."
    if refusal.status in _BAD_REQUEST and refusal.path is not None:
        hint = "The server takes no such request; see what it says."
        return UsageError(msg, hint=hint, status=refusal.status)
    hint = "Try again later; if it stays so, the log of the server says why."
    error = ServerError(msg, hint=hint, status=refusal.status)
    if refusal.status in RETRY_STATUSES:
        is_throttled = refusal.status in THROTTLE_STATUSES
        return TransientError(
            error, retry_after_s=retry_after_s, is_throttled=is_throttled
        )
    return error


def is_missing(refusal: Refusal) -> bool:
    """Whether the status, with its detail, means that there is no such thing.

    Label Studio says so in two more ways: 500 for an upload that is gone, 424
    for an object that a bucket does not have.
    """
    if refusal.status in {404, 410}:
        return True
    if refusal.status == 500:  # noqa: PLR2004 - the server's own error
        return "'NoneType' object has no attribute 'has_permission'" in refusal.text
    return refusal.status == 424 and "Stream is None" in refusal.text  # noqa: PLR2004


_MISSING_HINTS = (
    (
        "/data/local-files",
        (
            "The file must lie in a local storage of the project on the server; or"
            " mount the same disk here and set LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
        ),
    ),
    ("/data/upload", "The upload was deleted on the server: check it in the project."),
    ("/storage-data", "The upload was deleted on the server: check it in the project."),
    (
        "/tasks/",
        (
            "Check that the task is there, that a storage of its project has this"
            " bucket, and that the object is in it."
        ),
    ),
    (
        "/projects/",
        "Check that a storage of the project has this bucket and the object is in it.",
    ),
    ("", "Check the id, and that the server's URL is right, its path included."),
)


def _not_found(refusal: Refusal) -> LsToolsError:
    msg = refusal.not_found or f"There is nothing at {refusal.url}."
    path = refusal.path
    if path is None:
        hint = "Check the link: the file may have been moved or deleted."
    else:
        hint = next(h for start, h in _MISSING_HINTS if path.startswith(start))
    return NotFoundError(msg, hint=hint, status=refusal.status, url=refusal.url)


_REFUSAL_HINTS = (
    (
        "Serving local files can be dangerous",
        "does not serve local files",
        (
            "Set LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true on the server, or mount"
            " the same disk here and set LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
        ),
    ),
    (
        "reserved network address",
        "refuses to contact a private address",
        "Set LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false on the server if it may.",
    ),
)


def _no_access(refusal: Refusal) -> LsToolsError:
    data = {"status": refusal.status, "url": refusal.url}
    for phrase, what, hint in _REFUSAL_HINTS:
        if phrase in refusal.text:
            return AccessError(f"{refusal.host} {what}.", hint=hint, **data)
    msg = f"{refusal.host} refused {refusal.url} with status {refusal.status}"
    detail = _read_detail(refusal)
    msg = f"{msg}: {detail}" if detail else f"{msg}."
    if refusal.with_token:
        hint = "Check that the token's user may see this project on this server."
        return TokenRejectedError(msg, hint=hint, **data)
    if refusal.moved_to:
        hint = f"The server moved: set its URL to {refusal.moved_to}."
        return AccessError(msg, hint=hint, **data)
    if refusal.path is None:
        hint = "No token is sent to this host. A signed link may have expired."
        return AccessError(msg, hint=hint, **data)
    return AccessError(msg, hint="No token is sent for this path.", **data)


def _read_detail(refusal: Refusal) -> str:
    """What the server said, where it is short and meant to be read."""
    found = _STORE_CODE.search(refusal.text)
    if found:
        return f"{found[1]}."
    try:
        answer = json.loads(refusal.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    parts = [answer.get("detail"), answer.get("validation_errors")]
    texts = [p if isinstance(p, str) else json.dumps(p) for p in parts if p]
    text = _URL.sub(lambda url: redact_url(url[0]), redact(" ".join(texts)))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    shown = text[:_LONGEST_DETAIL] + ("…" if len(text) > _LONGEST_DETAIL else "")
    return shown if not shown or shown.endswith((".", "…", "!")) else f"{shown}."
