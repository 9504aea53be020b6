"""A bucket in memory, with a few ways to misbehave."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator

from ls_tools.errors import LsToolsError, NotFoundError, ServerError
from ls_tools.sources import Services
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName
from ls_tools.transfer import Validator
from ls_tools.transport.retrying import TransientError

PAGE = 3
"""Objects on a page of a listing."""


class MemoryStore:
    """The store of the one bucket ``labels``.

    Attributes:
        objects: Bytes by name.
        asked: How often each object was asked for.
        pages: How many pages were listed.
        on_get: Called before an object is given; may raise, or change things.
        on_page: Likewise, before a page is.
        says: Digests that are told in the place of the right ones.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.pages = 0
        self.on_get: Callable[[str], None] = _nothing
        self.on_page: Callable[[int], None] = _nothing
        self.says: dict[str, str] = {}

    def source(self, services: Services) -> BucketSource:
        """What fetches its objects."""
        return BucketSource(services, lambda settings, bucket: self)  # noqa: ARG005

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        del match, unless
        self.asked[name.key] += 1
        self.on_get(name.key)
        self._check(name.bucket)
        if name.key not in self.objects:
            msg = f"There is no object {name.canonical}."
            raise NotFoundError(msg)
        data = self.objects[name.key]
        info = self._info(name.key, data)
        return Body(info=info, start=start, chunks=iter([data[start:stop]]))

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        self._check(bucket)
        names = sorted(key for key in self.objects if key.startswith(prefix))
        for first in range(0, len(names), PAGE):
            self.pages += 1
            self.on_page(self.pages)
            for key in names[first : first + PAGE]:
                yield self._info(key, self.objects.get(key, b""))

    def _info(self, key: str, data: bytes) -> ObjectInfo:
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return ObjectInfo(
            key=key,
            size_bytes=len(data),
            validator=Validator(etag=f'"{md5}"'),
            checksums={"md5": self.says.get(key, md5)},
        )

    @staticmethod
    def _check(bucket: str) -> None:
        if bucket != "labels":
            msg = f"There is no bucket {bucket}."
            raise NotFoundError(msg)


def fail_once(error: LsToolsError | None = None) -> Callable[[object], None]:
    """A hook whose first call fails in a way that may pass."""
    failures = [error or ServerError("The store answered 503.")]

    def hook(_: object) -> None:
        if failures:
            raise TransientError(failures.pop())

    return hook


def _nothing(_: object) -> None:
    """Misbehave in no way."""
