"""A loopback proxy that puts faults between a client and a real server.

One request per connection, so that each retry of a client meets the next fault.
"""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from services.faults import Ending, Fault, Header, Pause, Step

if TYPE_CHECKING:
    from typing_extensions import Self

_CHUNK_BYTES = 64 * 1024
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The head of a request or a response, and the bytes read after it."""

    first_line: str
    headers: list[Header]
    rest: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, None where it is absent."""
        wanted = name.lower()
        return next((v for key, v in self.headers if key.lower() == wanted), None)

    def encode(self, headers: Iterable[Header]) -> bytes:
        """The head with other headers, as it goes over the wire."""
        lines = [self.first_line, *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that came by.

    Attributes:
        method: As sent.
        target: Path and query as sent.
        headers: By name in lower case.
        body: What was sent with it.
        fault: What was done to it; None for nothing.
    """

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    fault: Fault | None


@dataclass(slots=True)
class _Planned:
    fault: Fault
    target: re.Pattern[str]
    remaining: int


class FaultProxy:
    """Forwards to one server; each planned fault hits one request.

    Use as a context manager, or call ``close``.

    Args:
        target_url: The real server.
        certificate: Certificate and key to speak TLS with; None to speak plainly.
    """

    def __init__(self, target_url: str, *, certificate: Path | None = None) -> None:
        parts = urlsplit(target_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._plan: list[_Planned] = []
        self._seen: list[Seen] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._tls = None if certificate is None else _tls(certificate)
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        scheme = "https" if certificate else "http"
        port = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{port}{parts.path}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and end every open connection."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _shut_down(connection)

    def plan(self, *faults: Fault, target: str = "", times: int = 1) -> None:
        """Queue faults; each hits the next ``times`` requests that it fits.

        Args:
            *faults: In the order in which they are used up.
            target: A regular expression that path and query must contain.
            times: How many requests each of them hits.
        """
        pattern = re.compile(target)
        with self._lock:
            self._plan += [_Planned(fault, pattern, times) for fault in faults]

    def clear(self) -> None:
        """Forget the faults not yet used and the requests seen."""
        with self._lock:
            self._plan.clear()
            self._seen.clear()

    def seen(self, target: str = "") -> list[Seen]:
        """The requests so far whose path and query match, oldest first."""
        with self._lock:
            return [item for item in self._seen if re.search(target, item.target)]

    @property
    def unused(self) -> int:
        """How many requests the faults still planned would hit."""
        with self._lock:
            return sum(item.remaining for item in self._plan)

    def serve(self, client: socket.socket) -> None:
        """Answer the one request of a connection."""
        client.settimeout(_TIMEOUT_S)
        with self._lock:
            self._open.add(client)
        with suppress(OSError):  # client or server may go, which tests do on purpose
            if self._tls is None:
                self._answer(client)
            else:
                with self._tls.wrap_socket(client, server_side=True) as wrapped:
                    self._answer(wrapped)
        with self._lock:
            self._open.discard(client)

    def _answer(self, client: socket.socket) -> None:
        request = _read_message(client)
        if request is None:
            return
        body = _read_body(client, request)
        fault = self._record(request, body)
        if self._emit(client, fault.before()):
            return
        with _connect(self._target) as server:
            server.sendall(request.encode(_closing(request.headers)) + body)
            answer = _read_message(server)
            if answer is not None:
                headers = fault.headers(_closing(answer.headers))
                client.sendall(answer.encode(headers))
                self._emit(client, fault.body(_chunks(server, answer.rest)))

    def _record(self, request: Message, body: bytes) -> Fault:
        method, target = request.first_line.split(" ")[:2]
        headers = {name.lower(): value for name, value in request.headers}
        with self._lock:
            fault = self._take(target)
            self._seen.append(
                Seen(
                    method=method,
                    target=target,
                    headers=headers,
                    body=body,
                    fault=fault,
                )
            )
        return fault or Fault()

    def _take(self, target: str) -> Fault | None:
        for item in self._plan:
            if item.target.search(target):
                item.remaining -= 1
                if not item.remaining:
                    self._plan.remove(item)
                return item.fault
        return None

    def _emit(self, client: socket.socket, steps: Iterable[Step]) -> bool:
        """Send the steps; True where they ended the connection."""
        for step in steps:
            if isinstance(step, bytes):
                client.sendall(step)
            elif isinstance(step, Pause):
                self._closing.wait(step.seconds)
            else:
                _end(client, step)
                return True
        return False


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


StartProxy: TypeAlias = Callable[..., FaultProxy]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler_of(proxy: FaultProxy) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            proxy.serve(self.request)

    return Handler


def _closing(headers: Iterable[Header]) -> list[Header]:
    """``headers`` that say that nothing follows on this connection."""
    kept = [item for item in headers if item[0].lower() != "connection"]
    return [*kept, ("Connection", "close")]


def _read_message(connection: socket.socket) -> Message | None:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(_CHUNK_BYTES)
        if not received:
            return None
        data += received
    head, _, rest = data.partition(b"\r\n\r\n")
    first_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = [(name, value.strip()) for name, _, value in pairs]
    return Message(first_line=first_line, headers=headers, rest=rest)


def _read_body(connection: socket.socket, request: Message) -> bytes:
    body = bytearray(request.rest)
    length = int(request.header("Content-Length") or 0)
    if len(body) < length and request.header("Expect"):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < length:
        received = connection.recv(_CHUNK_BYTES)
        if not received:
            break
        body += received
    return bytes(body)


def _chunks(server: socket.socket, rest: bytes) -> Iterator[bytes]:
    if rest:
        yield rest
    while received := server.recv(_CHUNK_BYTES):
        yield received


def _end(client: socket.socket, ending: Ending) -> None:
    if ending is Ending.STALL:
        client.settimeout(None)
        while client.recv(_CHUNK_BYTES):
            pass
    elif ending is Ending.RESET:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # now, since the server's own way out is an orderly one


def _connect(address: tuple[str, int]) -> socket.socket:
    """A connection that takes little ahead, so that a killed server's body is cut."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK_BYTES)
    server.settimeout(_TIMEOUT_S)
    server.connect(address)
    return server


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # it may be gone already
        connection.shutdown(socket.SHUT_RDWR)
