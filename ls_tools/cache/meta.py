"""The sidecar of a cached file: where it came from and what it must be.

Text to value and back; knows neither folders nor sources.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

import msgspec

from ls_tools.transfer import Validator

SCHEMA_VERSION = 1
"""Version of the sidecar's fields. Fields may be added without a new version."""

SIDECAR_LIMIT_BYTES = 1 << 20
"""A sidecar larger than this is not read."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one version of a cached file. Holds no secret.

    Attributes:
        schema_version: Version of these fields.
        key: The cache key, so that a moved entry is noticed.
        reference: Canonical reference, without signature or userinfo.
        source: Name of the source that fetched it.
        file_name: Name of the file in the version folder.
        size_bytes: Size of the file.
        sha256: Of the file, lower-case hex.
        checksums: Digests that the store vouched for and that were found
            right, hex by algorithm.
        validator: What the store says identifies this version.
        content_type: As the store sent it.
        created_at: When these bytes were committed, UTC.
        checked_at: When the store last confirmed them, UTC.
    """

    schema_version: int = SCHEMA_VERSION
    key: str
    reference: str
    source: str
    file_name: str
    size_bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    checksums: dict[str, str] = msgspec.field(default_factory=dict)
    validator: Validator = msgspec.field(default_factory=Validator)
    content_type: str | None = None
    created_at: datetime
    checked_at: datetime


class _Probe(msgspec.Struct):
    schema_version: int


_decoder = msgspec.json.Decoder(Meta)
_probe = msgspec.json.Decoder(_Probe)


def now_utc() -> datetime:
    """The present time in UTC."""
    return datetime.now(timezone.utc)


def encode_meta(meta: Meta) -> bytes:
    """``meta`` as the JSON text of a sidecar."""
    return msgspec.json.format(msgspec.json.encode(meta), indent=1) + b"\n"


def decode_meta(text: bytes) -> Meta | None:
    """The Meta in a sidecar, None where the text is not one of this version."""
    try:
        meta = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return meta if meta.schema_version == SCHEMA_VERSION else None


def is_newer_schema(text: bytes) -> bool:
    """Whether a sidecar was written by a later version of ls_tools."""
    try:
        return _probe.decode(text).schema_version > SCHEMA_VERSION
    except (msgspec.DecodeError, RecursionError):
        return False
