"""A cache in a folder of its own, and scripts run in other processes."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cache.rig import SCRIPTS, Store

from ls_tools.cache import Cache, content


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def break_locks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have every lock granted, or refused with an errno other than 0."""

    def break_all(code: int) -> None:
        def answer(_fd: int, _operation: int, _argument: object = b"") -> bytes:
            if code:
                raise OSError(code, os.strerror(code))
            return b""

        monkeypatch.setattr(fcntl, "flock", answer)
        monkeypatch.setattr(fcntl, "fcntl", answer)

    return break_all


@pytest.fixture
def run_script() -> Callable[..., Any]:
    """Run a script of this folder; the last line that it prints is its answer."""

    def run(name: str, *arguments: object, before: tuple[str, ...] = ()) -> Any:
        command = [*before, sys.executable, str(SCRIPTS / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(params=["held", "written"])
def held_or_written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Has small objects held in memory, or written at once as large ones are."""
    is_held: bool = request.param == "held"
    if not is_held:
        monkeypatch.setattr(content, "HELD_BYTES", 0)
    return is_held
