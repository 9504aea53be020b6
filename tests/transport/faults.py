"""A loopback server that answers as told: cuts, stalls, lies and all."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_RANGE = re.compile(r"bytes=(\d+)-$")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    port: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        length: What Content-Length says; None for the truth, -1 for none.
        cut: Close the connection after so many bytes of the body.
        how: How: ``close``, ``reset``, or ``stall`` until the server stops.
        is_chunked: Send the body chunked, without a length.
        drop: Close at once, without an answer.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    how: str = "close"
    is_chunked: bool = False
    drop: bool = False


Rule = Callable[[Seen], Reply]


class FaultServer:
    """Answers each path by its rules; the last rule of a path stays."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self._rules: dict[str, list[Reply | Rule]] = {}
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"faults": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def on(self, path: str, *rules: Reply | Rule) -> str:
        """Answer ``path`` with each of ``rules`` in turn; its whole URL."""
        self._rules[path] = list(rules)
        return f"{self.url}{path}"

    def requests(self, path: str) -> list[Seen]:
        """What came for ``path``."""
        return [seen for seen in self.seen if seen.path == path]

    def answer(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            rules = self._rules.get(seen.path) or [Reply(status=404)]
            rule = rules.pop(0) if len(rules) > 1 else rules[0]
        return rule if isinstance(rule, Reply) else rule(seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    faults: ClassVar[FaultServer]

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        seen = Seen(
            method=self.command,
            target=self.path,
            headers={name.lower(): text for name, text in self.headers.items()},
            body=self.rfile.read(length),
            port=self.client_address[1],
        )
        self._send(self.faults.answer(seen))

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        body = _chunked(reply.body) if reply.is_chunked else reply.body
        body = b"" if self.command == "HEAD" else body
        self.wfile.write(_head(reply))
        self.wfile.write(body[: reply.cut])
        if reply.cut is None and reply.length is None:
            return
        self.close_connection = True
        if reply.how == "stall":
            self.faults.released.wait(60)
        elif reply.how == "reset":
            self._reset()

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()
        self.connection.close()


def _head(reply: Reply) -> bytes:
    headers = dict(reply.headers)
    if reply.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif reply.length != -1 and reply.status != 304:
        length = len(reply.body) if reply.length is None else reply.length
        headers.setdefault("Content-Length", str(length))
    lines = [f"HTTP/1.1 {reply.status} Status"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _chunked(body: bytes) -> bytes:
    pieces = [body[i : i + 1000] for i in range(0, len(body), 1000)]
    framed = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return b"".join(framed) + b"0\r\n\r\n"


@dataclass(kw_only=True)
class StoredFile:
    """A file that is served in ranges, well or badly; a Rule.

    Attributes:
        cap: Send at most so many bytes of a range.
        ignores_range: Always send the whole.
        past_end: Status for a range past the end; 200 sends the whole.
        faults: For each request ``(bytes, how)``, or None to behave.
        has_length: Whether a whole file has a Content-Length.
    """

    content: bytes
    etag: str | None = None
    last_modified: str | None = None
    cap: int | None = None
    ignores_range: bool = False
    past_end: int = 416
    faults: Iterable[tuple[int, str] | None] = ()
    has_length: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    _faults: Iterator[tuple[int, str] | None] | None = None

    def __call__(self, seen: Seen) -> Reply:
        if self._faults is None:
            self._faults = iter(self.faults)
        if self._is_current(seen):
            return Reply(status=304, headers=self._headers())
        start = self._start(seen)
        if start is None:
            return self._whole()
        if start >= len(self.content):
            return self._past_end()
        end = len(self.content)
        if self.cap is not None:
            end = min(end, start + self.cap)
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(self.content)}"}
        return self._faulty(206, self.content[start:end], headers)

    def _start(self, seen: Seen) -> int | None:
        asked = _RANGE.match(seen.headers.get("range", ""))
        condition = seen.headers.get("if-range")
        if self.ignores_range or asked is None or condition not in {None, self.etag}:
            return None
        return int(asked[1])

    def _is_current(self, seen: Seen) -> bool:
        if "range" in seen.headers:
            return False
        known = seen.headers.get("if-none-match")
        since = seen.headers.get("if-modified-since")
        by_etag = known is not None and known == self.etag
        return by_etag or (since is not None and since == self.last_modified)

    def _headers(self) -> dict[str, str]:
        named = {"ETag": self.etag, "Last-Modified": self.last_modified}
        return {k: v for k, v in named.items() if v is not None} | self.headers

    def _whole(self) -> Reply:
        return self._faulty(200, self.content, {})

    def _past_end(self) -> Reply:
        if self.past_end == 200:
            return self._whole()
        if self.past_end == 424:
            return stream_is_none()
        headers = {"Content-Range": f"bytes */{len(self.content)}"}
        return Reply(status=416, headers=headers)

    def _faulty(self, status: int, body: bytes, headers: dict[str, str]) -> Reply:
        cut, how = next(self._faults or iter(()), None) or (None, "close")
        length = None if self.has_length or status == 206 else -1
        headers = self._headers() | headers
        return Reply(
            status=status, body=body, headers=headers, length=length, cut=cut, how=how
        )


def stream_is_none() -> Reply:
    """What Label Studio's proxy says of an object that the store does not have."""
    body = b'{"error":"Storage stream failed","detail":"Stream is None"}'
    return Reply(status=424, body=body, headers={"Content-Type": "application/json"})


class Sink:
    """Bytes in memory, written strictly in order."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.truncated: list[int] = []
        self.sizes: list[int] = []

    def write_at(self, offset: int, chunk: bytes) -> None:
        assert offset == len(self.content)
        self.content += chunk
        self.sizes.append(len(chunk))

    def truncate(self, size_bytes: int) -> None:
        self.truncated.append(size_bytes)
        del self.content[size_bytes:]
