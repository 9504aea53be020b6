"""Measure how fast and in how much memory exports are read.

    python benchmarks/read.py [--tasks 50000] [--rounds 5] [--out results.json]

Each figure is the median of the rounds, each round in a process of its own. The
memory is what the process holds at the end of the pass beyond its start, without
the pages of the file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

OPENING = """
import json, sys, time

def anonymous_kb():
    with open("/proc/self/status") as file:
        return next(int(x.split()[1]) for x in file if x.startswith("RssAnon"))

begin = anonymous_kb()
started, worked = time.perf_counter(), time.process_time()
"""
CLOSING = """
print(json.dumps({"tasks": count, "seconds": time.perf_counter() - started,
                  "cpu_s": time.process_time() - worked,
                  "memory_mb": (held - begin) / 1024}))
"""
READ = """
from ls_tools.reading import read_tasks
begin = anonymous_kb()
started, worked = time.perf_counter(), time.process_time()
with read_tasks(sys.argv[1]) as reader:
    count = sum(1 for task in reader)
    held = anonymous_kb()
"""
READ_AGAIN = """
from ls_tools.reading import read_tasks
begin = anonymous_kb()
with read_tasks(sys.argv[1]) as reader:
    count = sum(1 for task in reader)
    started, worked = time.perf_counter(), time.process_time()
    count = sum(1 for task in reader)
    held = anonymous_kb()
"""
SCAN = """
import msgspec
from ls_tools.reading import read_tasks
class Annotation(msgspec.Struct):
    result: list[msgspec.Raw] = []
class Quick(msgspec.Struct):
    annotations: list[Annotation] = []
begin = anonymous_kb()
with read_tasks(sys.argv[1]) as reader:
    reader.count
    started, worked = time.perf_counter(), time.process_time()
    count = sum(1 for task in reader.scan(Quick))
    held = anonymous_kb()
"""
STDLIB = """
with open(sys.argv[1], "rb") as file:
    tasks = json.load(file)
count = len(tasks)
held = anonymous_kb()
"""


def run(code: str, path: Path) -> dict[str, float]:
    """Run one measurement in a fresh process."""
    script = OPENING + code + CLOSING
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def generate(folder: Path, kind: str, tasks: int, *options: str) -> Path:
    """Write an export."""
    path = folder / f"{kind}{tasks}{''.join(options)}"
    arguments = [kind, "--tasks", str(tasks), "--out", str(path), *options]
    subprocess.run([sys.executable, str(HERE / "generate.py"), *arguments], check=True)
    return path


def spoil(path: Path) -> Path:
    """A copy whose last task holds a NaN, so that the fast split fails."""
    head, key, tail = path.read_bytes().rpartition(b'"lead_time": ')
    odd = path.with_name(path.name + "-nan")
    odd.write_bytes(head + key + b'NaN, "was": ' + tail)
    return odd


def measure(folder: Path, tasks: int, rounds: int) -> list[dict[str, Any]]:
    """All figures, the measurements by turns."""
    boxes = generate(folder, "detection", tasks)
    plans = [
        ("detection, list", READ, boxes),
        ("detection, a second pass", READ_AGAIN, boxes),
        ("detection, scan of a few fields", SCAN, boxes),
        ("detection, lines", READ, generate(folder, "detection", tasks, "--lines")),
        (
            "detection, 4 times the tasks",
            READ,
            generate(folder, "detection", 4 * tasks),
        ),
        ("detection, one NaN", READ, spoil(boxes)),
        ("texts with entities", READ, generate(folder, "ner", tasks)),
        ("json.load of the standard library", STDLIB, boxes),
    ]
    runs: list[list[dict[str, float]]] = [[] for _ in plans]
    for _ in range(rounds):
        for found, (_, code, path) in zip(runs, plans, strict=True):
            found.append(run(code, path))
    return [
        {
            "what": name,
            "megabytes": round(path.stat().st_size / 1e6, 1),
            **{key: statistics.median(x[key] for x in found) for key in found[0]},
        }
        for found, (name, _, path) in zip(runs, plans, strict=True)
    ]


def main() -> None:
    """Read the arguments, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.tasks, args.rounds)
    print(f"{'':36}{'MB':>8}{'tasks':>9}{'wall s':>8}{'CPU s':>8}{'memory MB':>11}")
    for row in figures:
        print(
            f"{row['what']:36}{row['megabytes']:8.1f}{row['tasks']:9.0f}"
            f"{row['seconds']:8.2f}{row['cpu_s']:8.2f}{row['memory_mb']:11.1f}"
        )
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
