"""Which certificates are trusted, and what is said when one is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transport.conftest import CERTIFICATES
from transport.faults import FaultServer, Reply

from ls_tools.errors import NetworkError, SettingsError
from ls_tools.settings import Settings
from ls_tools.transport import Transport

Connect = Callable[..., Transport]
API = "/api/version"


def test_a_ca_file_makes_its_servers_trusted(
    tls_server: FaultServer, connect: Connect, authority: str
) -> None:
    """G20: VERIFY_SSL may name a file."""
    url = tls_server.on(API, Reply(body=b"{}"))
    settings = Settings.from_env({"VERIFY_SSL": authority})
    trusting = connect(url=tls_server.url, verify=settings.verify)
    assert trusting.request("GET", url).status == 200
    assert "authorization" in tls_server.seen[0].headers


def test_the_environments_ca_bundle_counts(
    tls_server: FaultServer,
    connect: Connect,
    authority: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)
    url = tls_server.on(API, Reply(body=b"{}"))
    assert connect(url=tls_server.url).request("GET", url).status == 200


def test_an_unknown_certificate_is_an_error_that_says_what_to_give(
    tls_server: FaultServer, connect: Connect, waits: list[float]
) -> None:
    url = tls_server.on(API, Reply(body=b"{}"))
    with pytest.raises(NetworkError, match="is not trusted") as caught:
        connect(url=tls_server.url).request("GET", url)
    assert "VERIFY_SSL" in caught.value.hint
    assert waits == []


def test_a_certificate_for_another_name_is_an_error(
    tls_server: FaultServer,
    connect: Connect,
    authority: str,
    names: dict[str, list[str]],
) -> None:
    names["other.test"] = ["127.0.0.1"]
    url = tls_server.on(API, Reply(body=b"{}")).replace("127.0.0.1", "other.test")
    with pytest.raises(NetworkError):
        connect(verify=authority, retry_attempts=1).request("GET", url)


def test_verification_can_be_turned_off_with_a_warning(
    tls_server: FaultServer, connect: Connect
) -> None:
    url = tls_server.on(API, Reply(body=b"{}"))
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        assert connect(verify=False).request("GET", url).status == 200


def test_a_redirect_to_plain_http_drops_the_token(
    tls_server: FaultServer, server: FaultServer, connect: Connect, authority: str
) -> None:
    """G8."""
    target = server.on(API, Reply(body=b"{}"))
    url = tls_server.on(API, Reply(status=302, headers={"Location": target}))
    connect(url=tls_server.url, verify=authority).request("GET", url)
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize(
    "files",
    [
        {"verify": "/no/such/ca.pem"},
        {"client_cert": "/no/such/cert.pem"},
        {"client_cert": (str(CERTIFICATES / "localhost.pem"), "/no/such/key.pem")},
    ],
)
def test_a_certificate_file_that_is_not_there_is_said_at_once(
    files: dict[str, Any],
) -> None:
    with pytest.raises(SettingsError, match="/no/such"):
        Transport(Settings(url="https://h", **files))


def test_a_file_that_is_no_certificate_is_a_typed_error(
    tls_server: FaultServer, connect: Connect, tmp_path: Path
) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")
    with pytest.raises(NetworkError, match="do not agree on TLS"):
        connect(verify=str(empty), retry_attempts=1).request("GET", tls_server.url)


def test_the_client_certificate_goes_to_the_configured_server_only(
    tls_server: FaultServer, connect: Connect
) -> None:
    cert = str(CERTIFICATES / "localhost.pem")
    connections = connect(url=tls_server.url, client_cert=cert)._exchange()._connections
    assert connections._options_for(f"{tls_server.url}/x")["cert"] == cert
    assert connections._options_for("https://elsewhere.example/x")["cert"] is None


def test_https_to_a_server_without_it_says_so(
    server: FaultServer, connect: Connect
) -> None:
    url = server.url.replace("http", "https")
    with pytest.raises(NetworkError, match="do not agree on TLS"):
        connect(url=url, retry_attempts=1).request("GET", url)
