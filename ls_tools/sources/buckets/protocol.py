"""What a bucket store is: one page of API that each SDK is wrapped into.

A store answers single requests. Going on after a cut, parallel ranges and the
check of what came are the business of whoever uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ls_tools.settings import Settings
from ls_tools.transfer import Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


CHUNK_BYTES = 2**20
"""Largest piece in which bytes of an object are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """Which object, in which version.

    Attributes:
        bucket: Bucket or container.
        key: Name of the object, unencoded.
        version: Version id or generation; None for the current one.
        canonical: How messages name it.
    """

    bucket: str
    key: str
    version: str | None = None
    canonical: str

    @property
    def leads_elsewhere(self) -> bool:
        """Whether a URL with bucket and key as its path may name another object.

        Parts that are ``.`` or ``..`` do, where somebody normalises the path.
        """
        parts = {self.bucket, *self.key.replace("\\", "/").split("/")}
        return not parts.isdisjoint({".", ".."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bytes of what, on which conditions: the arguments of ``Store.get``.

    Attributes:
        name: The object.
        start: First byte.
        stop: First byte not wanted; None for all that follow.
        match: Only this version.
        unless: Only another version.
    """

    name: ObjectName
    start: int = 0
    stop: int | None = None
    match: Validator | None = None
    unless: Validator | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the object."""
        return not self.start and self.stop is None

    @property
    def byte_range(self) -> str:
        """The range as HTTP writes it: ``bytes=5-9``, where 10 is not wanted."""
        last = "" if self.stop is None else self.stop - 1
        return f"bytes={self.start}-{last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What the store says of one version of an object.

    Attributes:
        key: Its name.
        size_bytes: Size of the whole object, as its bytes are delivered.
        validator: Identity of the version.
        checksums: Digests of the whole object that the store vouches for and
            that can be computed here, lower-case hexadecimal by algorithm.
        content_type: As sent.
        encoding: ``Content-Encoding`` of the bytes as they are delivered, ``""`` for
            none: ``gzip`` for an object that is stored packed. Size, positions and
            checksums are those of the packed bytes.
    """

    key: str
    size_bytes: int
    validator: Validator = field(default_factory=Validator)
    checksums: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An answer with bytes of an object.

    Attributes:
        info: Of the whole object.
        start: Position of the first byte.
        chunks: The bytes, in order, in pieces of at most CHUNK_BYTES. Raises
            TransientError where the connection fails under way; may end early
            without an error.
        close: Lets go of the connection; may be called at any time.
    """

    info: ObjectInfo
    start: int = 0
    chunks: Iterator[bytes]
    close: Callable[[], None] = field(default=lambda: None)


class Store(Protocol):
    """The objects of one kind of bucket, through one SDK. Safe for threads.

    Retries of the SDK are switched off: whoever calls tries again.
    """

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        """Ask for the bytes from ``start`` to before ``stop``.

        Args:
            name: The object.
            start: First byte.
            stop: First byte not wanted; None for all that follow.
            match: Answer only with this version.
            unless: Answer only with another version than this one.

        Returns:
            The answer; None where ``unless`` is still current.

        Raises:
            TransientError: The same request may succeed later. Its ``error`` is
                a NetworkError, a ServerError or a DeadlineError.
            IntegrityError: There is no longer the version of ``match``.
            NotFoundError: There is no such bucket, object or version.
            MissingCredentialsError: None were found.
            CredentialsRejectedError: They were refused.
            LsToolsError: Anything else.
        """

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """The objects whose name begins with ``prefix``, in the order of names.

        Pages are fetched as they are needed.

        Raises:
            LsToolsError: As ``get``.
        """
        raise NotImplementedError


StoreFactory = Callable[[Settings, str], Store]
"""Makes the store of one bucket: settings (those of the bucket already put in
the place of the general ones) and the name of the bucket."""
