"""Fixtures: a resolver before a media server, with a cache of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from resolver.media_server import MediaServer

from ls_tools.resolver import Resolver
from ls_tools.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[MediaServer]:
    """Another server, to which no token belongs."""
    with MediaServer() as server:
        yield server


@pytest.fixture
def settings(server: MediaServer, tmp_path: Path) -> Settings:
    return Settings(
        url=server.url,
        token=TOKEN,
        cache_dir=tmp_path / "cache",
        read_timeout_s=5,
        retry_attempts=2,
        retry_wait_s=0.001,
    )


@pytest.fixture
def resolver(settings: Settings) -> Iterator[Resolver]:
    with Resolver(settings) as resolver:
        yield resolver
