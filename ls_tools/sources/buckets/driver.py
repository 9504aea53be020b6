"""The source of objects in buckets, whatever kind of store they are in.

Knows the protocol of the stores and none of their SDKs.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ls_tools.errors import IntegrityError
from ls_tools.pacing import START
from ls_tools.sources.buckets.copying import ChangedError, DamagedError, ObjectCopy
from ls_tools.sources.buckets.parts import PartThreads
from ls_tools.sources.buckets.protocol import ObjectName
from ls_tools.sources.buckets.pulling import Pull
from ls_tools.transport.retrying import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.locator import Locator
    from ls_tools.sources.buckets.protocol import Store, StoreFactory
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator

_MOST_DAMAGES = 2


class BucketSource:
    """Objects of one kind of bucket, straight from their stores.

    An object comes with one request; after a cut, a stall or a short body another
    one goes on where it stopped. A large object comes in parallel parts. One that
    is replaced under way is begun again, a few times.

    Args:
        services: What it may use.
        open_store: Makes the store of a bucket; called once for each.
        sleep: Waits a number of seconds.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        services: Services,
        open_store: StoreFactory,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = services.settings
        self._services = services
        self._open_store = open_store
        policy = RetryPolicy.of(settings, sleep=sleep, clock=clock, pace=services.pace)
        self._retry = replace(policy, is_store=True)
        self._threads = PartThreads(min(settings.jobs, START))
        self._stores: dict[str, Store] = {}

    def find(self, locator: Locator) -> None:
        """None: nothing of this kind is on the disk."""

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Get the object.

        Raises:
            NotFoundError: There is no such bucket, object or version.
            MissingCredentialsError: No credentials were found.
            CredentialsRejectedError: They were refused.
            MissingDependencyError: The SDK is not installed.
            IntegrityError: It never came whole, or changed all the time.
            RefusedError: It is larger than ``Bounds.download_bytes``.
            NetworkError: It did not come.
        """
        name = ObjectName(
            bucket=locator.bucket or "",
            key=locator.key or "",
            version=locator.version,
            canonical=locator.canonical,
        )
        store = self.store(name.bucket)
        damages = 0
        for restart in range(self._retry.attempts):
            if restart:
                sink.truncate(0)
                self._retry.pause()
            try:
                return self._pull(store, name, sink).run(validator)
            except ChangedError:
                continue
            except DamagedError as exc:
                damages += 1
                if damages == _MOST_DAMAGES:
                    raise exc.error from None
        msg = f"{name.canonical} changes faster than it can be downloaded."
        raise IntegrityError(msg, hint="Try again when nobody writes it.")

    def store(self, bucket: str) -> Store:
        """The store of ``bucket``, the same each time.

        Raises:
            LsToolsError: It cannot be made.
        """
        found = self._stores.get(bucket)
        if found is None:
            settings = self._services.settings.for_bucket(bucket)
            made = self._open_store(settings, bucket)
            found = self._stores.setdefault(bucket, made)
        return found

    def _pull(self, store: Store, name: ObjectName, sink: Sink) -> Pull:
        copy = ObjectCopy(
            name=name,
            sink=sink,
            bound_bytes=self._services.settings.bounds.download_bytes,
            progress=self._services.progress,
        )
        return Pull(store, self._retry, copy, self._threads)
