"""Reaching a bucket to list it: only it itself says what it holds, no server does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ls_tools.errors import RefusedError, UsageError
from ls_tools.registry import Registry
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.protocol import Services

if TYPE_CHECKING:
    from ls_tools.locator.places import BucketPlace
    from ls_tools.pacing import Pace
    from ls_tools.progress import Progress
    from ls_tools.settings import Settings
    from ls_tools.sources.buckets.protocol import StoreFactory

STORES: Registry[StoreFactory] = Registry(
    "store",
    {
        "s3": "ls_tools.sources.buckets.s3:s3_store",
        "gs": "ls_tools.sources.buckets.gcs:gcs_store",
        "azure": "ls_tools.sources.buckets.azure:azure_store",
    },
)


def open_prefix(
    settings: Settings,
    place: BucketPlace,
    *,
    progress: Progress,
    pace: Pace | None = None,
) -> BucketSource:
    """A source that lists and fetches objects of the bucket of ``place``.

    Args:
        settings: How buckets are reached.
        place: Bucket and prefix.
        progress: Told of the bytes that come.
        pace: Learns how much the store bears.

    Raises:
        UsageError: The settings allow no connection, or none to the bucket itself.
        RefusedError: The bucket is not among those allowed.
        LsToolsError: The store cannot be reached: no SDK, no credentials.
    """
    _check(settings, place)
    services = Services(
        settings=settings, connect=_no_server, progress=progress, pace=pace
    )
    source = BucketSource(services, STORES.load(place.kind))
    source.store(place.bucket)
    return source


def _check(settings: Settings, place: BucketPlace) -> None:
    name = place.canonical
    if settings.mode == "offline":
        msg = f"Reading {name} needs connections, and the mode is offline."
        raise UsageError(msg, hint="Unset LS_TOOLS_OFFLINE, or drop --offline.")
    allowed = settings.allowed_buckets
    if allowed is not None and place.bucket not in allowed:
        msg = f"The bucket of {name!r} is not among those allowed."
        raise RefusedError(msg, hint=f"allowed_buckets has: {', '.join(allowed)}.")
    own = settings.buckets.get(place.bucket)
    if ((own and own.cloud) or settings.cloud) == "server":
        msg = f"{name} cannot be read through the server: it lists no buckets."
        hint = "Use --cloud direct, with credentials of your own for the bucket."
        raise UsageError(msg, hint=hint)


def _no_server() -> NoReturn:
    raise NotImplementedError
