"""Real stores on loopback, shared by the whole run; no Label Studio.

``s3_store`` (signatures are checked), ``gcs_store``, ``azure_store`` and ``moto``
are of ``services/buckets.py``: ``new_bucket()``, ``put(bucket, key, content)``,
``delete``, ``client()`` of the SDK to seed with, ``reference(bucket, key)``,
``settings`` for ls_tools, ``log_in(monkeypatch)`` for the environment (only S3 has
its keys there; ``s3_credentials`` is ``s3_store`` logged in) and ``at(url)``, the
same store through a proxy that ``store_proxy(url)`` starts. Make buckets of your own.
"""

from __future__ import annotations

from services.store_fixtures import (
    azure_store,
    gcs_store,
    moto,
    s3_credentials,
    s3_store,
    store_proxy,
)

__all__ = [
    "azure_store",
    "gcs_store",
    "moto",
    "s3_credentials",
    "s3_store",
    "store_proxy",
]
