"""The grammar of references: which kind a text is, decided by its beginning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from ls_tools.errors import BadReferenceError
from ls_tools.locator.cloud import CLOUD_KINDS, identify_uri, parse_bucket_uri
from ls_tools.locator.encoding import (
    NOT_TEXT,
    PATH_SAFE,
    QUERY_SAFE,
    decode_path,
    normal_quoting,
)
from ls_tools.locator.names import base_name, decoded_base_name, safe_file_name
from ls_tools.locator.server import ServerReference, parse_server
from ls_tools.locator.values import Locator
from ls_tools.origin import identity_query, redact_url, strip_secrets

if TYPE_CHECKING:
    from collections.abc import Collection

    from ls_tools.origin import Origin

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY = re.compile(r"[A-Za-z]+://[^/?#]*")
_NOT_IN_AUTHORITY = re.compile(r"[\s\\<>\"{}|^`]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_reference(
    reference: str,
    *,
    origin: Origin | None,
    aliases: tuple[Origin, ...] = (),
    allow_paths: bool = False,
    schemes: Collection[str] = (),
) -> Locator:
    """Parse a value of task data.

    Args:
        reference: The value.
        origin: The configured server.
        aliases: Other spellings of the same server.
        allow_paths: Accept plain file paths and ``file://`` URLs.
        schemes: Further schemes, in lower case, that sources are registered for.

    Raises:
        BadReferenceError: It is of no known kind, or malformed.
        NotFoundError: It names no file.
        RefusedError: It calls the server's API, or leads out of its folder.
    """
    text = _checked(reference)
    match = _SCHEME.match(text)
    scheme = match.group(1).lower() if match else ""
    rest = text[match.end() :] if match else text
    if scheme in CLOUD_KINDS:
        return parse_bucket_uri(reference, scheme, rest)
    text = text.rstrip()
    if scheme in _DEFAULT_PORTS:
        return _parse_web(text, origin, aliases)
    if scheme in schemes:
        return identify_uri(reference, f"{scheme}://{rest}")
    if not scheme or scheme == "file":
        return _parse_relative(text, origin, allow_paths=allow_paths)
    raise _unknown(reference)


def _checked(reference: object) -> str:
    if not isinstance(reference, str):
        msg = f"A reference must be text, not {type(reference).__name__}."
        raise BadReferenceError(msg, hint="Pass one value of the task data.")
    text = reference.lstrip()
    if not text or NOT_TEXT.search(text.rstrip("\r\n")):
        msg = (
            f"The reference {redact_url(reference)!r} is empty or holds control codes."
        )
        raise BadReferenceError(msg, hint="Look at the task data that it comes from.")
    return text.rstrip("\r\n")


def _parse_web(
    text: str, origin: Origin | None, aliases: tuple[Origin, ...]
) -> Locator:
    parts = _split(text)
    for known in (origin, *aliases):
        if origin is None or known is None or not known.same_site(text):
            continue
        given = ServerReference(
            reference=text,
            rest=_AUTHORITY.sub("", text, count=1),
            prefixes=(known.prefix,),
            origin=origin,
        )
        if locator := parse_server(given, media_only=False):
            return locator
    return _parse_external(text, parts)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        valid = bool(parts.hostname) and parts.port != 0
        valid = valid and not _NOT_IN_AUTHORITY.search(parts.netloc)
    except ValueError:
        valid, parts = False, SplitResult("", "", "", "", "")
    if not valid:
        msg = f"{redact_url(text)!r} is not a URL that can be fetched."
        raise BadReferenceError(msg, hint="Look at the task data that it comes from.")
    return parts


def _parse_external(text: str, parts: SplitResult) -> Locator:
    host, port = parts.hostname or "", parts.port
    host = f"[{host}]" if ":" in host else host
    authority = (
        host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    )
    path = normal_quoting(parts.path or "/", PATH_SAFE)
    query = normal_quoting(parts.query, QUERY_SAFE)
    userinfo = parts.netloc.rpartition("@")[0]
    plain = SplitResult(parts.scheme, authority, path, query, "")
    name = decoded_base_name(path) or host
    return Locator(
        kind="http",
        reference=text,
        canonical=strip_secrets(plain).geturl(),
        identity=plain._replace(query=identity_query(query)).geturl(),
        url=plain._replace(
            netloc=f"{userinfo}@{authority}" if userinfo else authority
        ).geturl(),
        path=decode_path(path),
        file_name=safe_file_name(name),
    )


def _parse_relative(text: str, origin: Origin | None, *, allow_paths: bool) -> Locator:
    prefix = origin.prefix if origin else ""
    given = ServerReference(
        reference=text,
        rest=f"/{text}" if text.startswith("upload/") else text,
        prefixes=("", prefix) if prefix else ("",),
        origin=origin,
    )
    if not text.startswith("//"):
        locator = parse_server(given, media_only=allow_paths)
        if locator is not None:
            return locator
    if allow_paths:
        return _parse_path(text)
    raise _unknown(text)


def _parse_path(text: str) -> Locator:
    path = text
    if text[:7].lower() == "file://":
        host, slash, tail = text[7:].partition("/")
        if host.lower() not in {"", "localhost"}:
            raise _unknown(text)
        path = decode_path(slash + tail)
    return Locator(
        kind="path",
        reference=text,
        canonical=path,
        identity=path,
        path=path,
        file_name=safe_file_name(base_name(path)),
    )


def _unknown(reference: str) -> BadReferenceError:
    msg = f"{redact_url(reference)!r} is no reference that ls_tools knows."
    hint = (
        "Known: uploads and local files of the server, http(s)://, s3://, gs://, "
        "azure-blob://, azure-spi://; file paths only below allow_paths; "
        "below a path prefix only with the server URL configured."
    )
    return BadReferenceError(msg, hint=hint)
