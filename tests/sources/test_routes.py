"""Sources by kind of reference, and those of third parties."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ls_tools.errors import (
    BadReferenceError,
    MissingDependencyError,
    NotFoundError,
    UsageError,
)
from ls_tools.locator import Locator
from ls_tools.registry import Registry
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
from ls_tools.sources import SOURCES, Services, register_source, routes, schemes
from ls_tools.transfer import Fetched, Sink, Validator


class ShelfSource:
    """Gives every object its own key as content."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def find(self, locator: Locator) -> None:
        """Nothing is on the disk."""

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        assert validator is None
        body = locator.identity.encode()
        sink.write_at(0, body)
        if locator.identity.endswith("missing"):
            raise NotFoundError(locator.canonical)
        return Fetched(size_bytes=len(body))


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[object] = Registry("source", dict(SOURCES._targets))  # type: ignore[arg-type]
    monkeypatch.setattr(routes, "SOURCES", registry)
    monkeypatch.setattr(routes, "_ROUTES", dict(routes._ROUTES))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache")


@pytest.fixture
def without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)


def test_a_scheme_of_a_third_party_is_fetched(settings: Settings) -> None:
    with pytest.raises(BadReferenceError):
        Resolver(settings).path("shelf://a/b.png")
    register_source("shelf", ShelfSource, kinds=["Shelf"])
    assert schemes() == ("shelf",)
    path = Resolver(settings).path("SHELF://a/b.png")
    assert path.read_bytes() == b"shelf://a/b.png"
    assert path.name == "b.png"


@pytest.mark.usefixtures("without_boto3")
def test_a_later_source_comes_first_and_leaves_the_rest_to_the_others(
    settings: Settings,
) -> None:
    register_source("shelf", ShelfSource, kinds=["s3"])
    found = Resolver(settings).resolve("s3://b/a.png")
    assert found.source == "shelf"
    with pytest.raises(MissingDependencyError, match="LABEL_STUDIO_URL"):
        Resolver(settings).path("s3://b/missing")


@pytest.mark.usefixtures("without_boto3")
def test_the_settings_choose_between_direct_and_server(settings: Settings) -> None:
    resolve = "/tasks/1/resolve/?fileuri=cmVkaXM6Ly9kYi9h"
    with pytest.raises(UsageError, match="cloud='server'"):
        Resolver(settings.evolve(cloud="direct")).path(resolve)
    with pytest.raises(MissingDependencyError):
        Resolver(settings.evolve(cloud="direct")).path("s3://b/a.png")
    register_source("shelf", ShelfSource, kinds=["s3"])
    assert Resolver(settings.evolve(cloud="direct")).path("s3://b/a.png").exists()
    with pytest.raises(FileNotFoundError, match="LABEL_STUDIO_URL"):
        Resolver(settings.evolve(cloud="server")).path("s3://b/c.png")


def test_a_name_is_taken_once() -> None:
    with pytest.raises(UsageError, match="already registered"):
        register_source("uploads", ShelfSource, kinds=["upload"])
    register_source("uploads", ShelfSource, kinds=["upload"], replace=True)
    assert routes._ROUTES["upload"] == ("uploads",)


def test_every_registered_source_can_be_made(settings: Settings) -> None:
    services = Services(settings=settings, connect=pytest.fail)
    for name in SOURCES:
        assert callable(SOURCES.load(name)(services).fetch)
