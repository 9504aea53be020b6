"""Which addresses are contacted, on every hop, after names are resolved."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transport.faults import FaultServer, Reply, Sink, StoredFile

from ls_tools.errors import NetworkError, RefusedError
from ls_tools.settings import Settings
from ls_tools.transport import Transport
from ls_tools.transport.addresses import AddressPolicy, ForbiddenAddressError

Connect = Callable[..., Transport]
METADATA = "169.254.169.254"
ALWAYS_REFUSED = [
    METADATA,
    "169.254.0.1",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.169.254.",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "metadata.google.internal",
    "METADATA.google.internal.",
]


def refused(transport: Transport, url: str) -> RefusedError:
    with pytest.raises(RefusedError, match="does not contact") as caught:
        transport.download(url, Sink())
    return caught.value


@pytest.mark.parametrize("network", ["any", "public", "allow-list"])
@pytest.mark.parametrize("host", ALWAYS_REFUSED)
def test_link_local_and_metadata_addresses_are_always_refused(
    connect: Connect, host: str, network: str
) -> None:
    listed = connect(network=network, allowed_hosts=(host.strip("[]"),))
    refused(listed, f"http://{host}/latest/meta-data/")


def test_names_that_begin_like_addresses_are_names(
    server: FaultServer, connect: Connect, names: dict[str, list[str]], sink: Sink
) -> None:
    names["1and1.test"] = ["127.0.0.1"]
    server.on("/a.jpg", StoredFile(content=b"x"))
    connect().download(f"http://1and1.test:{server.port}/a.jpg", sink)
    assert sink.content == b"x"


def test_even_the_configured_server_may_not_be_link_local(connect: Connect) -> None:
    refused(connect(url=f"http://{METADATA}"), f"http://{METADATA}/data/upload/1/a.jpg")


def test_names_are_judged_by_the_addresses_that_they_resolve_to(
    connect: Connect, names: dict[str, list[str]]
) -> None:
    names["rebind.test"] = [METADATA]
    error = refused(connect(), "http://rebind.test/x")
    assert error.data["host"] == "rebind.test"


def test_the_address_that_was_judged_is_the_one_connected_to(
    server: FaultServer,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    sink: Sink,
) -> None:
    """A name that changes between two look-ups gains nothing: there is one."""
    lookups: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "rebind.test":
            return real(host, *args, **kwargs)
        lookups.append(host)
        return real("127.0.0.1" if len(lookups) == 1 else METADATA, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    server.on("/a.jpg", StoredFile(content=b"x"))
    connect().download(f"http://rebind.test:{server.port}/a.jpg", sink)
    assert lookups == ["rebind.test"]


def test_of_several_addresses_those_that_are_allowed_are_used(
    server: FaultServer, connect: Connect, names: dict[str, list[str]], sink: Sink
) -> None:
    names["both.test"] = [METADATA, "127.0.0.1"]
    server.on("/a.jpg", StoredFile(content=b"x"))
    connect().download(f"http://both.test:{server.port}/a.jpg", sink)
    assert sink.content == b"x"


def test_a_host_whose_first_address_is_down_is_reached_by_the_next(
    server: FaultServer, connect: Connect, names: dict[str, list[str]], sink: Sink
) -> None:
    names["two.test"] = ["::1", "127.0.0.1"]
    server.on("/a.jpg", StoredFile(content=b"x"))
    connect().download(f"http://two.test:{server.port}/a.jpg", sink)
    assert sink.content == b"x"


def test_every_hop_of_a_redirect_is_judged(
    server: FaultServer, transport: Transport, waits: list[float]
) -> None:
    target = f"http://{METADATA}/latest/meta-data/iam"
    url = server.on("/data/a.jpg", Reply(status=302, headers={"Location": target}))
    refused(transport, url)
    assert waits == []


def test_public_refuses_private_and_loopback_addresses(
    elsewhere: FaultServer, connect: Connect, names: dict[str, list[str]]
) -> None:
    public = connect(network="public")
    url = elsewhere.on("/a.jpg", StoredFile(content=b"x"))
    error = refused(public, url)
    assert 'network="public"' in error.hint
    names["inside.test"] = ["10.1.2.3"]
    for host in ("inside.test", "localhost", "[::1]", "0", "192.168.0.1", "[::]"):
        refused(public, f"http://{host}/")
    assert "the private address ::1" in str(refused(public, "http://[::1]/"))
    assert elsewhere.seen == []


def test_public_still_reaches_the_configured_server(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on("/data/upload/1/a.jpg", StoredFile(content=b"x"))
    connect(network="public").download(url, sink)
    assert sink.content == b"x"


def test_an_allow_list_reaches_its_hosts_and_the_configured_server_only(
    server: FaultServer, connect: Connect, names: dict[str, list[str]]
) -> None:
    names["media.test"] = names["other.test"] = ["127.0.0.1"]
    listed = connect(network="allow-list", allowed_hosts=("Media.Test",))
    server.on("/a.jpg", StoredFile(content=b"x"))
    for host in ("media.test", "127.0.0.1"):
        listed.download(f"http://{host}:{server.port}/a.jpg", Sink())
    error = refused(listed, f"http://other.test:{server.port}/a.jpg")
    assert "allowed_hosts" in error.hint


@pytest.mark.parametrize("explicit", [True, False])
def test_a_proxy_may_be_private_but_what_it_is_asked_for_is_judged_by_name(
    server: FaultServer,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    sink: Sink,
    explicit: bool,  # noqa: FBT001 - a parameter
) -> None:
    changes: dict[str, Any] = {"network": "public", "url": None, "token": None}
    if explicit:
        changes["proxies"] = {"http": server.url}
    else:
        monkeypatch.setenv("http_proxy", server.url)
    proxied = connect(**changes)
    server.on("/a.jpg", StoredFile(content=b"x"))
    proxied.download("http://media.example.com/a.jpg", sink)
    assert server.seen[0].target == "http://media.example.com/a.jpg"
    refused(proxied, f"http://{METADATA}/a.jpg")
    refused(proxied, "http://10.0.0.1/a.jpg")


def test_given_proxies_replace_those_of_the_environment(
    server: FaultServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    url = server.on("/api/version", Reply(body=b"{}"))
    assert connect(proxies={}).request("GET", url).status == 200


def test_a_proxy_that_is_down_is_named_as_such(connect: Connect) -> None:
    down = connect(proxies={"https": "http://127.0.0.1:1"}, retry_attempts=1)
    with pytest.raises(NetworkError, match="proxy on the way to media"):
        down.request("GET", "https://media.example.com/")


@given(st.ip_addresses())
@example(ipaddress.ip_address("2002:100::"))
@example(ipaddress.ip_address("::ffff:8.8.8.8"))
def test_no_form_of_a_link_local_address_is_approved(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Random addresses, and each as it can be wrapped in IPv6."""
    policy = AddressPolicy.of(Settings(network="public"))
    forms = [str(address)]
    if isinstance(address, ipaddress.IPv4Address):
        forms += [f"::ffff:{address}", str(int(address)), hex(int(address))]
    for form in forms:
        try:
            policy.check_host(form, 80)
        except ForbiddenAddressError:
            continue
        inner = getattr(address, "ipv4_mapped", None) or address
        assert inner.is_global
        assert not inner.is_link_local
