"""What an output links to stays in the cache for as long as the output exists."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ls_tools import Settings, convert
from ls_tools.cache import pins
from ls_tools.cache.layout import Layout
from ls_tools.resolver import Resolver


class _Picture(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"png")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def picture() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Picture) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a.png"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("policy", ["symlink", "copy"])
def test_links_pin_their_files_and_copies_do_not(
    tmp_path: Path, picture: str, policy: str
) -> None:
    export, out = tmp_path / "tasks.json", tmp_path / "out"
    task = {"id": 1, "data": {"image": picture}, "annotations": [{"result": []}]}
    export.write_text(json.dumps([task]))
    config = tmp_path / "config.xml"
    config.write_text('<View><Image name="i" value="$image"/></View>')
    settings = Settings(cache_dir=tmp_path / "cache")
    report = convert(
        export, "yolo", out, config=config, settings=settings, media=policy
    )
    assert report.media.failed == []
    with Resolver(settings) as resolver:
        entry = resolver.entry(picture)
    assert entry
    layout = Layout(tmp_path / "cache")
    assert pins.holders(layout, entry) == ([str(out)] if policy == "symlink" else [])
    assert (out / "images" / "a.png").is_symlink() == (policy == "symlink")
    shutil.rmtree(out)
    assert pins.holders(layout, entry) == []
