"""Reaching a bucket to list it: only it itself says what it holds, no server does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ls_tools.errors import RefusedError, ServerError, UsageError
from ls_tools.sources.buckets.direct import azure_source, gcs_source, s3_source
from ls_tools.sources.protocol import Services
from ls_tools.transport.retrying import RetryPolicy, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ls_tools.locator import Locator, StoreKind
    from ls_tools.locator.places import BucketPlace
    from ls_tools.pacing import Pace
    from ls_tools.progress import Progress
    from ls_tools.settings import Settings
    from ls_tools.sources.buckets.driver import BucketSource
    from ls_tools.sources.buckets.protocol import ObjectInfo, Store
    from ls_tools.transfer import Fetched, Sink

BUCKET_SOURCES: Mapping[StoreKind, Callable[[Services], BucketSource]] = {
    "s3": s3_source,
    "gs": gcs_source,
    "azure": azure_source,
}
"""What fetches the objects of each kind of bucket."""


class Bucket:
    """The objects of one bucket, listed and fetched directly. Safe for threads.

    Args:
        store: Lists them.
        source: Fetches them.
        retry: When a page of the listing is asked for again.
        pace: Bounds what is fetched at once.
    """

    def __init__(
        self, store: Store, source: BucketSource, retry: RetryPolicy, pace: Pace
    ) -> None:
        self._store = store
        self._source = source
        self._retry = retry
        self.pace: Pace = pace

    def list(self, place: BucketPlace) -> Iterator[ObjectInfo]:
        """The objects of ``place``, which is in this bucket, by name.

        Pages are got as they are needed. After a failure that may pass the
        listing begins again, and what was given is left out.

        Raises:
            LsToolsError: The bucket cannot be listed.
        """
        listing = _Listing(self._store, place)
        while (info := self._retry.call(listing.next)) is not None:
            yield info

    def fetch(self, locator: Locator, sink: Sink) -> Fetched:
        """Write an object of this bucket to ``sink``.

        Raises:
            NotFoundError: There is no such object, or no longer.
            LsToolsError: It cannot be had.
        """
        with self.pace.hold():
            return self._source.fetch(locator, sink, validator=None)


def open_bucket(
    settings: Settings, place: BucketPlace, *, progress: Progress, pace: Pace
) -> Bucket:
    """Reach the bucket of ``place``.

    Args:
        settings: How buckets are reached.
        place: Bucket and prefix.
        progress: Told of the bytes that come.
        pace: Bounds what is fetched at once.

    Raises:
        UsageError: The settings allow no connection, or none to the bucket itself.
        RefusedError: The bucket is not among those allowed.
        LsToolsError: The store cannot be reached: no SDK, no credentials.
    """
    _check(settings, place)
    services = Services(
        settings=settings, connect=_no_server, progress=progress, pace=pace
    )
    source = BUCKET_SOURCES[place.kind](services)
    retry = RetryPolicy.of(settings, pace=pace)
    return Bucket(source.store(place.bucket), source, retry, pace)


def _check(settings: Settings, place: BucketPlace) -> None:
    name = place.canonical
    if settings.mode == "offline":
        msg = f"Reading {name} needs connections, and the mode is offline."
        raise UsageError(msg, hint="Unset LS_TOOLS_OFFLINE, or drop --offline.")
    allowed = settings.allowed_buckets
    if allowed is not None and place.bucket not in allowed:
        msg = f"The bucket of {name!r} is not among those allowed."
        raise RefusedError(msg, hint=f"allowed_buckets has: {', '.join(allowed)}.")
    if settings.cloud_of(place.bucket) == "server":
        msg = f"{name} cannot be read through the server: it lists no buckets."
        hint = "Use --cloud direct, with credentials of your own for the bucket."
        raise UsageError(msg, hint=hint)


def _no_server() -> NoReturn:
    raise NotImplementedError


class _Listing:
    """A listing that can be gone on with after a failure."""

    def __init__(self, store: Store, place: BucketPlace) -> None:
        self._store = store
        self._place = place
        self._given = b""
        self._is_again = False
        self._is_ordered = True
        self._rest: Iterator[ObjectInfo] | None = None

    def next(self) -> ObjectInfo | None:
        """The next object; None at the end."""
        if self._rest is None:
            self._rest = self._store.list(self._place.bucket, self._place.prefix)
        try:
            for info in self._rest:
                if self._is_next(info):
                    return info
        except TransientError as exc:
            if not self._is_ordered:
                raise exc.error from None
            self._rest, self._is_again = None, True
            raise
        return None

    def _is_next(self, info: ObjectInfo) -> bool:
        """Note an object; False where it was given before the listing began again."""
        name = info.key.encode(errors="replace")
        is_name = name.decode() == info.key
        is_below = info.key.startswith(self._place.prefix)
        if not (is_name and is_below and info.size_bytes >= 0):
            msg = f"The store listed {self._place.canonical} with what is not there."
            raise ServerError(msg, hint="Check the endpoint, and proxies on the way.")
        if name > self._given:
            self._given, self._is_again = name, False
        elif self._is_again:
            return False
        else:
            self._is_ordered = False  # as of S3 directory buckets
        return True
