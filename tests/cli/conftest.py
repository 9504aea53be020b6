"""Runs ``ls-tools`` as a person does: as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CONFIG = """\
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels>
  <Choices name="scene" toName="img"><Choice value="day"/></Choices>
</View>
"""


@dataclass(frozen=True)
class Done:
    """A finished run."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


LsTools = Callable[..., Done]


def box(region: str, left_pct: float) -> dict[str, Any]:
    """A box as the server writes it."""
    value = {"x": left_pct, "y": 10, "width": 20, "height": 30, "rotation": 0}
    return {
        "id": region,
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "value": {**value, "rectanglelabels": ["Car"]},
    }


@pytest.fixture
def tasks() -> list[dict[str, Any]]:
    """One labeled task, with a choice beside its box."""
    scene = {
        "id": "c",
        "from_name": "scene",
        "to_name": "img",
        "type": "choices",
        "value": {"choices": ["day"]},
    }
    annotation = {"id": 1, "completed_by": 1, "result": [box("r", 10), scene]}
    data = {"image": "/data/local-files/?d=a.png"}
    return [{"id": 7, "data": data, "annotations": [annotation]}]


@pytest.fixture
def export(tmp_path: Path, tasks: list[dict[str, Any]]) -> Path:
    """An export file; its label config lies beside it as ``config.xml``."""
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    (tmp_path / "config.xml").write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def ls_tools(tmp_path: Path) -> LsTools:
    """Runs ``ls-tools`` in an empty folder with a cache of its own."""
    (tmp_path / "work").mkdir()

    def call(*arguments: str | Path, stdin: str = "", **env: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "ls_tools", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
            cwd=tmp_path / "work",
            env={**os.environ, "LS_TOOLS_CACHE_DIR": str(tmp_path / "cache"), **env},
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call
