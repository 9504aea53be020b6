"""Web origins: which URLs belong to the configured server, and what is secret.

Pure: parses and compares text, opens nothing.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from ls_tools.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_DEFAULT_PORTS = {"http": 80, "https": 443}

SIGNATURE_SCHEMES: Mapping[str, tuple[str, ...]] = {
    # AWS signature version 4
    "x-amz-signature": (
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    ),
    # AWS signature version 2
    "awsaccesskeyid": (
        "awsaccesskeyid",
        "expires",
        "signature",
        "x-amz-security-token",
    ),
    # Google Cloud Storage V4
    "x-goog-signature": (
        "x-goog-algorithm",
        "x-goog-credential",
        "x-goog-date",
        "x-goog-expires",
        "x-goog-signature",
        "x-goog-signedheaders",
    ),
    # Google Cloud Storage V2
    "googleaccessid": ("expires", "googleaccessid", "signature"),
    # Azure shared access signature
    "sig": (
        "saoid",
        "scid",
        "sdd",
        "se",
        "ses",
        "si",
        "sig",
        "sip",
        "ske",
        "skoid",
        "sks",
        "skt",
        "sktid",
        "skv",
        "sp",
        "spr",
        "sr",
        "srt",
        "ss",
        "st",
        "suoid",
        "sv",
    ),
    # CloudFront
    "key-pair-id": ("expires", "hash-algorithm", "key-pair-id", "policy", "signature"),
    # Alibaba OSS
    "ossaccesskeyid": ("expires", "ossaccesskeyid", "security-token", "signature"),
}
"""The signing schemes: the query parameter by which one is known, and those that
belong to it, in lower case. Short names such as ``sv`` or ``expires`` count as a
signature only beside the parameter that marks their scheme."""

CREDENTIAL_PARAMETERS = frozenset({"access_token", "api_key", "apikey"})
"""Query parameters that say who asks. Like those of a signature they take no part
in cache keys."""

SECRET_PARAMETERS = CREDENTIAL_PARAMETERS | {
    *("auth_token", "authorization", "jwt", "password", "secret", "sig", "signature"),
    *("token", "x-amz-credential", "x-amz-security-token", "x-amz-signature"),
    *("x-goog-credential", "x-goog-signature"),
}
"""Query parameters that are never written to disk or to a log, signed or not. One
that is no credential stays in the cache key, by its digest: ``?token=`` may be the
only thing that tells two files apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host, port and path prefix of a server.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Lower case; IPv6 without brackets.
        port: Always explicit.
        prefix: Path prefix of a sub-path deployment, ``""`` or ``/ls``.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Parse a server URL such as ``https://labels.example.com/ls``.

        Raises:
            SettingsError: It is not an absolute http or https URL.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not port:
            msg = f"The server URL {redact_url(url)!r} is not an http(s) URL."
            raise SettingsError(msg, hint="Give one like https://labels.example.com.")
        prefix = normalise_path(parts.path).rstrip("/")
        return cls(
            scheme=parts.scheme, host=parts.hostname.lower(), port=port, prefix=prefix
        )

    def __str__(self) -> str:
        """The normal spelling, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port != _DEFAULT_PORTS[self.scheme]:
            host = f"{host}:{self.port}"
        return f"{self.scheme}://{host}{self.prefix}"

    def url(self, path: str) -> str:
        """The absolute URL of ``path`` (which starts with ``/``) on this server."""
        return f"{self}{path}"

    def same_site(self, url: str) -> bool:
        """Whether ``url`` has this scheme, host and port, under any prefix."""
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return False
        host = (parts.hostname or "").lower()
        return (parts.scheme, host, port) == (self.scheme, self.host, self.port)

    def relative_path(self, url: str) -> str | None:
        """The normalised path of ``url`` below this origin's prefix.

        Returns:
            A path starting with ``/``, dot segments and encoded slashes
            resolved, without query; None where ``url`` is not below this origin.
        """
        if not self.same_site(url):
            return None
        path = normalise_path(urlsplit(url).path or "/")
        if not self.prefix:
            return path
        if path == self.prefix or path.startswith(self.prefix + "/"):
            return path[len(self.prefix) :] or "/"
        return None


def normalise_path(path: str) -> str:
    """Resolve percent-encoding, backslashes and dot segments of a URL path.

    The result is for comparing, not for requesting: ``/a/..%2fapi`` becomes
    ``/api``. A path is decoded until it no longer changes (at most four times),
    since a server behind a proxy may decode it more than once.
    """
    for _ in range(4):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    path = re.sub(r"/{2,}", "/", path.replace("\\", "/"))
    normal = posixpath.normpath("/" + path.lstrip("/")) if path else ""
    return normal + "/" if path.endswith("/") and normal != "/" else normal


def identity_query(query: str) -> str:
    """The part of a query that tells objects apart: no signature, no credential.

    What stays keeps its order and its spelling.
    """
    names = {_parameter_name(item) for item in query.split("&")}
    dropped = set(CREDENTIAL_PARAMETERS)
    for marker, parameters in SIGNATURE_SCHEMES.items():
        if marker in names:
            dropped.update(parameters)
    return _without(query, dropped)


def strip_secrets(parts: SplitResult) -> SplitResult:
    """Drop userinfo, fragment, signature and secrets of a split URL."""
    query = _without(identity_query(parts.query), SECRET_PARAMETERS)
    query = "&".join(item for item in query.split("&") if not _is_signed_url(item))
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query, fragment="")


def _parameter_name(item: str) -> str:
    return _decoded_name(item.partition("=")[0])


@lru_cache(maxsize=128)  # the signed URLs of an export have few names in them
def _decoded_name(name: str) -> str:
    return unquote_plus(name).strip().lower()


def _is_signed_url(item: str) -> bool:
    value = unquote_plus(item).lower()
    return any(f"{marker}=" in value for marker in ("signature", "&sig", "?sig"))


def _without(query: str, names: Container[str]) -> str:
    if not query:
        return query
    items = query.split("&")
    return "&".join(item for item in items if _parameter_name(item) not in names)


def _redacted(parts: SplitResult) -> str:
    """``parts`` without secrets.

    Raises:
        ValueError: What should be a port may be a password cut short by a slash.
    """
    if parts.scheme in _DEFAULT_PORTS:
        _ = parts.port
    return strip_secrets(parts).geturl()


def redact_url(url: str) -> str:
    """``url`` as it may stand in a message: no userinfo, signature or control.

    Never raises; what does not parse is cut down to its scheme.
    """
    try:
        text = _redacted(urlsplit(url)) if "://" in url else url
    except ValueError:
        text = url.partition("://")[0] + "://…"
    if "://" not in text and "?" in text:
        head, _, query = text.partition("?")
        text = f"{head}?{strip_secrets(urlsplit('?' + query)).query}"
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    limit = 300
    return text if len(text) <= limit else text[: limit - 1] + "…"
