"""References to objects in buckets, directly or through the server's resolver."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, unquote

from ls_tools.errors import BadReferenceError
from ls_tools.locator.encoding import NOT_TEXT, decode_parameter
from ls_tools.locator.names import base_name, safe_file_name
from ls_tools.locator.values import Locator
from ls_tools.origin import redact_url, strip_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

StoreKind = Literal["s3", "gs", "azure"]
"""Which kind of store a bucket is in."""

CLOUD_KINDS: Mapping[str, StoreKind] = {
    "s3": "s3",
    "gs": "gs",
    "azure-blob": "azure",
    "azure-spi": "azure",
}
BUCKET_NAME = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._$:-]*\Z")
_VERSION = re.compile(r"\?(?:versionid|generation)=([^&?#/]+)\Z", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9_-]+\Z")
_TO_URL_ALPHABET = str.maketrans("+/ ", "-_-")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")


def parse_bucket_uri(reference: str, scheme: str, rest: str) -> Locator:
    """Parse ``bucket/key``, raw and unencoded, with ``?versionId=`` at its end.

    Raises:
        BadReferenceError: It names no bucket or no object.
    """
    bucket, _, tail = rest.partition("/")
    match = _VERSION.search(tail)
    key = tail[: match.start()] if match else tail
    if not BUCKET_NAME.match(bucket) or not key:
        msg = f"The reference {redact_url(reference)!r} names no object in a bucket."
        raise BadReferenceError(msg, hint=f"Write {scheme}://BUCKET/KEY.")
    uri = f"{scheme}://{bucket}/{tail}"
    return Locator(
        kind=CLOUD_KINDS[scheme],
        reference=reference,
        canonical=_canonical(uri),
        identity=uri,
        bucket=bucket,
        key=key,
        version=match.group(1) if match else None,
        file_name=safe_file_name(base_name(key)),
    )


def identify_uri(reference: str, uri: str) -> Locator:
    """The locator of a storage URI of any scheme; ``other`` outside the clouds."""
    scheme, _, rest = uri.partition("://")
    scheme = scheme.lower()
    if scheme in CLOUD_KINDS:
        return parse_bucket_uri(reference, scheme, rest)
    uri = f"{scheme}://{rest}"
    return Locator(
        kind="other",
        reference=reference,
        canonical=_canonical(uri),
        identity=uri,
        file_name=safe_file_name(base_name(rest.partition("?")[0])),
    )


def store_kind(locator: Locator) -> StoreKind | None:
    """The kind of store that the bucket object of ``locator`` is in.

    None for what is no bucket object, also where the server resolves it.
    """
    if locator.bucket is None:
        return None
    return CLOUD_KINDS.get(locator.scheme)


def decode_file_uri(value: str, reference: str) -> str:
    """The URI inside an encoded ``fileuri=`` value.

    It is base64url or, from older servers, percent-encoded text; the server
    decodes the latter twice, and so does this.

    Raises:
        BadReferenceError: It is neither.
    """
    text = decode_parameter(value)
    uri = unquote(text)
    if not _URI.match(uri):
        uri = _decode_base64(text)
    if not _URI.match(uri) or NOT_TEXT.search(uri):
        msg = f"The fileuri of {redact_url(reference)!r} holds no storage URI."
        raise BadReferenceError(msg, hint="Export the task data again.")
    return uri


def _decode_base64(text: str) -> str:
    digits = text.translate(_TO_URL_ALPHABET).rstrip("=")
    if not _BASE64.match(digits):
        return ""
    try:
        return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def resolve_path(uri: str, *, task_id: int | None, project_id: int | None) -> str:
    """The server path that resolves ``uri`` with the storages of a task or project.

    Raises:
        ValueError: Neither id is given.
    """
    encoded = base64.urlsafe_b64encode(uri.encode()).decode()
    if task_id is not None:
        return f"/tasks/{task_id}/resolve/?fileuri={encoded}"
    if project_id is not None:
        return f"/projects/{project_id}/resolve/?fileuri={encoded}"
    raise ValueError(uri)


def _canonical(uri: str) -> str:
    head, _, query = uri.partition("?")
    if not query:
        return head
    parts = SplitResult(scheme="", netloc="", path="", query=query, fragment="")
    kept = strip_secrets(parts).query
    return f"{head}?{kept}" if kept else head
