"""Azure Blob Storage, with azure-storage-blob and azure-identity.

Containers are listed by its client. Bytes are asked for through a pipeline of
azure-core on the same connections: the client offers no stream of one request, but
holds what came in memory and tries again by itself.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ls_tools.errors import (
    BadReferenceError,
    IntegrityError,
    LsToolsError,
    MissingDependencyError,
)
from ls_tools.forks import PerProcess
from ls_tools.sources.buckets.answers import (
    UNREADABLE,
    Meaning,
    StoreRefusal,
    failure_of,
    judge,
    may_be_empty,
    missing_meaning,
    nonsense,
    read_body,
    read_code,
    read_digests,
    read_retry_after_s,
)
from ls_tools.sources.buckets.azure_account import find_account
from ls_tools.sources.buckets.azure_blobs import (
    conditions_of,
    is_folder,
    read_info,
    read_listed,
)
from ls_tools.sources.buckets.azure_client import connect
from ls_tools.sources.buckets.muting import muted
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName, Wanted
from ls_tools.transport.failures import network_failure
from ls_tools.transport.ranges import parse_content_range
from ls_tools.transport.retrying import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from ls_tools.settings import Settings
    from ls_tools.transfer import Validator

_STORE = "Azure Blob Storage"
_VERSION = "2021-12-02"
_MOST_PIECE_BYTES = 2 * 2**20
_LEAST_PIECE_BYTES = 64 * 2**10
_MOST_BARE = 4096
_MEANINGS: Mapping[str, Meaning] = {
    "AuthenticationFailed": "rejected",
    "BlobArchived": "archived",
    "BlobBeingRehydrated": "archived",
    "ConditionNotMet": "changed",
    "ContainerBeingDeleted": "no-bucket",
    "ContainerNotFound": "no-bucket",
    "InvalidRange": "past-end",
    "NoAuthenticationInformation": "no-credentials",
    "OperationTimedOut": "passing",
    "PublicAccessNotPermitted": "no-credentials",
    "ServerBusy": "throttled",
}
_HINTS: Mapping[str, str] = {
    "AuthorizationPermissionMismatch": (
        "The account needs the role Storage Blob Data Reader for the container."
    ),
    "KeyBasedAuthenticationNotPermitted": (
        "The account takes no keys: log in (`az login`) with the role Storage Blob "
        "Data Reader."
    ),
}
_REJECTED_HINT = "Check the key, whether the signature has expired, and the clock."
_OK, _PARTIAL, _NOT_MODIFIED, _BAD, _PAST_END = 200, 206, 304, 400, 416


def azure_store(settings: Settings, bucket: str) -> AzureStore:
    """The store of one container.

    Raises:
        MissingDependencyError: azure-storage-blob is not installed.
        MissingCredentialsError: No storage account is named.
        SettingsError: The connection string makes no sense.
    """
    try:
        import azure.storage.blob  # noqa: F401 - only whether it is there
    except ImportError:
        msg = "Azure Blob Storage needs the package azure-storage-blob."
        raise MissingDependencyError(
            msg, hint="pip install 'ls-tools[azure]'"
        ) from None
    return AzureStore(settings, bucket)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    info: ObjectInfo
    chunks: tuple[bytes, ...]

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.chunks))


class AzureStore:
    """A container of Azure Blob Storage. Safe for threads and forks.

    Of a blob without an MD5 of its own, such as one uploaded in blocks, the bytes
    come in pieces whose MD5 the service computes, and are given when it is right.
    An account key never leaves this machine: it signs for reading the container.

    Args:
        settings: How to reach it; its ``azure`` are those of this container.
        bucket: Its name.

    Raises:
        MissingCredentialsError: No storage account is named.
        SettingsError: The connection string makes no sense.
    """

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._bucket = bucket
        self._account = account = find_account(settings.azure, bucket)
        self._links = PerProcess(lambda: connect(settings, account, bucket))
        self._bare: dict[str, None] = {}
        self._piece_bytes = _MOST_PIECE_BYTES

    def __repr__(self) -> str:
        return f"AzureStore({self._bucket!r})"

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        """Ask for bytes of a blob; see Store."""
        _check(name)
        wanted = Wanted(name=name, start=start, stop=stop, match=match, unless=unless)
        if match is None or match.etag not in self._bare:
            body = self._stream(wanted)
            if body is None or body.info.checksums or not body.info.size_bytes:
                return body
            body.close()
            self._note_bare(body.info)
        return self._in_pieces(wanted)

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """The blobs whose name begins with ``prefix``; see Store.

        Placeholders of folders, which some tools make, are left out.
        """
        name = ObjectName(
            bucket=bucket, key=prefix, canonical=f"azure-blob://{bucket}/{prefix}"
        )
        found = self._links.get().client.list_blobs(
            name_starts_with=prefix, include=["metadata"]
        )
        pages: Any = found.by_page()
        token = ""
        while (page := self._next_page(pages, name)) is not None:
            yield from (read_listed(blob) for blob in page if not is_folder(blob))
            last, token = token, pages.continuation_token or ""
            if token and token == last:
                raise nonsense(_STORE, name)

    def _stream(self, wanted: Wanted) -> Body | None:
        """The bytes in one answer."""
        headers = {} if wanted.is_whole else {"x-ms-range": wanted.byte_range}
        response = self._send(wanted, headers)
        with ExitStack() as closes:
            closes.callback(response.close)
            if response.status_code == _PAST_END and may_be_empty(wanted):
                return self._stream(replace(wanted, stop=None))
            if not self._has_bytes(response, wanted):
                return None
            info = read_info(response, wanted.name)
            closes.pop_all()
        first, _, _ = parse_content_range(response.headers.get("Content-Range"))
        return Body(
            info=info,
            start=first or 0,
            chunks=read_body(response),
            close=response.close,
        )

    def _in_pieces(self, wanted: Wanted) -> Body | None:
        first = self._piece(wanted)
        if first is None:
            return None
        chunks = self._read_pieces(wanted, first)
        return Body(info=first.info, start=wanted.start, chunks=chunks)

    def _read_pieces(self, wanted: Wanted, piece: _Piece) -> Iterator[bytes]:
        size_bytes = piece.info.size_bytes
        end = size_bytes if wanted.stop is None else min(wanted.stop, size_bytes)
        match, start = piece.info.validator, wanted.start
        while True:
            yield from piece.chunks
            start += piece.size_bytes
            if start >= end:
                return
            rest = Wanted(name=wanted.name, start=start, stop=end, match=match)
            following = self._piece(rest)
            if following is None:
                return
            piece = following

    def _piece(self, wanted: Wanted) -> _Piece | None:
        """The first bytes that are wanted, checked; None where they did not change."""
        last = wanted.start + self._piece_bytes
        stop = last if wanted.stop is None else min(last, wanted.stop)
        headers = {
            "x-ms-range": replace(wanted, stop=stop).byte_range,
            "x-ms-range-get-content-md5": "true",
        }
        response = self._send(wanted, headers)
        with ExitStack() as closes:
            closes.callback(response.close)
            if not self._has_bytes(response, wanted):
                return None
            first, _, _ = parse_content_range(response.headers.get("Content-Range"))
            if (first or 0) != wanted.start:
                raise nonsense(_STORE, wanted.name)
            chunks = self._read_piece(response, replace(wanted, stop=stop))
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
        told = read_digests({"md5": response.headers.get("Content-MD5")})
        if told and told["md5"] != digest.hexdigest():
            msg = f"{wanted.name.canonical} came with other bytes than were sent."
            raise TransientError(IntegrityError(msg, hint="Try again."))
        return _Piece(info=read_info(response, wanted.name), chunks=chunks)

    def _read_piece(
        self, response: requests.Response, wanted: Wanted
    ) -> tuple[bytes, ...]:
        """All bytes of an answer; where connections break, the next ask for less."""
        try:
            chunks = _read_bounded(response, wanted)
        except TransientError:
            self._piece_bytes = max(self._piece_bytes // 2, _LEAST_PIECE_BYTES)
            raise
        self._piece_bytes = min(self._piece_bytes * 2, _MOST_PIECE_BYTES)
        return chunks

    def _note_bare(self, info: ObjectInfo) -> None:
        if len(self._bare) >= _MOST_BARE:
            self._bare.clear()
        if info.validator.etag:
            self._bare[info.validator.etag] = None

    def _send(self, wanted: Wanted, headers: Mapping[str, str]) -> requests.Response:
        from azure.core.pipeline.transport import HttpRequest

        name, match = wanted.name, wanted.match
        version = name.version or (match.version if match and not match.etag else None)
        query = f"?{urlencode({'versionid': version})}" if version else ""
        path = f"{quote(name.bucket, safe='$')}/{quote(name.key, safe='~/')}"
        sent = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "x-ms-version": _VERSION,
            **conditions_of(wanted),
            **headers,
        }
        request = HttpRequest("GET", f"{self._account.url}/{path}{query}", headers=sent)
        link = self._links.get()
        with muted():
            answer = link.pipeline.run(request, stream=True)
        response: requests.Response = answer.http_response.internal_response
        return response

    def _has_bytes(self, response: requests.Response, wanted: Wanted) -> bool:
        """Whether bytes follow; False where they did not change.

        Raises:
            TransientError: The store refused, and the same may succeed.
            LsToolsError: It refused.
        """
        status = response.status_code
        if status == _NOT_MODIFIED and wanted.unless:
            return False
        if status in {_OK, _PARTIAL}:
            return True
        missing = missing_meaning(wanted.name, is_begun=bool(wanted.match))
        raise self._failure(response, wanted.name, missing)

    def _next_page(self, pages: Any, name: ObjectName) -> Any:
        from azure.core.exceptions import AzureError

        failure: LsToolsError | TransientError
        try:
            with muted():
                return next(pages, None)
        except AzureError as exc:
            response = getattr(exc, "response", None)
            if response is None:
                failure = network_failure(exc, self._account.url)
            elif response.status_code == _OK:
                failure = nonsense(_STORE, name)
            else:
                failure = self._failure(response, name, "no-bucket")
        except LsToolsError:  # some are a ValueError
            raise
        except UNREADABLE:
            failure = nonsense(_STORE, name)
        raise failure

    def _failure(
        self, response: Any, name: ObjectName, missing: Meaning
    ) -> LsToolsError | TransientError:
        """The error for an answer, of requests or azure-core, that is a refusal."""
        status, headers = response.status_code, response.headers
        code = read_code(headers.get("x-ms-error-code"))
        meaning = judge(status, code, _MEANINGS)
        anonymous = self._account.anonymous
        if status == _BAD and name.version:
            meaning = "no-version"
        elif meaning == "no-object":
            meaning = missing
        elif meaning == "rejected" and anonymous:
            meaning = "no-credentials"
        known = _HINTS.get(code) or _REJECTED_HINT
        refusal = StoreRefusal(
            store=_STORE,
            status=status,
            code=code,
            meaning=meaning,
            retry_after_s=read_retry_after_s(headers),
            hint=known if meaning == "rejected" else "",
        )
        return failure_of(refusal, name)


def _read_bounded(response: requests.Response, wanted: Wanted) -> tuple[bytes, ...]:
    """The bytes of an answer, which are some, and no more than were asked for."""
    chunks = []
    position = wanted.start
    for chunk in read_body(response):
        chunks.append(chunk)
        position += len(chunk)
        if wanted.stop is not None and position > wanted.stop:
            raise nonsense(_STORE, wanted.name)
    if not chunks:
        raise nonsense(_STORE, wanted.name)
    return tuple(chunks)


def _check(name: ObjectName) -> None:
    """Raise for names that a URL would turn into others, of other containers too."""
    if name.leads_elsewhere:
        msg = f"{name.canonical} is no name that a blob can have."
        raise BadReferenceError(msg, hint="Its parts may not be . or ..")
