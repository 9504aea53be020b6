"""API requests: what is sent, what an answer becomes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.faults import FaultServer, Reply

from ls_tools import _version
from ls_tools.errors import (
    AccessError,
    BadReferenceError,
    LsToolsError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
    SettingsError,
    TokenRejectedError,
    UsageError,
)
from ls_tools.settings import Bounds, Settings
from ls_tools.transport import Answer, Transport

Connect = Callable[..., Transport]
API = "/api/projects/1/"


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(value).encode())


def test_an_answer_has_status_headers_body_and_json(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(body=b'{"id": 1}', headers={"X-One": "1"}))
    answer = transport.request("GET", url)
    assert (answer.status, answer.url, answer.json()) == (200, url, {"id": 1})
    assert answer.headers["x-ONE"] == "1"


def test_a_request_says_who_asks_and_carries_query_and_body(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, json_reply({}, status=201))
    transport.request("post", url, params={"page": 1, "ids": [1, 2]}, json={"a": "é"})
    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", f"{API}?page=1&ids=1&ids=2")
    assert json.loads(seen.body) == {"a": "é"}
    assert seen.headers["user-agent"] == f"ls-tools/{_version.__version__}"


def test_files_are_sent_as_a_form(server: FaultServer, transport: Transport) -> None:
    url = server.on(API, json_reply({}))
    transport.request("POST", url, files={"f": ("a.txt", b"hello")})
    assert b"hello" in server.seen[0].body
    assert server.seen[0].headers["content-type"].startswith("multipart/form-data")


def test_a_status_that_is_asked_for_is_an_answer(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, json_reply({}, status=404))
    assert transport.request("GET", url, ok=(200, 404)).status == 404


def test_a_connection_is_used_again(server: FaultServer, transport: Transport) -> None:
    url = server.on(API, Reply(body=b"x" * 100_000))
    for _ in range(3):
        transport.request("GET", url)
    assert len({seen.port for seen in server.seen}) == 1


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
def test_a_compressed_answer_is_decoded(
    server: FaultServer, transport: Transport, pack: Callable[[bytes], bytes]
) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    reply = Reply(body=pack(b"[1]" * 1), headers={"Content-Encoding": encoding})
    assert transport.request("GET", server.on(API, reply)).json() == [1]


def test_bare_deflate_data_are_decoded(
    server: FaultServer, transport: Transport
) -> None:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(b'{"a": 1}') + packer.flush()
    reply = Reply(body=body, headers={"Content-Encoding": "deflate"})
    assert transport.request("GET", server.on(API, reply)).json() == {"a": 1}


def test_gzip_of_several_members_is_decoded(
    server: FaultServer, transport: Transport
) -> None:
    body = gzip.compress(b"[1,") + gzip.compress(b"2]") + b"\0\0"
    reply = Reply(body=body, headers={"Content-Encoding": "gzip"})
    assert transport.request("GET", server.on(API, reply)).json() == [1, 2]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_beyond_the_bound_is_refused(
    server: FaultServer,
    connect: Connect,
    packed: bool,  # noqa: FBT001 - a parameter
) -> None:
    body = b" " * 5_000_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    reply = Reply(body=gzip.compress(body) if packed else body, headers=headers)
    bounded = connect(bounds=Bounds(response_bytes=1_000_000))
    with pytest.raises(RefusedError, match="larger than 1000000 bytes"):
        bounded.request("GET", server.on(API, reply))


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_not_json_says_so(body: bytes) -> None:
    answer = Answer(status=200, headers={}, body=body, url="http://h/x")
    with pytest.raises(ServerError, match="h/x answered with something that is not"):
        answer.json()


def test_not_found_is_said_in_the_callers_words(
    server: FaultServer, transport: Transport
) -> None:
    page = Reply(status=404, body=b"<html>" + b"x" * 170_000)
    url = server.on(API, page)
    with pytest.raises(NotFoundError, match=r"^There is no project 1\. ") as caught:
        transport.request("GET", url, not_found="There is no project 1.")
    assert caught.value.data["status"] == 404


def test_a_malformed_request_is_told_what_the_server_says(
    server: FaultServer, transport: Transport
) -> None:
    reply = json_reply(
        {"detail": "Validation error", "validation_errors": {"title": ["too short"]}},
        status=400,
    )
    with pytest.raises(UsageError, match=r"400 for .*Validation error.*too short"):
        transport.request("GET", server.on(API, reply))


@pytest.mark.parametrize(
    "body", [b"<html>secret page</html>", b"[1]", b"\xff\xfe", b'{"detail": null}']
)
def test_a_body_that_is_no_message_is_not_quoted(
    server: FaultServer, transport: Transport, body: bytes
) -> None:
    url = server.on(API, Reply(status=418, body=body))
    with pytest.raises(ServerError, match=r"answered 418 for http\S+/1/\. Try"):
        transport.request("GET", url)


def test_what_a_server_says_is_quoted_short_and_without_links_signatures(
    server: FaultServer, transport: Transport
) -> None:
    text = "No\n\x1b[31m http://s/k?X-Amz-Signature=abc Bearer abcdefghijklmnopqrst "
    url = server.on(API, json_reply({"detail": text + "x" * 900}, status=400))
    with pytest.raises(UsageError) as caught:
        transport.request("GET", url)
    message = caught.value.message
    assert "abc" not in message
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        (
            "/data/local-files/",
            "Serving local files can be dangerous, so it is off",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true",
        ),
        (
            "/api/storages/s3/",
            "URL resolves to a reserved network address (block: 127.0.0.0/8)",
            "LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false",
        ),
    ],
)
def test_a_refusal_of_the_server_says_which_setting_to_change(
    server: FaultServer, transport: Transport, path: str, body: str, hint: str
) -> None:
    url = server.on(path, Reply(status=403, body=body.encode()))
    with pytest.raises(AccessError) as caught:
        transport.request("GET", url)
    assert hint in caught.value.hint


def test_a_forbidden_project_points_at_the_tokens_user(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, json_reply({"detail": "No permission"}, status=403))
    with pytest.raises(TokenRejectedError, match="403: No permission") as caught:
        transport.request("GET", url)
    assert "token's user" in caught.value.hint


def test_the_code_of_an_object_store_is_quoted(
    elsewhere: FaultServer, transport: Transport
) -> None:
    body = b"<?xml?><Error><Code>SignatureDoesNotMatch</Code><Key>k</Key></Error>"
    url = elsewhere.on("/b/k", Reply(status=403, body=body))
    with pytest.raises(AccessError, match="SignatureDoesNotMatch") as caught:
        transport.request("GET", url)
    assert "expired" in caught.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=403, body=b'{"detail": "cut"}', cut=5),
        Reply(status=403, body=b"x", headers={"Content-Encoding": "br"}),
        Reply(status=403, body=b"x", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["cut", "unknown encoding", "damaged"],
)
def test_an_error_whose_body_cannot_be_read_is_that_error(
    server: FaultServer, transport: Transport, reply: Reply
) -> None:
    with pytest.raises(TokenRejectedError, match=r"status 403\."):
        transport.request("GET", server.on(API, reply))


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/data/local-files/", "LOCAL_FILES_DOCUMENT_ROOT"),
        ("/data/upload/1/a.jpg", "deleted on the server"),
        ("/tasks/1/resolve/", "storage of its project"),
        ("/projects/1/resolve/", "storage of the project"),
        ("/api/projects/1/", "Check the id"),
    ],
)
def test_missing_media_say_what_to_check(
    server: FaultServer, transport: Transport, path: str, hint: str
) -> None:
    with pytest.raises(NotFoundError) as caught:
        transport.request("GET", server.on(path, Reply(status=404)))
    assert hint in caught.value.hint


def test_a_missing_link_says_what_to_check(
    elsewhere: FaultServer, transport: Transport
) -> None:
    with pytest.raises(NotFoundError, match="There is nothing at http") as caught:
        transport.request("GET", elsewhere.on("/a.jpg", Reply(status=410)))
    assert "Check the link" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "no url",
        "http://",
        "http://[::1/x",
        "https://" + "a" * 70 + ".example.com/x",
        "http://host:99999/",
        "http://ho st/",
        "",
        "http://*/",
    ],
)
def test_a_url_that_cannot_be_requested_is_a_typed_error(
    connect: Connect, url: str
) -> None:
    with pytest.raises((BadReferenceError, NetworkError)):
        connect(retry_attempts=1).request("GET", url)


def test_a_refused_connection_names_the_host(connect: Connect) -> None:
    with pytest.raises(
        NetworkError, match=r"127\.0\.0\.1:1 refuses connections"
    ) as caught:
        connect(retry_attempts=1).request("GET", "http://127.0.0.1:1/x")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@given(
    st.text(max_size=20) | st.from_regex(r"[a-z0-9.\[\]:%@\\_ -]{1,20}", fullmatch=True)
)
@settings(max_examples=200, deadline=None)
def test_every_host_is_contacted_or_a_typed_error(host: str) -> None:
    limits = Settings(network="allow-list", retry_attempts=1, connect_timeout_s=0.1)
    with Transport(limits) as transport, pytest.raises(LsToolsError):
        transport.request("GET", f"http://{host}/x")


def test_certificates_of_very_many_hosts_are_not_remembered(
    transport: Transport,
) -> None:
    connections = transport._exchange()._connections
    for number in range(1000):
        assert connections._options_for(f"http://host{number}/x")["verify"] is True
    assert len(connections._options) < 1000


@pytest.mark.parametrize("name", ["X-Bad", "X\nBad"])
def test_a_header_that_cannot_be_sent_is_refused_at_once(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Transport(Settings(url="http://h", headers={name: "secret\nvalue"}))
    assert "secret" not in str(caught.value)


def test_a_post_that_is_redirected_is_not_turned_into_a_get(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=301, headers={"Location": "/elsewhere"}))
    with pytest.raises(ServerError, match="redirects POST"):
        transport.request("POST", url, json={})
    assert len(server.seen) == 1


def test_a_post_is_repeated_where_the_server_says_so(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=308, headers={"Location": "/api/other/"}))
    server.on("/api/other/", json_reply({"id": 3}))
    assert transport.request("POST", url, json={"a": 1}).json() == {"id": 3}
    assert server.seen[1].body == b'{"a": 1}'


def test_redirects_are_bounded(server: FaultServer, transport: Transport) -> None:
    url = server.on(API, Reply(status=302, headers={"Location": API}))
    with pytest.raises(RefusedError, match="redirects without end"):
        transport.request("GET", url)
    assert len(server.seen) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://h/", "data:,x"])
def test_a_redirect_off_the_web_is_refused(
    server: FaultServer, transport: Transport, location: str
) -> None:
    url = server.on(API, Reply(status=302, headers={"Location": location}))
    with pytest.raises(RefusedError, match="no web address"):
        transport.request("GET", url)


def test_a_redirect_to_nonsense_is_a_typed_error(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=302, headers={"Location": "http://[half"}))
    with pytest.raises(LsToolsError):
        transport.request("GET", url)


def test_a_redirect_may_spell_its_target_in_utf8(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=302, headers={"Location": "/api/é"}))
    server.on("/api/%C3%A9", json_reply({"ok": 1}))
    assert transport.request("GET", url).json() == {"ok": 1}


def test_a_server_that_moved_to_https_says_so_in_the_hint(
    server: FaultServer, elsewhere: FaultServer, transport: Transport
) -> None:
    moved = elsewhere.on(API, Reply(status=401))
    url = server.on(API, Reply(status=301, headers={"Location": moved}))
    with pytest.raises(AccessError) as caught:
        transport.request("GET", url)
    assert f"set its URL to {elsewhere.url}" in caught.value.hint
