"""A loopback server of media that answers as Label Studio does, and counts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from typing_extensions import Self

Headers = Mapping[str, str]

MISSING_UPLOAD = (
    b"{\"detail\": \"'NoneType' object has no attribute 'has_permission'\"}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer.

    Attributes:
        body: What is sent.
        status: The HTTP status.
        headers: Besides the length.
        cut_after: Bytes after which the connection is closed; None for never.
    """

    body: bytes = b""
    status: int = 200
    headers: Headers = field(default_factory=dict)
    cut_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that came."""

    target: str
    headers: dict[str, str]


class MediaServer:
    """Serves what is put in ``replies``, by target as sent or decoded path.

    A list of replies is used up one by one, the last one staying. What is not
    there is answered as Label Studio answers for the path.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply | list[Reply]] = {}
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def put(self, target: str, body: bytes, **headers: str) -> None:
        """Serve ``body`` under ``target``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[target] = Reply(body=body, headers=named)

    @property
    def targets(self) -> list[str]:
        """The targets asked for, in order."""
        with self._lock:
            return [item.target for item in self.seen]

    def answer(self, target: str, headers: Headers) -> Reply:
        """Note a request and choose its answer."""
        with self._lock:
            named = {name.lower(): value for name, value in headers.items()}
            self.seen.append(Seen(target=target, headers=named))
            for name in (target, unquote(target.partition("?")[0])):
                reply = self.replies.get(name)
                if isinstance(reply, list):
                    reply = reply.pop(0) if len(reply) > 1 else reply[0]
                if reply is not None:
                    return reply
        return _missing(target)


def _missing(target: str) -> Reply:
    if target.startswith("/data/upload/"):
        return Reply(status=500, body=MISSING_UPLOAD)
    if target.startswith("/storage-data/"):
        return Reply(status=400, body=b'{"detail": "NGINX mode is not supported"}')
    return Reply(status=404)


def _handler_of(media: MediaServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = media.answer(self.path, dict(self.headers))
            headers = dict(reply.headers)
            body, status = reply.body, reply.status
            if headers.get("ETag", "-") == self.headers.get("If-None-Match"):
                body, status = b"", 304
            elif status == 200 and self.headers.get("Range") == "bytes=0-" and body:
                status = 206
                headers["Content-Range"] = f"bytes 0-{len(body) - 1}/{len(body)}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body[: reply.cut_after])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
