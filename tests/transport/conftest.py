"""Two fault servers, and transports before them that never really wait."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from transport.faults import FaultServer, Sink

from ls_tools.settings import Settings
from ls_tools.transport import Transport

CERTIFICATES = Path(__file__).parent / "certificates"
LEGACY = "0123456789abcdef0123456789abcdef01234567"


class Waits(list[float]):
    """The waits that were asked for, on a clock that only they move."""

    def sleep(self, seconds: float) -> None:
        self.append(seconds)

    def clock(self) -> float:
        return sum(self)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[FaultServer]:
    """Another origin."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def tls_server() -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    with FaultServer(tls=context) as running:
        yield running


@pytest.fixture
def authority() -> str:
    return str(CERTIFICATES / "authority.pem")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names of our own, each with its addresses."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = []
        for address in known.get(host, [host]):
            found += real(address, port, *args, **kwargs)
        return found

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def connect(server: FaultServer, waits: Waits) -> Iterator[Callable[..., Transport]]:
    """Make a Transport for the server with a legacy token, or as told."""
    with ExitStack() as stack:

        def make(**changes: Any) -> Transport:
            settings = Settings(
                url=server.url, token=LEGACY, connect_timeout_s=5, read_timeout_s=20
            ).evolve(**changes)
            made = Transport(settings, sleep=waits.sleep, clock=waits.clock)
            return stack.enter_context(made)

        yield make


@pytest.fixture
def transport(connect: Callable[..., Transport]) -> Transport:
    return connect()
