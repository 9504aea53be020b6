"""What is asked for of a blob, and what answers say of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.sources.buckets.answers import (
    http_date,
    read_digests,
    read_encoding,
    size_told,
)
from ls_tools.sources.buckets.protocol import ObjectInfo, ObjectName, Wanted
from ls_tools.transfer import Validator
from ls_tools.transport.ranges import parse_content_range, parse_length

if TYPE_CHECKING:
    import requests
    from azure.storage.blob import BlobProperties

_OK = 200


def conditions_of(wanted: Wanted) -> dict[str, str]:
    """The headers of ``match`` and ``unless``."""
    conditions = {}
    for validator, etag, time in (
        (wanted.match, "If-Match", "If-Unmodified-Since"),
        (wanted.unless, "If-None-Match", "If-Modified-Since"),
    ):
        if validator and validator.etag:
            conditions[etag] = validator.etag
        elif validator and validator.last_modified:
            conditions[time] = validator.last_modified
    return conditions


def read_info(response: requests.Response, name: ObjectName) -> ObjectInfo:
    """What an answer with bytes says of the whole blob.

    Raises:
        ServerError: It does not tell the size.
    """
    headers = response.headers
    _, _, total = parse_content_range(headers.get("Content-Range"))
    if total is None:
        total = parse_length(headers.get("Content-Length"))
    md5 = headers.get("x-ms-blob-content-md5")
    if response.status_code == _OK:
        md5 = md5 or headers.get("Content-MD5")
    return ObjectInfo(
        key=name.key,
        size_bytes=size_told(total, name),
        validator=Validator(
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            version=headers.get("x-ms-version-id"),
        ),
        checksums=read_digests({"md5": md5}),
        content_type=headers.get("Content-Type"),
        encoding=read_encoding(headers.get("Content-Encoding")),
    )


def is_folder(blob: BlobProperties) -> bool:
    """Whether a listed blob stands for a folder only."""
    metadata = blob.metadata or {}
    is_marked = any(name.lower() == "hdi_isfolder" for name in metadata)
    return is_marked and not blob.size


def read_listed(blob: BlobProperties) -> ObjectInfo:
    """What a list says of a blob."""
    content, etag = blob.content_settings, str(blob.etag or "")
    md5 = bytes(content.content_md5 or b"")
    return ObjectInfo(
        key=str(blob.name),
        size_bytes=int(blob.size or 0),
        validator=Validator(
            # Lists leave its quotes away.
            etag=f'"{etag}"' if etag and '"' not in etag else etag or None,
            last_modified=http_date(blob.last_modified),
            version=blob.version_id,
        ),
        checksums={"md5": md5.hex()} if md5 else {},
        content_type=content.content_type,
        encoding=read_encoding(content.content_encoding),
    )
