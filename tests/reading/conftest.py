"""Small exports to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reading.samples import make_task

EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture
def exports() -> Path:
    """Files that a server of version 1.23 wrote."""
    return EXPORTS


@pytest.fixture
def tasks() -> list[dict[str, Any]]:
    """Three tasks."""
    return [make_task(number) for number in (1, 2, 3)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file, as bytes or as the JSON of a value."""

    def _write(content: Any, name: str = "export.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_bytes = isinstance(content, bytes)
        path.write_bytes(content if is_bytes else json.dumps(content).encode())
        return path

    return _write
