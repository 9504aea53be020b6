"""S3 and what speaks its protocol, on boto3."""

from __future__ import annotations

import re
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from urllib3.exceptions import HTTPError

from ls_tools.errors import IntegrityError, LsToolsError, RefusedError
from ls_tools.forks import PerProcess
from ls_tools.sources.buckets.answers import (
    UNREADABLE,
    may_be_empty,
    nonsense,
    read_digests,
    read_encoding,
    size_told,
)
from ls_tools.sources.buckets.muting import muted
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName, Wanted
from ls_tools.sources.buckets.s3_client import S3Link, connect
from ls_tools.sources.buckets.s3_errors import (
    answer_failure,
    call_failure,
    cut_failure,
)
from ls_tools.transfer import Validator
from ls_tools.transport.quiet import quiet
from ls_tools.transport.ranges import parse_content_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ls_tools.settings import Settings

READ_BYTES = 256 * 2**10
"""Most bytes taken from a connection at once."""

_MD5 = re.compile(r'"?([0-9a-f]{32})"?\Z')
_FIELDS = {
    "ChecksumCRC32": "crc32",
    "ChecksumCRC32C": "crc32c",
    "ChecksumCRC64NVME": "crc64nvme",
    "ChecksumMD5": "md5",
    "ChecksumSHA1": "sha1",
    "ChecksumSHA256": "sha256",
    "ChecksumSHA512": "sha512",
}
_EXPRESS = "--x-s3"
_STORE = "The S3 store"
_STORE = "The S3 store"
_NOT_MODIFIED = 304


def s3_store(settings: Settings, bucket: str) -> S3Store:
    """The store of an S3 bucket, a StoreFactory. Connects to nothing yet."""
    return S3Store(settings, bucket)


class S3Store:
    """One bucket of S3, or of a store that speaks its protocol.

    Args:
        settings: Those of the bucket.
        bucket: Its name.
    """

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = settings.s3
        self._links = PerProcess(partial(connect, settings, bucket))

    @property
    def link(self) -> S3Link:
        """The way to the bucket, this process's own.

        Raises:
            MissingDependencyError: boto3 is not installed.
            MissingCredentialsError: The profile does not exist.
            SettingsError: The endpoint is no URL.
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
        """Ask for the bytes from ``start`` to before ``stop``; see Store."""
        if self._s3.endpoint_url and name.leads_elsewhere:
            msg = f"{name.canonical} may lead out of its bucket on the way."
            hint = "Its parts may not be . or .. where an endpoint is set."
            raise RefusedError(msg, hint=hint)
        wanted = Wanted(name=name, start=start, stop=stop, match=match, unless=unless)
        asked: dict[str, Any] = {"Bucket": name.bucket, "Key": name.key}
        if wanted.is_whole:
            asked["ChecksumMode"] = "ENABLED"
        else:
            asked["Range"] = wanted.byte_range
        if name.version:
            asked["VersionId"] = name.version
        asked.update(_conditions(match, unless))
        try:
            answer = self._call("get_object", asked, name)
        except IntegrityError:
            if not may_be_empty(wanted):
                raise
            return self.get(name, match=match, unless=unless)
        return None if answer is None else self._body(answer, name)

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """The objects whose name begins with ``prefix``; see Store."""
        asked: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        where = ObjectName(
            bucket=bucket, key=prefix, canonical=f"s3://{bucket}/{prefix}"
        )
        while True:
            page = self._call("list_objects_v2", asked, where) or {}
            try:
                infos = [_listed(item) for item in page.get("Contents", ())]
            except UNREADABLE:
                raise nonsense(_STORE, where) from None
            yield from infos
            if not page.get("IsTruncated"):
                return
            token = page.get("NextContinuationToken", "")
            if token == asked.get("ContinuationToken", ""):
                raise nonsense(_STORE, where)
            asked["ContinuationToken"] = token

    def _call(
        self, operation: str, asked: Mapping[str, Any], name: ObjectName
    ) -> Any | None:
        """The answer; None for 304."""
        client = self.link.client
        pays = {"RequestPayer": "requester"} if self._s3.requester_pays else {}
        from botocore.exceptions import BotoCoreError, ClientError

        host = client.meta.endpoint_url
        with quiet(), muted():
            try:
                return getattr(client, operation)(**asked, **pays)
            except ClientError as exc:
                answer: Mapping[str, Any] = exc.response
            except BotoCoreError as exc:
                raise call_failure(exc, name=name.canonical, host=host) from None
            except LsToolsError:  # some are a ValueError
                raise
            except UNREADABLE:
                raise nonsense(_STORE, name) from None
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == _NOT_MODIFIED:
            return None
        raise answer_failure(
            answer,
            name,
            is_begun="IfMatch" in asked,
            is_anonymous=self._s3.anonymous,
        )

    def _body(self, answer: Mapping[str, Any], name: ObjectName) -> Body:
        # The stream of urllib3 itself: the wrappers of boto3 lose what came before
        # a cut, and what they check is checked on disk, in parts too.
        stream = answer["Body"]
        raw = getattr(stream, "_raw_stream", stream)
        first, _, total = parse_content_range(answer.get("ContentRange"))
        with ExitStack() as closes:
            closes.callback(raw.close)
            info = read_info(answer, name, size_bytes=total)
            closes.pop_all()
        return Body(
            info=info,
            start=first or 0,
            chunks=self._read(raw, name),
            close=raw.close,
        )

    def _read(self, raw: Any, name: ObjectName) -> Iterator[bytes]:
        try:
            while piece := raw.read1(READ_BYTES, decode_content=False):
                yield piece
        except (HTTPError, OSError) as exc:
            self._raise_cut(exc, name)

    def _raise_cut(self, exc: Exception, name: ObjectName) -> NoReturn:
        host = self.link.client.meta.endpoint_url
        raise cut_failure(exc, name=name.canonical, host=host) from None


def _listed(item: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        key=item["Key"],
        size_bytes=item["Size"],
        validator=Validator(etag=item.get("ETag")),
    )


def _conditions(match: Validator | None, unless: Validator | None) -> dict[str, Any]:
    if match and match.etag:
        return {"IfMatch": match.etag}
    if unless and unless.etag:
        return {"IfNoneMatch": unless.etag}
    if unless and unless.last_modified:
        return {"IfModifiedSince": parsedate_to_datetime(unless.last_modified)}
    return {}


def read_info(
    answer: Mapping[str, Any], name: ObjectName, *, size_bytes: int | None
) -> ObjectInfo:
    """What the answer to a get says of the object.

    Args:
        answer: As boto3 gives it.
        name: The object.
        size_bytes: Size of the whole, where only a part was sent.

    Raises:
        ServerError: It does not tell the size.
    """
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    version = answer.get("VersionId")
    size = answer.get("ContentLength") if size_bytes is None else size_bytes
    return ObjectInfo(
        key=name.key,
        size_bytes=size_told(size, name),
        validator=Validator(
            etag=answer.get("ETag"),
            last_modified=headers.get("last-modified"),
            version=None if version == "null" else version,
        ),
        checksums=_read_checksums(answer, name.bucket),
        content_type=answer.get("ContentType"),
        encoding=read_encoding(answer.get("ContentEncoding")),
    )


def md5_of_etag(etag: str | None, bucket: str) -> str | None:
    """The md5 that an ETag may be: by its form, and the kind of bucket."""
    found = _MD5.match(etag or "")
    return found[1] if found and not bucket.endswith(_EXPRESS) else None


def _read_checksums(answer: Mapping[str, Any], bucket: str) -> dict[str, str]:
    checksums = {}
    encryption = str(answer.get("ServerSideEncryption") or "")
    is_foreign = encryption.startswith("aws:") or "SSECustomerAlgorithm" in answer
    if not is_foreign and (md5 := md5_of_etag(answer.get("ETag"), bucket)):
        checksums["md5"] = md5
    if answer.get("ChecksumType") == "COMPOSITE" or "ContentRange" in answer:
        return checksums
    said = {algorithm: answer.get(field) for field, algorithm in _FIELDS.items()}
    return checksums | read_digests(said)
