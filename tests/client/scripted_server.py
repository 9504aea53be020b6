"""A loopback server that answers as scripted, faults included."""

from __future__ import annotations

import json as json_module
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

RANGE = re.compile(r"bytes=(\d+)-$")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json_module.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        json: The body, where not ``content``.
        is_ranged: Honour ``Range``; past the end send the whole, as the real
            server does.
        has_length: Send a Content-Length.
        cut_after: Close after so many bytes of the body.
        is_dropped: Close without an answer.
        is_silent: Never answer, until the server is stopped.
    """

    status: int = 200
    json: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    is_ranged: bool = False
    has_length: bool = True
    cut_after: int | None = None
    is_dropped: bool = False
    is_silent: bool = False

    @property
    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return json_module.dumps(self.json).encode()


Script = Reply | Callable[[Asked], Reply]
MISSING = Reply(status=404, json={"detail": "Not found."})


class ScriptedServer:
    """Answers each path with its replies in turn; the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"script": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def on(self, request: str, *replies: Script) -> None:
        """Script ``"GET /path"``, without its query."""
        method, _, path = request.partition(" ")
        self._scripts[method, path] = list(replies)

    def count(self, request: str) -> int:
        """How often ``"GET /path"`` was asked."""
        return sum(f"{one.method} {one.path}" == request for one in self.asked)

    def take(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            scripts = self._scripts.get((asked.method, asked.path), [])
            script = scripts.pop(0) if len(scripts) > 1 else [*scripts, MISSING][0]
        return script(asked) if callable(script) else script


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.script.take(
            Asked(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
            )
        )
        self.close_connection = True
        if reply.is_silent:
            self.script.stopping.wait(30)
        elif not reply.is_dropped:
            self.send(reply)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 -- names of the base class

    def send(self, reply: Reply) -> None:
        body, status = reply.body, reply.status
        headers = {"Content-Type": "application/json", **reply.headers}
        asked = RANGE.match(self.headers.get("Range", ""))
        if reply.is_ranged and asked and int(asked[1]) < len(body):
            start, total, status = int(asked[1]), len(body), 206
            body = body[start:]
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        if reply.has_length:
            headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: reply.cut_after])
