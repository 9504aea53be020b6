"""Neither the token nor a signature is seen anywhere but on the wire."""

from __future__ import annotations

import gc
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator

import pytest
from transport.conftest import LEGACY
from transport.faults import FaultServer, Reply, Sink, StoredFile
from transport.test_token_renewal import API, PERSONAL, REFRESH, Issuer

from ls_tools.auth import TokenAuth, redact
from ls_tools.errors import LsToolsError
from ls_tools.origin import Origin
from ls_tools.settings import Settings
from ls_tools.transport import Transport
from ls_tools.transport.exchange import Call

Connect = Callable[..., Transport]
SIGNATURE = "deadbeefsignature"
SIGNED = f"X-Amz-Credential=me&X-Amz-Signature={SIGNATURE}"
ODD = "hash=deadbeefsignature&until=5"
GATE = "gate-secret-value"
UPLOAD = "/data/upload/1/a.jpg"


def visible(error: BaseException) -> str:
    """Everything that a report of ``error`` could show."""
    parts = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        parts += [repr(current), str(current), repr(current.args), repr(vars(current))]
        waiting += [current.__cause__, current.__context__]
    if isinstance(error, LsToolsError):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert str(again) == str(error)
        parts += [repr(again.data), pickle.dumps(error).decode("latin-1")]
    return "\n".join(parts)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "urllib3"):
        yield caplog


@pytest.fixture
def issuer(server: FaultServer) -> Issuer:
    made = Issuer()
    server.on(REFRESH, made.refresh)
    return made


@pytest.fixture
def signed(server: FaultServer, elsewhere: FaultServer) -> Callable[[Reply, str], str]:
    """Make a URL of the server that redirects to one with a signed query."""

    def make(reply: Reply, query: str) -> str:
        location = f"{elsewhere.on('/bucket/key', reply)}?{query}"
        moved = Reply(status=303, headers={"Location": location})
        return server.on("/tasks/1/resolve/", moved)

    return make


def secrets(issuer: Issuer | None = None) -> list[str]:
    issued = issuer.issued if issuer else []
    return [LEGACY, PERSONAL, SIGNATURE, GATE, *issued, *[t[-40:] for t in issued]]


def assert_hidden(text: str, issuer: Issuer | None = None) -> None:
    for secret in secrets(issuer):
        assert secret not in text


FAULTS = {
    "refused token": Reply(status=401),
    "forbidden": Reply(status=403, body=LEGACY.encode()),
    "missing": Reply(status=404, body=b"<html>" + LEGACY.encode()),
    "echo": Reply(status=400, body=b'{"detail": "Token %s"}' % LEGACY.encode()),
    "broken": Reply(status=502),
    "dropped": Reply(drop=True),
    "cut": Reply(body=b"x" * 50, cut=5),
    "reset": Reply(body=b"x" * 50, cut=5, how="reset"),
    "stalled": Reply(body=b"x" * 50, cut=5, how="stall"),
    "silent": Reply(body=b"x" * 50, cut=0, how="stall"),
    "login page": Reply(body=b"<html>", headers={"Content-Type": "text/html"}),
    "nonsense": Reply(status=206, body=b"x"),
    "encoded": Reply(body=b"x", headers={"Content-Encoding": "br"}),
    "bad encoding": Reply(body=b"x", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(
    ("token", "query"),
    [(LEGACY, ODD), (PERSONAL, SIGNED)],
    ids=["legacy, oddly signed", "personal, signed"],
)
def test_no_error_and_no_log_shows_a_secret_after_a_redirect_to_a_signed_url(
    signed: Callable[[Reply, str], str],
    issuer: Issuer,
    connect: Connect,
    log: pytest.LogCaptureFixture,
    *,
    token: str,
    query: str,
    fault: Reply,
) -> None:
    url = signed(fault, query)
    hidden = connect(
        token=token,
        headers={"X-Gate": GATE},
        retry_attempts=2,
        read_timeout_s=0.2,
    )
    with pytest.raises(LsToolsError) as caught:
        hidden.download(url, Sink())
    assert_hidden(visible(caught.value), issuer)
    assert_hidden(log.text, issuer)
    assert "/tasks/1/resolve/" in log.text


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("token", [LEGACY, PERSONAL], ids=["legacy", "personal"])
def test_no_error_and_no_log_of_an_api_call_shows_a_secret(
    server: FaultServer,
    issuer: Issuer,
    connect: Connect,
    log: pytest.LogCaptureFixture,
    *,
    token: str,
    fault: Reply,
) -> None:
    url = server.on(API, fault)
    hidden = connect(
        token=token, headers={"X-Gate": GATE}, retry_attempts=2, read_timeout_s=0.2
    )
    try:
        hidden.request("GET", url, params={"token": LEGACY}).json()
    except LsToolsError as error:
        assert_hidden(visible(error), issuer)
    assert_hidden(log.text, issuer)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=401, body=b'{"detail": "Token is invalid"}'),
        Reply(status=503),
        Reply(drop=True),
        Reply(body=PERSONAL.encode()),
        Reply(body=b'{"access": "' + PERSONAL.encode() + b' "}'),
    ],
)
def test_a_failed_exchange_shows_no_token(
    server: FaultServer,
    connect: Connect,
    log: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    server.on(REFRESH, reply)
    with pytest.raises(LsToolsError) as caught:
        connect(token=PERSONAL, retry_attempts=2).request("GET", server.url + API)
    assert_hidden(visible(caught.value) + log.text)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://a-host.invalid"])
def test_a_connection_that_fails_shows_no_signature(
    connect: Connect, log: pytest.LogCaptureFixture, url: str
) -> None:
    with pytest.raises(LsToolsError) as caught:
        connect(retry_attempts=2).download(f"{url}/k?{SIGNED}", Sink())
    assert_hidden(visible(caught.value) + log.text)


@pytest.mark.parametrize("bad", [f"http://[x?{SIGNED}", f"http://h:x/?{SIGNED}"])
def test_a_url_that_does_not_parse_shows_no_signature(
    connect: Connect, bad: str
) -> None:
    with pytest.raises(LsToolsError) as caught:
        connect().download(bad, Sink())
    assert_hidden(visible(caught.value))


def test_a_token_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(LsToolsError) as caught:
        Transport(Settings(url="http://h", token=f"Token {LEGACY}"))
    assert_hidden(visible(caught.value))


def test_nothing_that_holds_the_token_shows_it(
    server: FaultServer, connect: Connect
) -> None:
    url = server.on(API, Reply(body=b"{}", headers={"X-Echo": LEGACY}))
    transport = connect(headers={"X-Gate": GATE})
    answer = transport.request("GET", url, params={"token": LEGACY})
    auth = TokenAuth(Origin.parse(server.url), PERSONAL)
    steps = [next(auth.flow(url, "api"))]
    steps.append(next(TokenAuth(Origin.parse(server.url), LEGACY).flow(url, "api")))
    call = Call(method="GET", url=f"{url}?{SIGNED}", purpose="api", json=PERSONAL)
    shown = [transport, answer, auth, *steps, call, transport._exchange()._auth]
    for value in shown:
        assert_hidden(repr(value) + str(value) + f"{value}")


def test_what_holds_the_token_is_not_pickled(transport: Transport) -> None:
    auth = TokenAuth(Origin.parse("http://h"), LEGACY)
    for value in (transport, auth):
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps(value)
        assert_hidden(visible(caught.value))


def test_logs_of_other_code_are_left_alone(
    server: FaultServer, transport: Transport, log: pytest.LogCaptureFixture
) -> None:
    import urllib3

    url = server.on(UPLOAD, StoredFile(content=b"x"))
    transport.download(f"{url}?{SIGNED}", Sink())
    with urllib3.PoolManager() as pool:
        pool.request("GET", f"{url}?mine=1")
    lines = [line for line in log.messages if UPLOAD in line]
    assert any('"GET /data/upload/1/a.jpg?… ' in line for line in lines)
    assert any("a.jpg?mine=1" in line for line in lines)


def test_no_secret_stays_behind_in_frames_after_an_error(
    server: FaultServer, connect: Connect
) -> None:
    """The exceptions of requests, which hold headers, are not kept alive."""
    from requests import RequestException

    url = server.on(API, Reply(drop=True))
    with pytest.raises(LsToolsError):
        connect(retry_attempts=1).request("GET", url)
    gc.collect()
    held = [found for found in gc.get_objects() if isinstance(found, RequestException)]
    assert held == []


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Token {LEGACY}",
        f"'Authorization': 'Bearer {PERSONAL}'",
        f"refresh={PERSONAL}",
        f"my own {GATE}",
    ],
)
def test_redact_takes_out_tokens_and_named_secrets(text: str) -> None:
    assert_hidden(redact(text, GATE, ""))


def test_redact_leaves_words_alone() -> None:
    assert redact("Token is expired; bearer of news") == (
        "Token is expired; bearer of news"
    )
