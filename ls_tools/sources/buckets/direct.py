"""The sources of bucket objects: each a driver on the store of one SDK.

The SDKs are imported when the first object is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.sources.buckets.driver import BucketSource

if TYPE_CHECKING:
    from ls_tools.settings import Settings
    from ls_tools.sources.buckets.protocol import Store
    from ls_tools.sources.protocol import Services


def s3_source(services: Services) -> BucketSource:
    """The source of ``s3://`` objects."""
    return BucketSource(services, _s3_store)


def gcs_source(services: Services) -> BucketSource:
    """The source of ``gs://`` objects."""
    return BucketSource(services, _gcs_store)


def azure_source(services: Services) -> BucketSource:
    """The source of ``azure-blob://`` and ``azure-spi://`` objects."""
    return BucketSource(services, _azure_store)


def _s3_store(settings: Settings, bucket: str) -> Store:
    from ls_tools.sources.buckets.fast_stores import fast_s3_store

    return fast_s3_store(settings, bucket)


def _gcs_store(settings: Settings, bucket: str) -> Store:
    from ls_tools.sources.buckets.fast_stores import fast_gcs_store

    return fast_gcs_store(settings, bucket)


def _azure_store(settings: Settings, bucket: str) -> Store:
    from ls_tools.sources.buckets.azure import azure_store

    return azure_store(settings, bucket)
