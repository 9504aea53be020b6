"""A personal access token becomes an access token, once for all who need it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from transport.faults import FaultServer, Reply, Rule, Seen, Sink, StoredFile

from ls_tools.errors import (
    LsToolsError,
    NetworkError,
    ServerError,
    TokenRejectedError,
)
from ls_tools.transport import Transport

Connect = Callable[..., Transport]
REFRESH = "/api/token/refresh/"
API = "/api/version"


def jwt(kind: str, *, number: int = 0, lifetime_s: float = 300) -> str:
    now = time.time()
    claims = {"token_type": kind, "iat": now, "exp": now + lifetime_s, "jti": number}
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()) for p in parts]
    return ".".join([*[c.rstrip(b"=").decode() for c in coded], "c2lnbmF0dXJl"])


PERSONAL = jwt("refresh", lifetime_s=6e9)


class Issuer:
    """Issues access tokens and knows which are good; a Rule for each path."""

    def __init__(self, *, lifetime_s: float = 300) -> None:
        self.lifetime_s = lifetime_s
        self.issued: list[str] = []
        self.revoked: set[str] = set()
        self._lock = threading.Lock()

    def refresh(self, seen: Seen) -> Reply:
        if json.loads(seen.body) != {"refresh": PERSONAL}:
            return Reply(status=401, body=b'{"detail": "Token is invalid"}')
        with self._lock:
            number = len(self.issued)
            self.issued.append(jwt("access", number=number, lifetime_s=self.lifetime_s))
        return Reply(body=json.dumps({"access": self.issued[-1]}).encode())

    def guard(self, rule: Rule | Reply) -> Rule:
        def guarded(seen: Seen) -> Reply:
            token = seen.headers.get("authorization", "").removeprefix("Bearer ")
            if token in self.revoked or token not in self.issued:
                return Reply(status=401, body=b'{"detail": "not provided"}')
            return rule if isinstance(rule, Reply) else rule(seen)

        return guarded


@pytest.fixture
def issuer(server: FaultServer) -> Issuer:
    made = Issuer()
    server.on(REFRESH, made.refresh)
    server.on(API, made.guard(Reply(body=b"{}")))
    return made


@pytest.fixture
def personal(connect: Connect) -> Transport:
    return connect(token=PERSONAL)


def test_a_personal_token_is_exchanged_and_never_sent_itself(
    server: FaultServer, issuer: Issuer, personal: Transport, sink: Sink
) -> None:
    """G7: a personal access token works."""
    upload = issuer.guard(StoredFile(content=b"picture"))
    personal.download(server.on("/data/upload/1/a.jpg", upload), sink)
    personal.request("GET", server.url + API)
    assert sink.content == b"picture"
    assert len(server.requests(REFRESH)) == 1
    sent = [seen.headers.get("authorization", "") for seen in server.seen]
    assert not any(PERSONAL in text for text in sent)
    assert sent[1:] == [f"Bearer {issuer.issued[0]}"] * 2


def test_the_exchange_honours_the_path_of_the_server(
    server: FaultServer, connect: Connect
) -> None:
    """E5: below a sub-path the endpoint is below it as well."""
    issuer = Issuer()
    server.on(f"/ls{REFRESH}", issuer.refresh)
    url = server.on(f"/ls{API}", issuer.guard(Reply(body=b"{}")))
    assert (
        connect(token=PERSONAL, url=f"{server.url}/ls").request("GET", url).json() == {}
    )
    assert [seen.path for seen in server.seen] == [f"/ls{REFRESH}", f"/ls{API}"]


def test_an_access_token_that_is_revoked_early_is_renewed_once(
    server: FaultServer, issuer: Issuer, personal: Transport
) -> None:
    """E6: one 401 is no error."""
    personal.request("GET", server.url + API)
    issuer.revoked.update(issuer.issued)
    personal.request("GET", server.url + API)
    assert len(server.requests(REFRESH)) == 2
    assert len(server.requests(API)) == 3


def test_a_post_is_repeated_after_a_renewal(
    server: FaultServer, issuer: Issuer, personal: Transport
) -> None:
    """E6: a 401 means that nothing was done."""
    personal.request("GET", server.url + API)
    issuer.revoked.update(issuer.issued)
    assert personal.request("POST", server.url + API, json={}).status == 200


@pytest.mark.usefixtures("issuer")
def test_an_access_token_is_renewed_ahead_of_its_end(
    server: FaultServer,
    personal: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E6: there is a skew."""
    personal.request("GET", server.url + API)
    begun_s = time.monotonic()
    monkeypatch.setattr(personal._exchange()._auth, "_clock", lambda: begun_s + 265)
    personal.request("GET", server.url + API)
    assert len(server.requests(REFRESH)) == 1
    monkeypatch.setattr(personal._exchange()._auth, "_clock", lambda: begun_s + 271)
    personal.request("GET", server.url + API)
    assert len(server.requests(REFRESH)) == 2


@pytest.mark.usefixtures("issuer")
def test_a_refused_exchange_says_which_token_and_what_to_do(
    server: FaultServer, personal: Transport
) -> None:
    server.on(REFRESH, Reply(status=401, body=b'{"detail": "Token is blacklisted"}'))
    with pytest.raises(TokenRejectedError, match="personal access token: it is rev"):
        personal.request("GET", server.url + API)
    assert len(server.seen) == 1


@pytest.mark.usefixtures("issuer")
def test_a_server_that_refuses_what_it_issued_ends_in_an_error(
    server: FaultServer, personal: Transport
) -> None:
    """E6: renewed exactly once."""
    server.on(API, Reply(status=401))
    with pytest.raises(TokenRejectedError):
        personal.request("GET", server.url + API)
    assert len(server.requests(REFRESH)) == 2
    assert len(server.requests(API)) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>front page</html>"),
        Reply(status=404, body=b"<html>"),
        Reply(body=b"[]"),
        Reply(body=b'{"access": ""}'),
        Reply(body=b'{"access": "two words"}'),
        Reply(body=b'{"access": 5}'),
        Reply(status=301, headers={"Location": "https://labels.example.com/"}),
    ],
)
@pytest.mark.usefixtures("issuer")
def test_nonsense_from_the_exchange_points_at_the_url(
    server: FaultServer, personal: Transport, reply: Reply
) -> None:
    """E5: no decoding error."""
    server.on(REFRESH, reply)
    with pytest.raises(ServerError, match="did not exchange") as caught:
        personal.request("GET", server.url + API)
    assert "Check that the URL" in caught.value.hint


@pytest.mark.usefixtures("issuer")
def test_the_personal_token_follows_no_redirect(
    server: FaultServer, elsewhere: FaultServer, personal: Transport
) -> None:
    target = elsewhere.on("/x", Reply(body=b'{"access": "abc"}'))
    server.on(REFRESH, Reply(status=307, headers={"Location": target}))
    with pytest.raises(ServerError):
        personal.request("GET", server.url + API)
    assert elsewhere.seen == []


def test_the_exchange_is_tried_again_also_for_a_post(
    server: FaultServer, issuer: Issuer, personal: Transport
) -> None:
    server.on(REFRESH, Reply(status=503), Reply(drop=True), issuer.refresh)
    assert personal.request("POST", server.url + API, json={}).status == 200
    assert len(server.requests(API)) == 1


@pytest.mark.usefixtures("issuer")
def test_many_threads_share_one_exchange(
    server: FaultServer, personal: Transport
) -> None:
    """G7: N threads, one exchange."""
    together = threading.Barrier(12)

    def call(_: int) -> int:
        together.wait()
        return personal.request("GET", server.url + API).status

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(call, range(12))) == {200}
    assert len(server.requests(REFRESH)) == 1


def test_many_threads_that_meet_one_revoked_token_share_one_renewal(
    server: FaultServer, issuer: Issuer, personal: Transport
) -> None:
    personal.request("GET", server.url + API)
    issuer.revoked.update(issuer.issued)
    together = threading.Barrier(12)

    def call(_: int) -> int:
        together.wait()
        return personal.request("GET", server.url + API).status

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(call, range(12))) == {200}
    assert len(server.requests(REFRESH)) == 2


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Reply(status=401, body=b'{"detail": "Token is expired"}'), TokenRejectedError),
        (Reply(status=503), NetworkError),
    ],
)
@pytest.mark.usefixtures("issuer")
def test_threads_that_wait_for_an_exchange_share_its_failure(
    server: FaultServer,
    connect: Connect,
    refusal: Reply,
    expected: type[LsToolsError],
) -> None:
    waiting = threading.Semaphore(0)

    def refuse(_: Seen) -> Reply:
        for _thread in range(5):
            assert waiting.acquire(timeout=10)
        return refusal

    server.on(REFRESH, refuse)
    personal = connect(token=PERSONAL, retry_attempts=1)
    auth = personal._exchange()._auth
    assert auth is not None
    lock = auth._lock

    class Counted:
        def __enter__(self) -> None:
            waiting.release()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    auth._lock = Counted()  # type: ignore[assignment]

    def call(_: int) -> type[BaseException]:
        with pytest.raises(LsToolsError) as caught:
            personal.request("GET", server.url + API, retry=False)
        return caught.type

    with ThreadPoolExecutor(5) as pool:
        kinds = list(pool.map(call, range(5)))
    assert all(issubclass(kind, expected) for kind in kinds)
    assert len(server.requests(REFRESH)) == 1


def test_a_failed_exchange_does_not_spoil_the_next(
    server: FaultServer, issuer: Issuer, connect: Connect
) -> None:
    server.on(REFRESH, Reply(status=503), issuer.refresh)
    personal = connect(token=PERSONAL, retry_attempts=1)
    with pytest.raises(NetworkError):
        personal.request("GET", server.url + API)
    assert personal.request("GET", server.url + API).status == 200


def test_a_token_may_be_a_callable(
    server: FaultServer, issuer: Issuer, connect: Connect
) -> None:
    issuer.issued.append(jwt("access", number=99))
    given = iter(["expired-legacy-token", issuer.issued[0], issuer.issued[0]])
    supplied = connect(token=lambda: next(given))
    supplied.request("GET", server.url + API)
    supplied.request("GET", server.url + API)
    sent = [seen.headers["authorization"] for seen in server.requests(API)]
    assert sent == ["Token expired-legacy-token"] + [f"Bearer {issuer.issued[0]}"] * 2


@pytest.mark.usefixtures("issuer")
def test_an_access_token_that_ended_says_what_to_give_instead(
    server: FaultServer, connect: Connect
) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        connect(token=jwt("access", lifetime_s=-5)).request("GET", server.url + API)
    assert "give the personal access token" in caught.value.hint
