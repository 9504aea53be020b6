"""Where objects lie together: a bucket, and what their names begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ls_tools.errors import BadReferenceError
from ls_tools.locator.cloud import BUCKET_NAME, CLOUD_KINDS
from ls_tools.locator.encoding import NOT_TEXT
from ls_tools.locator.names import base_name, safe_file_name
from ls_tools.locator.values import Locator
from ls_tools.origin import redact_url

if TYPE_CHECKING:
    from ls_tools.locator.cloud import StoreKind

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlace:
    """A bucket, and the beginning of the names of some objects in it.

    Attributes:
        scheme: ``s3``, ``gs``, ``azure-blob`` or ``azure-spi``.
        bucket: Bucket or container.
        prefix: What the names begin with, unencoded; empty for all of them.
    """

    scheme: str
    bucket: str
    prefix: str = ""

    @property
    def kind(self) -> StoreKind:
        """Which kind of store it is in."""
        return CLOUD_KINDS[self.scheme]

    @property
    def canonical(self) -> str:
        """How messages name it."""
        return _shown(f"{self.scheme}://{self.bucket}/{self.prefix}")

    @property
    def is_folder(self) -> bool:
        """Whether it can only be what names begin with, and is no object."""
        return not self.prefix or self.prefix.endswith("/")

    def as_folder(self) -> BucketPlace:
        """The place of the objects below this one."""
        return self if self.is_folder else replace(self, prefix=f"{self.prefix}/")

    def locator(self, key: str, *, version: str | None = None) -> Locator:
        """The locator of the object ``key``, whatever characters it is made of.

        Args:
            key: Name of the object, unencoded, with the prefix.
            version: Version id or generation; None for the current one.
        """
        uri = f"{self.scheme}://{self.bucket}/{key}"
        return Locator(
            kind=self.kind,
            reference=uri,
            canonical=_shown(uri),
            identity=uri,
            bucket=self.bucket,
            key=key,
            version=version,
            file_name=safe_file_name(base_name(key)),
        )


def _shown(uri: str) -> str:
    # Only a query can hold a secret; an object may have "#" in its name.
    return redact_url(uri) if "?" in uri else uri


def scheme_of(text: str) -> str:
    """The scheme of a URL in lower case; empty where ``text`` is none."""
    match = _SCHEME.match(text)
    return match.group(1).lower() if match else ""


def parse_place(uri: str) -> BucketPlace:
    """Parse ``s3://bucket/prefix/``, ``gs://…``, ``azure-blob://container/…``.

    Raises:
        BadReferenceError: It names no bucket, or is of another scheme.
    """
    scheme = scheme_of(uri)
    bucket, _, prefix = uri.partition("://")[2].partition("/")
    if (
        scheme in CLOUD_KINDS
        and BUCKET_NAME.match(bucket)
        and not NOT_TEXT.search(prefix)
    ):
        return BucketPlace(scheme=scheme, bucket=bucket, prefix=prefix)
    msg = f"{redact_url(uri)!r} names no bucket."
    schemes = ", ".join(f"{known}://" for known in CLOUD_KINDS)
    raise BadReferenceError(msg, hint=f"Write s3://BUCKET/PREFIX/ (or {schemes}).")
