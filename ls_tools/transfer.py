"""The values that pass between a source, the transport and the cache.

This module holds data only; it knows neither HTTP nor disks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """What a store says identifies one version of an object.

    Attributes:
        etag: The ``ETag`` as sent, quotes and ``W/`` included.
        last_modified: The ``Last-Modified`` header as sent.
        version: A version id or generation, where the store has them.
    """

    etag: str | None = None
    last_modified: str | None = None
    version: str | None = None

    def __bool__(self) -> bool:
        """Whether anything here can be revalidated."""
        return bool(self.etag or self.last_modified or self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The outcome of one fetch.

    Attributes:
        size_bytes: Size of the whole object; 0 where ``not_modified``.
        validator: Identity of the version that was written.
        checksums: Digests the store vouches for, lower-case hexadecimal by
            algorithm (``{"md5": "…"}``). Whoever commits must check them.
        content_type: As sent, or None.
        not_modified: The validator that was passed is still current, and
            nothing was written.
        source: Name of the source it came from, where several were tried.
    """

    size_bytes: int = 0
    validator: Validator = field(default_factory=Validator)
    checksums: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    not_modified: bool = False
    source: str = ""


class Sink(Protocol):
    """Where fetched bytes go. Positions are absolute, in bytes."""

    def write_at(self, offset: int, chunk: bytes) -> None:
        """Write ``chunk`` at ``offset``; ranges may arrive in any order."""

    def truncate(self, size_bytes: int) -> None:
        """Drop everything from ``size_bytes`` on: a download starts again."""
