"""Where the token goes, and where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from transport.conftest import LEGACY
from transport.faults import FaultServer, Reply, Sink, StoredFile

from ls_tools.errors import AccessError, MissingTokenError, TokenRejectedError
from ls_tools.settings import Settings
from ls_tools.transport import Transport

Connect = Callable[..., Transport]
DATA = b"picture"
UPLOAD = "/data/upload/1/a.jpg"
OK = Reply(body=b"{}")


def tokens(server: FaultServer) -> list[str | None]:
    return [seen.headers.get("authorization") for seen in server.seen]


def moved(target: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": target})


def test_the_token_goes_to_the_api(server: FaultServer, transport: Transport) -> None:
    transport.request("GET", server.on("/api/version", OK))
    assert tokens(server) == [f"Token {LEGACY}"]


@pytest.mark.parametrize(
    "path",
    [
        UPLOAD,
        "/data/local-files/",
        "/storage-data/uploaded/",
        "/tasks/1/resolve/",
        "/tasks/1/presign/",
        "/projects/1/resolve",
    ],
)
def test_the_token_goes_to_media(
    server: FaultServer, transport: Transport, sink: Sink, path: str
) -> None:
    transport.download(server.on(path, StoredFile(content=DATA)), sink)
    assert tokens(server) == [f"Token {LEGACY}"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/users/",
        "/tasks/1/",
        "/user/",
        "/static/a.png",
        "/api/projects/1/file-proxy/",
    ],
)
def test_a_url_in_task_data_does_not_carry_the_token_to_the_api(
    server: FaultServer, transport: Transport, sink: Sink, path: str
) -> None:
    """G9: task data cannot have an API page fetched in the user's name."""
    transport.download(server.on(path, StoredFile(content=DATA)), sink)
    assert tokens(server) == [None]


@pytest.mark.parametrize(
    "trick",
    ["/data/../api/users/", "/data/%2e%2e/api/users/", "/api/%2e%2e/data/upload/a"],
)
def test_no_spelling_of_a_path_tricks_the_token_out(
    server: FaultServer, transport: Transport, sink: Sink, trick: str
) -> None:
    """G9."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - the server has none of them
        transport.download(f"{server.url}{trick}", sink)
    assert tokens(server) == [None]


def test_another_origin_never_gets_the_token(
    elsewhere: FaultServer, transport: Transport, sink: Sink
) -> None:
    transport.download(elsewhere.on(UPLOAD, StoredFile(content=DATA)), sink)
    transport.request("GET", elsewhere.on("/api/x", OK))
    assert tokens(elsewhere) == [None, None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_drops_the_token(
    server: FaultServer,
    elsewhere: FaultServer,
    transport: Transport,
    sink: Sink,
    status: int,
) -> None:
    target = elsewhere.on("/bucket/key", StoredFile(content=DATA))
    url = server.on("/tasks/1/resolve/", moved(f"{target}?sig=1", status))
    transport.download(url, sink)
    assert (tokens(server), tokens(elsewhere)) == ([f"Token {LEGACY}"], [None])
    assert elsewhere.seen[0].headers["range"] == "bytes=0-"
    assert sink.content == DATA


def test_a_redirect_there_and_back_gives_the_token_to_the_server_only(
    server: FaultServer, elsewhere: FaultServer, transport: Transport, sink: Sink
) -> None:
    server.on(UPLOAD, StoredFile(content=DATA))
    back = elsewhere.on("/back", moved(f"{server.url}{UPLOAD}"))
    transport.download(server.on("/data/b.jpg", moved(back)), sink)
    assert tokens(elsewhere) == [None]
    assert tokens(server) == [f"Token {LEGACY}"] * 2


def test_another_origin_cannot_send_the_token_to_the_api(
    server: FaultServer, elsewhere: FaultServer, transport: Transport, sink: Sink
) -> None:
    server.on("/api/users/", StoredFile(content=DATA))
    url = elsewhere.on("/a.jpg", moved(f"{server.url}/api/users/"))
    transport.download(url, sink)
    assert tokens(server) == [None]


def test_a_redirect_on_the_server_keeps_the_token_for_media_only(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    server.on("/api/users/", StoredFile(content=DATA))
    transport.download(server.on(UPLOAD, moved("/api/users/")), sink)
    assert tokens(server) == [f"Token {LEGACY}", None]


def test_a_prefix_keeps_the_token_from_the_rest_of_the_host(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    """G8: a path prefix counts."""
    below = connect(url=f"{server.url}/ls")
    below.request("GET", server.on("/ls/api/version", OK))
    below.request("GET", server.on("/api/version", OK))
    below.request("GET", server.on("/lsd/api/version", OK))
    below.download(server.on(f"/ls{UPLOAD}", StoredFile(content=DATA)), sink)
    assert tokens(server) == [f"Token {LEGACY}", None, None, f"Token {LEGACY}"]


def test_the_token_of_an_https_server_is_not_sent_over_http(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    """G8: the scheme counts."""
    secure = connect(url=f"https://127.0.0.1:{server.port}")
    secure.request("GET", server.on("/api/version", OK))
    secure.download(server.on(UPLOAD, StoredFile(content=DATA)), sink)
    assert tokens(server) == [None, None]


def test_the_case_of_the_host_does_not_lose_the_token(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    """G8: spelling does not count."""
    url = server.on(UPLOAD, StoredFile(content=DATA))
    named = connect(url=f"http://LocalHost:{server.port}")
    named.download(url.replace("127.0.0.1", "LOCALHOST"), sink)
    assert tokens(server) == [f"Token {LEGACY}"]


def test_netrc_is_never_used(
    server: FaultServer,
    elsewhere: FaultServer,
    connect: Connect,
) -> None:
    """G10: an entry for the host does not replace the token."""
    netrc = Path.home() / ".netrc"
    netrc.write_text("machine 127.0.0.1 login bob password pw\n")
    netrc.chmod(0o600)
    url = server.on("/api/a", moved(elsewhere.on("/b", OK)))
    connect().request("GET", url)
    connect(token=None).request("GET", server.on("/api/c", OK))
    assert tokens(server) == [f"Token {LEGACY}", None]
    assert tokens(elsewhere) == [None]


def test_extra_headers_go_to_the_configured_server_only(
    server: FaultServer, elsewhere: FaultServer, connect: Connect, sink: Sink
) -> None:
    extra = connect(
        url=f"{server.url}/ls",
        headers={"X-Gate": "open", "user-agent": "mine", "Range": "bytes=5-"},
    )
    target = elsewhere.on("/key", StoredFile(content=DATA))
    extra.download(server.on("/ls/data/a", moved(target)), sink)
    extra.request("GET", server.on("/other", OK))
    gates = [seen.headers.get("x-gate") for seen in server.seen + elsewhere.seen]
    assert gates == ["open", None, None]
    assert server.seen[0].headers["user-agent"] == "mine"
    assert server.seen[0].headers["range"] == "bytes=0-"


def test_extra_headers_that_say_who_asks_go_where_the_token_goes(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    """G9: no way around by headers."""
    extra = connect(token=None, headers={"Cookie": "session=1", "X-Gate": "open"})
    extra.download(server.on("/api/users/", StoredFile(content=DATA)), sink)
    extra.download(server.on(UPLOAD, StoredFile(content=DATA)), Sink())
    assert [seen.headers.get("cookie") for seen in server.seen] == [None, "session=1"]
    assert [seen.headers.get("x-gate") for seen in server.seen] == ["open"] * 2


def test_no_cookie_is_kept(server: FaultServer, transport: Transport) -> None:
    url = server.on("/api/a", Reply(body=b"{}", headers={"Set-Cookie": "id=1"}))
    transport.request("GET", url)
    transport.request("GET", url)
    assert "cookie" not in server.seen[1].headers


def test_a_login_in_an_external_url_goes_to_that_host_only(
    elsewhere: FaultServer, server: FaultServer, transport: Transport, sink: Sink
) -> None:
    target = server.on("/static/a", StoredFile(content=DATA))
    url = elsewhere.on("/a.jpg", moved(target)).replace("//", "//bob:pw@")
    transport.download(url, sink)
    assert tokens(elsewhere) == ["Basic Ym9iOnB3"]
    assert tokens(server) == [None]


def test_a_server_that_wants_a_token_says_so_when_there_is_none(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(UPLOAD, Reply(status=401))
    with pytest.raises(MissingTokenError) as caught:
        connect(token=None).download(url, sink)
    assert "LABEL_STUDIO_API_KEY" in caught.value.hint


def test_a_token_of_the_environment_stays_with_the_environments_server(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(UPLOAD, Reply(status=401))
    foreign = connect(token_url="https://labels.example.com")
    with pytest.raises(MissingTokenError) as caught:
        foreign.download(url, sink)
    assert tokens(server) == [None]
    assert "https://labels.example.com" in caught.value.hint
    assert "pass one" in caught.value.hint


def test_a_token_of_the_environment_goes_to_the_environments_server(
    server: FaultServer,
) -> None:
    environ = {"LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_API_KEY": LEGACY}
    with Transport(Settings.from_env(environ)) as transport:
        transport.request("GET", server.on("/api/version", OK))
    assert tokens(server) == [f"Token {LEGACY}"]


def test_a_refused_legacy_token_says_what_to_check(
    server: FaultServer, transport: Transport
) -> None:
    body = (
        b'{"detail":"Authentication token no longer valid: legacy token authentication'
        b' has been disabled for this organization"}'
    )
    url = server.on("/api/version", Reply(status=401, body=body))
    with pytest.raises(TokenRejectedError, match="disabled legacy tokens") as caught:
        transport.request("GET", url)
    assert caught.value.data["token_kind"] == "legacy"
    assert len(server.seen) == 1


def test_a_path_that_gets_no_token_is_not_blamed_on_the_token(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    with pytest.raises(AccessError) as caught:
        transport.download(server.on("/api/users/", Reply(status=403)), sink)
    assert not isinstance(caught.value, TokenRejectedError)
    assert "No token is sent for this path" in caught.value.hint


def test_a_host_that_gets_no_token_is_not_blamed_on_the_token(
    elsewhere: FaultServer, transport: Transport, sink: Sink
) -> None:
    with pytest.raises(AccessError) as caught:
        transport.download(elsewhere.on("/a.jpg", Reply(status=401)), sink)
    assert not isinstance(caught.value, TokenRejectedError)
    assert "No token is sent to this host" in caught.value.hint
