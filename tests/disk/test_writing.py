"""Files are written whole, however little the system takes at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ls_tools.disk import write_all, write_all_at

DATA = bytes(range(256)) * 10


@pytest.fixture
def _slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes at most seven bytes at a time."""
    write, pwrite = os.write, os.pwrite
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    monkeypatch.setattr(
        os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:7], offset)
    )


@pytest.mark.usefixtures("_slow_disk")
def test_all_is_written_in_however_many_steps(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as file:
        write_all(file.fileno(), DATA)
        write_all(file.fileno(), bytearray(b"end"))
    assert (tmp_path / "a").read_bytes() == DATA + b"end"


@pytest.mark.usefixtures("_slow_disk")
def test_all_is_written_at_its_place(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as file:
        write_all_at(file.fileno(), DATA, 5)
        write_all_at(file.fileno(), b"start", 0)
        assert file.tell() == 0
    assert (tmp_path / "a").read_bytes() == b"start" + DATA


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as file:
        write_all(file.fileno(), b"")
        write_all_at(file.fileno(), b"", 9)
    assert (tmp_path / "a").read_bytes() == b""
