"""The scripts of benchmarks/, which no package holds."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import a script by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def generate(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Generate an export: its file, and its label config."""

    def make(kind: str, *options: str) -> tuple[Path, Path]:
        export, config = tmp_path / f"{kind}.json", tmp_path / f"{kind}.xml"
        command = [sys.executable, str(BENCHMARKS / "generate.py"), kind, *options]
        command += ["--out", str(export), "--config", str(config)]
        subprocess.run(command, check=True)
        return export, config

    return make


@pytest.fixture
def results(script: Callable[[str], Any]) -> Any:
    """Results of a run that measured two things."""
    module = script("results")
    fast = module.Topic("Conversion", "coco", "tasks to `coco`", "s")
    small = module.Topic("Memory", "coco", "tasks to `coco`: memory", "MB")
    rows = [
        fast.beside("the sdk", [1.0, 2.0, 4.0], [30.0, 30.0, 30.0], module.times(15)),
        fast.beside("plain writes", [1.0, 2.0, 4.0], [0.5], module.times(1)),
        small.alone([31.0], module.at_most(150)),
    ]
    about = json.loads(
        '{"date": "2026-11-22", "quick": false, "rounds": 3, "cores": 2,'
        ' "processor": "one", "memory_gb": 8, "system": "Linux", "python": "3.10",'
        ' "files_on": "tmpfs", "versions": {"ls-tools": "0.1.0"}}'
    )
    return module.Results(
        about, rows, {"install": "takes long"}, {"coco": 90.0, "install": 30.0}
    )
