"""A Client before a scripted server, on a clock that no one waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from client.scripted_server import ScriptedServer

from ls_tools.client import Client
from ls_tools.settings import Settings
from ls_tools.transport import Transport


@dataclass
class Clock:
    """A clock that sleeping moves."""

    now_s: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def settings(server: ScriptedServer) -> Settings:
    return Settings(
        url=server.url, token="0" * 40, read_timeout_s=0.5, retry_attempts=3
    )


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Iterator[Client]:
    with (
        Transport(settings, sleep=clock.sleep, clock=clock) as transport,
        Client(settings, transport=transport, sleep=clock.sleep, clock=clock) as client,
    ):
        yield client
