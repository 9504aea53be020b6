"""A fork gets connections of its own; threads share one Transport."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from transport.faults import FaultServer, Reply, Seen, Sink, StoredFile
from transport.test_token_renewal import API, PERSONAL, REFRESH, Issuer

from ls_tools.transport import Transport

Connect = Callable[..., Transport]
DATA = os.urandom(300_000)


def in_fork(act: Callable[[], bool]) -> bool:
    """Whether ``act`` is true in a forked process."""
    pid = os.fork()
    if pid == 0:
        good = False
        try:
            good = act()
        finally:
            os._exit(0 if good else 1)
    _, status = os.waitpid(pid, 0)
    return status == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_shares_no_connection(server: FaultServer, transport: Transport) -> None:
    url = server.on(API, Reply(body=b"{}"))
    transport.request("GET", url)
    assert in_fork(lambda: transport.request("GET", url).status == 200)
    transport.request("GET", url)
    before, child, after = [seen.port for seen in server.seen]
    assert before == after
    assert child != before


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_a_token_is_exchanged_does_not_hang(
    server: FaultServer, connect: Connect
) -> None:
    issuer = Issuer()
    forked = threading.Event()
    asked = threading.Event()

    def slow(seen: Seen) -> Reply:
        asked.set()
        assert forked.wait(20)
        return issuer.refresh(seen)

    server.on(REFRESH, slow, issuer.refresh)
    server.on(API, issuer.guard(Reply(body=b"{}")))
    personal = connect(token=PERSONAL)
    with ThreadPoolExecutor(1) as pool:
        parent = pool.submit(personal.request, "GET", server.url + API)
        assert asked.wait(10)
        good = in_fork(lambda: personal.request("GET", server.url + API).status == 200)
        forked.set()
        assert parent.result().status == 200
    assert good


def test_threads_share_one_transport(server: FaultServer, transport: Transport) -> None:
    faults = [(1000 * n, "close") for n in range(1, 9)]
    url = server.on("/data/a", StoredFile(content=DATA, faults=faults))

    def fetch(_: int) -> bytes:
        sink = Sink()
        transport.download(url, sink)
        return bytes(sink.content)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fetch, range(32))) == {DATA}


def test_a_closed_transport_lets_go_of_its_connections(
    server: FaultServer, connect: Connect
) -> None:
    url = server.on(API, Reply(body=b"{}"))
    with connect() as transport:
        transport.request("GET", url)
    transport.close()
