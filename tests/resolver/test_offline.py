"""Offline mode: what is cached is there, the rest is named, no socket is opened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
from ls_tools.transfer import Fetched, Sink, Validator

URL = "http://labels.example.com"
REFERENCES = [
    "/data/upload/1/a.png",
    "/data/local-files/?d=a.png",
    "s3://bucket/a.png",
    "gs://bucket/a.png",
    "azure-blob://container/a.png",
    "https://example.com/a.png",
]


def fill(sink: Sink, _validator: Validator | None) -> Fetched:
    sink.write_at(0, b"picture")
    return Fetched(size_bytes=7)


@pytest.mark.parametrize("are_cached", [True, False])
def test_no_socket_is_opened(tmp_path: Path, *, are_cached: bool) -> None:
    resolver = Resolver(Settings(url=URL, cache_dir=tmp_path / "cache"))
    for reference in REFERENCES if are_cached else ():
        resolver.cache.get(resolver.cache_request(reference), fill)
    script = Path(__file__).parent / "offline_run.py"
    command = [sys.executable, str(script), str(resolver.cache.root), URL, *REFERENCES]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["loaded"] == []
    for reference, (path, kind, message) in zip(
        REFERENCES, answer["results"], strict=True
    ):
        if are_cached:
            assert Path(path).read_bytes() == b"picture"
            continue
        assert kind == "not-cached"
        assert reference.rpartition("/")[2].partition("=")[2] in message
        assert "--offline" in message
