"""References below the server: the paths that it serves media under."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote

from ls_tools.errors import BadReferenceError, NotFoundError, RefusedError
from ls_tools.locator.cloud import decode_file_uri, identify_uri, resolve_path
from ls_tools.locator.encoding import (
    NOT_TEXT,
    QUERY_SAFE,
    decode_parameter,
    decode_path,
    encode_path,
    normal_quoting,
    parameter,
)
from ls_tools.locator.names import base_name, safe_file_name
from ls_tools.locator.values import Kind, Locator
from ls_tools.origin import identity_query, normalise_path, redact_url, strip_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.origin import Origin

_API = re.compile(r"/api(?:/|\Z)", re.IGNORECASE)
_MAY_BE_API = re.compile(r"%|api", re.IGNORECASE)
_EMPTY_SEGMENTS = re.compile(r"/(?:\.?/)+")
_SEPARATOR = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReference:
    """A reference that may be below the server, not yet classified.

    Attributes:
        reference: As given.
        rest: What follows the authority: path and query, as given.
        prefixes: The path prefixes of the server that ``rest`` may start with.
        origin: The configured server, which the locator's URL will be on.
    """

    reference: str
    rest: str
    prefixes: tuple[str, ...]
    origin: Origin | None


def parse_server(given: ServerReference, *, media_only: bool) -> Locator | None:
    """The locator of a reference below the server, None where it is no media.

    Args:
        given: The reference.
        media_only: Leave out paths that are media only by the folder they are
            in (``/data/…``, ``/static/…``).

    Raises:
        RefusedError: It is a call of the server's API, or leads upwards.
        NotFoundError: It names no file.
        BadReferenceError: Its parameters make no sense.
    """
    raw_path, _, query = given.rest.partition("?")
    path = _EMPTY_SEGMENTS.sub("/", decode_path(raw_path))
    for below in _below(path, given.prefixes):
        _refuse_api(below, given.reference)
        for pattern, build in _RULES[: -1 if media_only else None]:
            if match := pattern.fullmatch(below):
                _refuse_upwards(raw_path, given.reference)
                return build(given, match, query)
    return None


def _below(path: str, prefixes: tuple[str, ...]) -> list[str]:
    return [path[len(prefix) :] for prefix in prefixes if path.startswith(prefix + "/")]


def _refuse_api(path: str, reference: str) -> None:
    # Nothing but decoding brings these letters together.
    if not (_MAY_BE_API.search(path) and _API.match(normalise_path(path))):
        return
    msg = f"{redact_url(reference)!r} is a call of the server's API, not media."
    hint = "Task data may not make ls_tools call the API; refer to the file itself."
    raise RefusedError(msg, hint=hint)


def _refuse_upwards(text: str, reference: str) -> None:
    for _ in range(4):
        if ".." in text and ".." in _SEPARATOR.split(text):
            msg = f"The reference {redact_url(reference)!r} leads out of its folder."
            raise RefusedError(msg, hint="Remove the '..' from the task data.")
        if "%" not in text:
            return
        text = unquote(text)


def _parse_upload(given: ServerReference, match: re.Match[str], _: str) -> Locator:
    path = f"/data/upload/{_file(given, match['name'])}"
    return _locator(given, "upload", path, encode_path(path))


def _parse_local_file(given: ServerReference, _: re.Match[str], query: str) -> Locator:
    value = _value(given, query, "d").lstrip("/")
    path = posixpath.normpath(value) if value else ""
    path = _file(given, "" if path == "." else path)
    url_path = f"/data/local-files/?d={encode_path(path, '/~')}"
    identity = f"/data/local-files/?d={path}"
    return _locator(given, "local_file", path, url_path, identity=identity)


def _parse_proxy(given: ServerReference, _: re.Match[str], query: str) -> Locator:
    value = _file(given, _value(given, query, "filepath").strip("/"))
    url_path = f"/storage-data/uploaded/?filepath={encode_path(value, '/~')}"
    path = f"/data/{value}" if value.startswith("upload/") else url_path
    locator = _locator(given, "storage_proxy", path, url_path)
    if path == url_path:
        return replace(locator, path=None, file_name=safe_file_name(base_name(value)))
    plain = _locator(given, "upload", path, encode_path(path))
    return replace(locator, canonical=plain.canonical)


def _parse_resolve(given: ServerReference, match: re.Match[str], query: str) -> Locator:
    value = parameter(query, "fileuri")
    if not value:
        msg = f"The reference {redact_url(given.reference)!r} has no fileuri."
        raise BadReferenceError(msg, hint="Export the task data again.")
    locator = identify_uri(given.reference, decode_file_uri(value, given.reference))
    number = int(match["number"])
    task_id = number if match["room"] == "tasks" else None
    project_id = number if task_id is None else None
    uri = locator.identity
    path = resolve_path(uri, task_id=task_id, project_id=project_id)
    return replace(
        locator,
        kind="resolve",
        path=path.partition("?")[0],
        url=given.origin.url(path) if given.origin else None,
        task_id=task_id,
        project_id=project_id,
    )


def _parse_other(given: ServerReference, match: re.Match[str], query: str) -> Locator:
    path = "/" + _file(given, match.group().lstrip("/"))
    quoted, query = encode_path(path), normal_quoting(query, QUERY_SAFE)
    parts = SplitResult("", "", quoted, query, "")
    locator = _locator(given, "server_path", path, parts.geturl())
    below = strip_secrets(parts).geturl()
    return replace(
        locator,
        canonical=given.origin.url(below) if given.origin else below,
        identity=parts._replace(path=path, query=identity_query(query)).geturl(),
    )


_RULES: tuple[
    tuple[re.Pattern[str], Callable[[ServerReference, re.Match[str], str], Locator]],
    ...,
] = (
    (re.compile(r"(?:/data)?/upload/(?P<name>.*)", re.DOTALL), _parse_upload),
    (re.compile(r"/data/local-files/?"), _parse_local_file),
    (re.compile(r"/storage-data/uploaded/?"), _parse_proxy),
    (
        re.compile(
            r"/(?P<room>tasks|projects)/(?P<number>[0-9]{1,18})/(?:resolve|presign)/?"
        ),
        _parse_resolve,
    ),
    (re.compile(r"/(?:data|storage-data|static)/.+", re.DOTALL), _parse_other),
)


def _value(given: ServerReference, query: str, name: str) -> str:
    value = decode_parameter(parameter(query, name) or "")
    _refuse_upwards(value, given.reference)
    return value


def _file(given: ServerReference, path: str) -> str:
    if path and not path.endswith("/") and not NOT_TEXT.search(path):
        return path
    msg = f"The reference {redact_url(given.reference)!r} names no file."
    raise NotFoundError(msg, hint="Look at the task data that it comes from.")


def _locator(
    given: ServerReference,
    kind: Kind,
    path: str,
    url_path: str,
    *,
    identity: str | None = None,
) -> Locator:
    url = given.origin.url(url_path) if given.origin else None
    return Locator(
        kind=kind,
        reference=given.reference,
        canonical=url or url_path,
        identity=identity or path,
        url=url,
        path=path,
        file_name=safe_file_name(base_name(path)),
    )
