"""Google Cloud Storage, with google-cloud-storage.

Its client tells the endpoint, and google-auth logs in. Objects are listed and read
on a session of its own: the client offers no stream of one request, tries again by
itself, and asks for more than is wanted from threads in the background.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ls_tools.errors import LsToolsError, NotFoundError
from ls_tools.forks import PerProcess
from ls_tools.sources.buckets.answers import (
    UNREADABLE,
    Meaning,
    StoreRefusal,
    failure_of,
    is_version,
    judge,
    may_be_empty,
    missing_meaning,
    nonsense,
    read_body,
    read_code,
    read_digests,
    read_encoding,
    read_retry_after_s,
    size_told,
)
from ls_tools.sources.buckets.gcs_client import GcsLink, connect
from ls_tools.sources.buckets.gcs_credentials import require_gcs
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName, Wanted
from ls_tools.transfer import Validator
from ls_tools.transport.bodies import read_start
from ls_tools.transport.ranges import parse_content_range, parse_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import requests

    from ls_tools.settings import Settings
    from ls_tools.transport.retrying import TransientError

_STORE = "Google Cloud Storage"
_FIELDS = (
    "items(name,size,md5Hash,crc32c,generation,etag,contentType,contentEncoding),"
    "nextPageToken"
)
_PAGE = 1000
_PAGE_BYTES = 64 * 2**20
_ERROR_BYTES = 64 * 2**10
_HASH = re.compile(r"\b(md5|crc32c)=([A-Za-z0-9+/=]+)")
_MEANINGS: Mapping[str, Meaning] = {
    "backendError": "passing",
    "internalError": "passing",
    "rateLimitExceeded": "throttled",
    "userRateLimitExceeded": "throttled",
    "quotaExceeded": "throttled",
    "userProjectMissing": "requester-pays",
    "noSuchBucket": "no-bucket",
    "conditionNotMet": "changed",
}
_PHRASES: Mapping[bytes, str] = {
    b"requester pays bucket but no user project": "userProjectMissing",
    b"The specified bucket does not exist": "noSuchBucket",
}
_HINTS: Mapping[Meaning, str] = {
    "rejected": "Check that the account may read it (storage.objects.get)."
}
_OK, _PARTIAL, _NOT_MODIFIED, _PAST_END = 200, 206, 304, 416


def gcs_store(settings: Settings, bucket: str) -> GcsStore:
    """The store of one bucket.

    Raises:
        MissingDependencyError: google-cloud-storage is not installed.
    """
    require_gcs()
    return GcsStore(settings, bucket)


class GcsStore:
    """A bucket of Google Cloud Storage. Safe for threads and forks.

    Objects stored with ``Content-Encoding: gzip`` come as they are stored, and
    ``ObjectInfo.encoding`` says so; sizes, positions and digests are those of
    the stored bytes. Digests are md5, which composite objects lack, and crc32c.

    Over plain http no credentials are sent: emulators have no use for them.

    Args:
        settings: How to reach it; its ``gcs`` are those of this bucket.
        bucket: Its name.
    """

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._settings = settings
        self._bucket = bucket
        self._links = PerProcess(lambda: connect(settings))

    def __repr__(self) -> str:
        return f"GcsStore({self._bucket!r})"

    @property
    def link(self) -> GcsLink:
        """The way to the store, this process's own.

        Raises:
            MissingCredentialsError: There are no credentials.
        """
        return self._links.get()

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        """Ask for bytes of an object; see Store."""
        _check(name)
        wanted = Wanted(name=name, start=start, stop=stop, match=match, unless=unless)
        link = self._links.get()
        response = link.send(*self._ask(link, wanted))
        with ExitStack() as closes:
            closes.callback(response.close)
            if response.status_code == _PAST_END and may_be_empty(wanted):
                return self.get(name, match=match, unless=unless)
            if response.status_code == _NOT_MODIFIED:
                return None
            if response.status_code not in {_OK, _PARTIAL}:
                missing = missing_meaning(name, is_begun=bool(match))
                raise self._failure(link, response, name, missing)
            body = _body(response, name)
            # Emulators take no notice of conditions.
            if unless and is_version(body.info.validator, unless):
                return None
            if match and is_version(body.info.validator, match) is False:
                raise failure_of(_changed(response.status_code), name)
            closes.pop_all()
        return body

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """The objects whose name begins with ``prefix``; see Store."""
        name = ObjectName(
            bucket=bucket, key=prefix, canonical=f"gs://{bucket}/{prefix}"
        )
        link = self._links.get()
        query = {"prefix": prefix, "maxResults": str(_PAGE), "fields": _FIELDS}
        if self._settings.gcs.project:
            query["userProject"] = self._settings.gcs.project
        url = f"{link.endpoint}/storage/v1/b/{quote(bucket, safe='')}/o?"
        while True:
            found, token = self._page(link, url + urlencode(query), name)
            yield from found
            if not token:
                return
            if token == query.get("pageToken"):
                raise nonsense(_STORE, name)
            query["pageToken"] = token

    def _ask(self, link: GcsLink, wanted: Wanted) -> tuple[str, dict[str, str]]:
        """URL and headers."""
        name, match, unless = wanted.name, wanted.match, wanted.unless
        path = f"/b/{quote(name.bucket, safe='')}/o/{quote(name.key, safe='')}"
        query = {"alt": "media"}
        # Stored bytes, not unpacked by the server: only they have a size, ranges
        # and digests.
        headers = {"Accept-Encoding": "gzip"}
        if not wanted.is_whole:
            headers["Range"] = wanted.byte_range
        if name.version:
            query["generation"] = name.version
        if self._settings.gcs.project:
            query["userProject"] = self._settings.gcs.project
        if match and _has_generation(match):
            query["ifGenerationMatch"] = str(match.version)
        elif match and match.etag:
            headers["If-Match"] = match.etag
        if unless and _has_generation(unless):
            query["ifGenerationNotMatch"] = str(unless.version)
        elif unless and unless.etag:
            headers["If-None-Match"] = unless.etag
        url = f"{link.endpoint}/download/storage/v1{path}?{urlencode(query)}"
        return url, headers

    def _page(
        self, link: GcsLink, url: str, name: ObjectName
    ) -> tuple[Sequence[ObjectInfo], str]:
        """One page of a list, and the token of the next one."""
        with closing(link.send(url, {})) as response:
            if response.status_code != _OK:
                raise self._failure(link, response, name, "no-bucket")
            content = bytearray()
            for chunk in read_body(response):
                content += chunk
                if len(content) > _PAGE_BYTES:
                    raise nonsense(_STORE, name)
        try:
            page = json.loads(content)
            items = page.get("items", ())
            return tuple(map(_listed, items)), str(page.get("nextPageToken") or "")
        except UNREADABLE:
            pass
        raise nonsense(_STORE, name)

    def _failure(
        self,
        link: GcsLink,
        response: requests.Response,
        name: ObjectName,
        missing: Meaning,
    ) -> LsToolsError | TransientError:
        status = response.status_code
        code = _read_code(response)
        meaning = judge(status, code, _MEANINGS)
        if meaning == "no-object":
            meaning = missing
        elif meaning == "rejected" and link.is_anonymous:
            meaning = "no-credentials"
        refusal = StoreRefusal(
            store=_STORE,
            status=status,
            code=code,
            meaning=meaning,
            retry_after_s=read_retry_after_s(response.headers),
            hint=_HINTS.get(meaning, ""),
        )
        return failure_of(refusal, name)


def _check(name: ObjectName) -> None:
    """Raise for names that no object can have, and that would ask for others."""
    if name.key in {".", ".."} or name.bucket in {".", ".."}:
        refusal = StoreRefusal(store=_STORE, status=404, meaning="no-object")
        raise failure_of(refusal, name)
    if name.version and not _is_generation(name.version):
        msg = f"{name.version!r} is no generation of {name.canonical}."
        hint = "Generations of Google Cloud Storage are numbers."
        raise NotFoundError(msg, hint=hint)


def _is_generation(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _has_generation(validator: Validator) -> bool:
    return bool(validator.version and _is_generation(validator.version))


def _changed(status: int) -> StoreRefusal:
    return StoreRefusal(store=_STORE, status=status, meaning="changed")


def _body(response: requests.Response, name: ObjectName) -> Body:
    headers = response.headers
    first, _, total = parse_content_range(headers.get("Content-Range"))
    size = parse_length(headers.get("Content-Length")) if total is None else total
    if size is None:
        # Unpacked on the way, whatever was asked for; the end cannot be told.
        size = parse_length(headers.get("X-Goog-Stored-Content-Length"))
    info = ObjectInfo(
        key=name.key,
        size_bytes=size_told(size, name),
        validator=Validator(
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            version=headers.get("X-Goog-Generation"),
        ),
        checksums=read_digests(dict(_HASH.findall(headers.get("X-Goog-Hash", "")))),
        content_type=headers.get("Content-Type"),
        encoding=read_encoding(headers.get("Content-Encoding")),
    )
    return Body(
        info=info,
        start=first or 0,
        chunks=read_body(response),
        close=response.close,
    )


def _listed(item: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        key=str(item["name"]),
        size_bytes=int(item.get("size", 0)),
        validator=Validator(etag=item.get("etag"), version=item.get("generation")),
        checksums=read_digests(
            {"md5": item.get("md5Hash"), "crc32c": item.get("crc32c")}
        ),
        content_type=item.get("contentType"),
        encoding=read_encoding(item.get("contentEncoding")),
    )


def _read_code(response: requests.Response) -> str:
    """The code in an error's body, which is JSON or a line of text."""
    body = read_start(response, limit_bytes=_ERROR_BYTES)
    for phrase, code in _PHRASES.items():
        if phrase in body:
            return code
    try:
        reasons = json.loads(body)["error"]["errors"]
        return read_code(reasons[0]["reason"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
