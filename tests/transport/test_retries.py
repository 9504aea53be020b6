"""What is tried again, how often, and after how long."""

from __future__ import annotations

import errno
import json
import socket
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
from transport.faults import FaultServer, Reply

from ls_tools.errors import DeadlineError, NetworkError, NotFoundError, ServerError
from ls_tools.transport import Transport
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import TransientError, parse_retry_after

Connect = Callable[..., Transport]
API = "/api/projects/1/"
OK = Reply(body=b"{}")


@pytest.mark.parametrize("status", [408, 424, 429, 500, 502, 503, 504])
def test_a_failure_that_may_pass_is_tried_again(
    server: FaultServer, transport: Transport, status: int
) -> None:
    """G5: one 503 is no error."""
    url = server.on(API, Reply(status=status), Reply(status=status), OK)
    assert transport.request("GET", url).status == 200
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 501])
def test_a_failure_that_lasts_is_not_tried_again(
    server: FaultServer, transport: Transport, status: int
) -> None:
    from ls_tools.errors import LsToolsError

    with pytest.raises(LsToolsError):
        transport.request("GET", server.on(API, Reply(status=status)))
    assert len(server.seen) == 1


def test_a_server_error_that_means_missing_is_not_tried_again(
    server: FaultServer, transport: Transport, waits: list[float]
) -> None:
    detail = {"detail": "'NoneType' object has no attribute 'has_permission'"}
    url = server.on(API, Reply(status=500, body=json.dumps(detail).encode()))
    with pytest.raises(NotFoundError):
        transport.request("GET", url)
    assert (len(server.seen), waits) == (1, [])


def test_tries_are_bounded_and_the_last_error_is_raised(
    server: FaultServer, connect: Connect
) -> None:
    url = server.on(API, Reply(status=502), Reply(status=503))
    with pytest.raises(ServerError, match="503"):
        connect(retry_attempts=4).request("GET", url)
    assert len(server.seen) == 4


def test_waits_double_with_full_jitter_up_to_their_longest(
    server: FaultServer, connect: Connect, waits: list[float]
) -> None:
    url = server.on(API, Reply(status=503))
    patient = connect(
        retry_attempts=12, retry_wait_s=1, retry_wait_max_s=8, retry_total_s=1e6
    )
    with pytest.raises(ServerError):
        patient.request("GET", url)
    assert len(waits) == 11
    assert all(w <= min(2**n, 8) for n, w in enumerate(waits))
    assert len(set(waits)) == len(waits)


def test_no_try_starts_after_the_total_time(
    server: FaultServer, connect: Connect, waits: list[float]
) -> None:
    url = server.on(API, Reply(status=503, headers={"Retry-After": "40"}))
    with pytest.raises(ServerError):
        connect(retry_attempts=100, retry_total_s=100).request("GET", url)
    assert waits == [40, 40]


def test_retry_after_in_seconds_is_obeyed(
    server: FaultServer, transport: Transport, waits: list[float]
) -> None:
    transport.request(
        "GET", server.on(API, Reply(status=429, headers={"Retry-After": "7"}), OK)
    )
    assert waits == [7]


def test_retry_after_is_capped(
    server: FaultServer, connect: Connect, waits: list[float]
) -> None:
    url = server.on(API, Reply(status=503, headers={"Retry-After": "86400"}), OK)
    connect(retry_wait_max_s=20).request("GET", url)
    assert waits == [20]


def test_retry_after_as_a_date_is_obeyed(
    server: FaultServer, transport: Transport, waits: list[float]
) -> None:
    date = formatdate(time.time() + 30, usegmt=True)
    url = server.on(API, Reply(status=503, headers={"Retry-After": date}), OK)
    transport.request("GET", url)
    assert 20 < waits[0] <= 30


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        (" 5 ", 5),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 50),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0),
        ("Thu, 01 Jan 1970 00:01:40 -0000", 50),
        ("9" * 30, 86_400),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(
    value: str | None, expected: float | None
) -> None:
    assert parse_retry_after(value, now_s=50) == expected


def test_a_post_is_not_repeated_unless_told(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=503), OK)
    with pytest.raises(ServerError):
        transport.request("POST", url, json={})
    assert len(server.seen) == 1


def test_a_post_is_repeated_where_the_caller_says_so(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(API, Reply(status=503), OK)
    assert transport.request("POST", url, json={"a": 1}, retry=True).status == 200
    assert server.seen[1].body == b'{"a": 1}'


def test_a_get_is_not_repeated_where_the_caller_says_so(
    server: FaultServer, transport: Transport
) -> None:
    with pytest.raises(ServerError):
        transport.request("GET", server.on(API, Reply(status=503), OK), retry=False)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Reply(drop=True),
        Reply(body=b'{"a": 1}', cut=3),
        Reply(body=b'{"a": 1}', cut=3, how="reset"),
        Reply(body=b'{"a": 1}', is_chunked=True, cut=3),
    ],
    ids=["no answer", "cut", "reset", "cut chunk"],
)
def test_a_broken_connection_is_tried_again(
    server: FaultServer, transport: Transport, fault: Reply
) -> None:
    assert transport.request("GET", server.on(API, fault, OK)).json() == {}


def test_a_silent_server_ends_in_a_deadline(
    server: FaultServer, connect: Connect
) -> None:
    """G5: every call has a timeout."""
    url = server.on(API, Reply(body=b"{}", cut=0, how="stall"))
    with pytest.raises(DeadlineError, match="stopped answering"):
        connect(read_timeout_s=0.2, retry_attempts=2).request("GET", url)
    assert len(server.seen) == 2


def test_a_call_may_have_a_timeout_of_its_own(
    server: FaultServer, connect: Connect
) -> None:
    url = server.on(API, Reply(body=b"{}", cut=0, how="stall"))
    with pytest.raises(DeadlineError):
        connect(retry_attempts=1).request("GET", url, read_timeout_s=0.2)


def test_a_refused_connection_is_tried_again(
    connect: Connect, waits: list[float]
) -> None:
    with pytest.raises(NetworkError):
        connect(retry_attempts=3).request("GET", "http://127.0.0.1:1/")
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (TimeoutError(), DeadlineError, "stopped answering"),
        (OSError(errno.ENETUNREACH, "unreachable"), NetworkError, "broke"),
        (ConnectionResetError(), NetworkError, "broke"),
    ],
)
def test_a_connection_that_is_not_made_is_tried_again(
    connect: Connect,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    *,
    failure: OSError,
    error: type[NetworkError],
    message: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("ls_tools.transport.addresses.create_connection", fail)
    with pytest.raises(NetworkError, match=message) as caught:
        connect(retry_attempts=2).request("GET", "http://127.0.0.1:1/")
    assert type(caught.value) is error
    assert len(waits) == 1


def test_causes_that_go_in_a_circle_are_followed_for_a_while() -> None:
    one, other = OSError("one"), OSError("other")
    one.__cause__, other.__cause__ = other, one
    failure = network_failure(one, "http://h/x")
    assert isinstance(failure, TransientError)
    assert failure.error.message == "The connection to h broke."


def test_a_name_server_that_is_down_is_tried_again(
    connect: Connect, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NetworkError):
        connect(retry_attempts=3).request("GET", "http://media.test/")
    assert len(waits) == 2


def test_a_host_that_does_not_exist_is_not_tried_again(
    connect: Connect, waits: list[float]
) -> None:
    with pytest.raises(NetworkError, match="no host named"):
        connect().request("GET", "http://" + "a" * 64 + ".invalid/")
    assert waits == []
