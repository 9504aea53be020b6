from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_a_run_writes_results_and_a_table(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "run.py"), "quick"]
    only = ["--only", "growth-classes", "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, *only], check=True, capture_output=True, text=True)
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    rows = document["rows"]
    assert [row["beside"] for row in rows] == ["ours, 10 classes"] * 4
    assert all(row["ours"]["median"] > 0 for row in rows)
    assert document["missing"] == {}
    assert document["about"]["quick"]
    assert "1,000 classes to `coco`" in (tmp_path / "out" / "table.md").read_text()
    assert "1,000 classes to `coco`" in done.stdout
    only[1] = "install"
    subprocess.run([*command, *only], check=True, capture_output=True)
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert document["rows"] == rows
    assert list(document["missing"]) == ["install"]
    assert set(document["took_s"]) == {"growth-classes", "install"}


def test_every_measurement_can_be_asked_for_alone() -> None:
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--only", "nothing"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    wanted = ("coco", "conll2003", "workers", "cached", "fetch-small", "import")
    assert all(repr(name) in done.stderr for name in wanted)
