"""Fixtures of the stores, for the folders of tests that import them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.buckets import AzureSite, GcsSite, S3Site
from services.fault_proxy import FaultProxy, StartProxy
from services.shared import Ask, checked


@pytest.fixture(scope="session")
def s3_store(ask_server: Ask) -> S3Site:
    """SeaweedFS, which checks signatures."""
    pytest.importorskip("boto3")
    return S3Site(**checked(ask_server("s3")))


@pytest.fixture(scope="session")
def moto(ask_server: Ask) -> S3Site:
    """moto's S3, which takes any key."""
    pytest.importorskip("boto3")
    return S3Site(**checked(ask_server("moto")))


@pytest.fixture(scope="session")
def gcs_store(ask_server: Ask) -> GcsSite:
    """fake-gcs-server, which asks for no credentials."""
    pytest.importorskip("google.cloud.storage")
    return GcsSite(**checked(ask_server("gcs")))


@pytest.fixture(scope="session")
def azure_store(ask_server: Ask) -> AzureSite:
    """Azurite, which checks keys and signatures."""
    pytest.importorskip("azure.storage.blob")
    return AzureSite(**checked(ask_server("azure")))


@pytest.fixture
def s3_credentials(s3_store: S3Site, monkeypatch: pytest.MonkeyPatch) -> S3Site:
    """The S3 store, with its credentials in the environment."""
    s3_store.log_in(monkeypatch)
    return s3_store


@pytest.fixture
def store_proxy() -> Iterator[StartProxy]:
    """Put a proxy in front of a store: ``s3_store.at(store_proxy(s3_store.url).url)``.

    Signatures cover the host that the client asks, so that they hold through it.
    """
    with ExitStack() as running:

        def start(url: str, *, certificate: Path | None = None) -> FaultProxy:
            proxy = FaultProxy(url, certificate=certificate)
            return running.enter_context(proxy)

        yield start
