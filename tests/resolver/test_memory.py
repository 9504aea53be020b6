"""What is remembered of references, and when it is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from resolver.media_server import MediaServer

from ls_tools.errors import NotFoundError
from ls_tools.resolver import Resolver, memory
from ls_tools.resolver.memory import Memory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    return path


def test_a_file_is_remembered(file: Path) -> None:
    known = Memory()
    noted = known.note("a", file, "uploads")
    assert known.recall("a") == noted
    assert known.recall("b") is None


def test_a_file_that_was_removed_is_forgotten(file: Path) -> None:
    known = Memory()
    known.note("a", file, "uploads")
    file.unlink()
    assert known.recall("a") is None
    with pytest.raises(NotFoundError, match="removed"):
        known.note("a", file, "uploads")


def test_a_memory_ends(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache has to hear now and then that an entry is in use."""
    known = Memory()
    now_s = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    known.note("a", file, "uploads")
    now_s += 3600
    assert known.recall("a") is None


def test_memory_is_bounded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LIMIT", 10)
    known = Memory()
    for number in range(100):
        known.note(str(number), file, "uploads")
    assert len(known._known) <= 10
    assert known.recall("99")


def test_a_removed_entry_is_fetched_again(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", b"picture")
    resolver.path("/data/upload/1/a.png")
    assert resolver.cache.clear() == 1
    assert resolver.path("/data/upload/1/a.png").read_bytes() == b"picture"
    assert len(server.targets) == 2
