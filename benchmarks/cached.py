"""Files that are in the cache already: what a call takes."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from environments import label_of, python_of
from measuring import Side, compare
from results import Topic, figures, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from measuring import Cost
    from plan import Plan
    from results import Row

SDK = "label-studio-sdk"
TIME = """
import timeit
def call():
    return get(url)
call()
print(min(timeit.repeat(call, number=5000, repeat=7)) / 5000)
"""
LOCAL_PATH = (
    """
import sys
from {module} import get_local_path
url, cache = sys.argv[1:]
def get(url):
    return get_local_path(url, cache_dir=cache)
"""
    + TIME
)
RESOLVER = (
    """
import sys
from pathlib import Path
from ls_tools import Resolver, Settings
url, cache = sys.argv[1:]
get = Resolver(Settings(cache_dir=Path(cache))).path
"""
    + TIME
)
PEER_MODULE = "label_studio_sdk._extensions.label_studio_tools.core.utils.io"


def rows(plan: Plan) -> Iterator[Row]:
    """``get_local_path`` and ``Resolver.path`` of one cached file, 5,000 calls."""
    ours = sys.executable
    with serve_one_file() as url:
        sides = [
            _side("path", ours, RESOLVER, url),
            _side("local", ours, LOCAL_PATH.format(module="ls_tools"), url),
            _side("sdk", python_of(SDK), LOCAL_PATH.format(module=PEER_MODULE), url),
        ]
        runs = compare(sides, plan.rounds, plan.folder)
    theirs = figures(runs["sdk"], _micros)
    for side, what, wanted in (
        ("path", "`Resolver.path` of a cached file", 3),
        ("local", "`get_local_path` of a cached file", 2),
    ):
        topic = Topic("Cache", "cached", what, "µs")
        mine = figures(runs[side], _micros)
        beside = f"{label_of(SDK)}, `get_local_path`"
        yield topic.beside(beside, mine, theirs, times(wanted))


def _side(name: str, python: str, script: str, url: str) -> Side:
    def command(out: Path) -> list[str]:
        return [python, "-c", script, url, str(out)]

    return Side(name, command, tells_s=True)


def _micros(cost: Cost) -> float:
    return 1e6 * cost.wall_s


@contextmanager
def serve_one_file() -> Iterator[str]:
    """Serve 100 kB on loopback; its URL."""
    body = bytes(100_000)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/picture.bin"
        server.shutdown()
