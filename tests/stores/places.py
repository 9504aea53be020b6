"""Every Store of ls_tools over the real store that it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ls_tools.settings import Settings
from ls_tools.sources.buckets.azure import azure_store
from ls_tools.sources.buckets.fast_stores import fast_gcs_store, fast_s3_store
from ls_tools.sources.buckets.gcs import gcs_store
from ls_tools.sources.buckets.protocol import Body, ObjectName, Store, StoreFactory
from ls_tools.sources.buckets.s3 import s3_store
from services.buckets import BucketSite

SITES = {
    "s3": "s3_credentials",
    "s3 fast": "s3_credentials",
    "gcs": "gcs_store",
    "gcs fast": "gcs_store",
    "azure": "azure_store",
}
_FACTORIES: dict[str, StoreFactory] = {
    "s3": s3_store,
    "s3 fast": fast_s3_store,
    "gcs": gcs_store,
    "gcs fast": fast_gcs_store,
    "azure": azure_store,
}
STORES = tuple(_FACTORIES)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A bucket of its own, and the Store under test that is to read it.

    Attributes:
        kind: One of STORES.
        site: The real store.
        bucket: The bucket.
        store: What is tested.
    """

    kind: str
    site: BucketSite
    bucket: str
    store: Store

    def name(
        self, key: str, version: str | None = None, *, bucket: str = ""
    ) -> ObjectName:
        """The name of an object here, or in another bucket."""
        bucket = bucket or self.bucket
        reference = self.site.reference(bucket, key, version)
        return ObjectName(bucket=bucket, key=key, version=version, canonical=reference)

    def put(self, key: str, content: bytes) -> str | None:
        """Store an object; its version where the store has them."""
        return self.site.put(self.bucket, key, content)


def site_of(kind: str, request: pytest.FixtureRequest) -> BucketSite:
    """The real store that a Store is for, with its credentials at hand."""
    if kind.endswith("fast"):
        pytest.importorskip("obstore")
    site: BucketSite = request.getfixturevalue(SITES[kind])
    return site


def settings_of(kind: str, site: BucketSite, **changes: Any) -> Settings:
    """Settings that lead to ``site``."""
    group = kind.partition(" ")[0]
    given = {"read_timeout_s": 5, "retry_wait_s": 0.01, **changes}
    return Settings(**{group: site.settings, **given})


def place_of(kind: str, site: BucketSite, bucket: str, **changes: Any) -> Place:
    """The Store of ``kind`` for a bucket of ``site``, with some settings changed."""
    store = _FACTORIES[kind](settings_of(kind, site, **changes), bucket)
    return Place(kind=kind, site=site, bucket=bucket, store=store)


def read(body: Body | None) -> bytes:
    """The bytes of an answer, which there has to be."""
    assert body is not None
    try:
        return b"".join(body.chunks)
    finally:
        body.close()
