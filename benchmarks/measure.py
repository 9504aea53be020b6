"""Measure ls_tools beside the tools that people use today, in one run.

    python benchmarks/measure.py [--rounds 5] [--only ROW] [--out results.json]

Both sides are run by turns; a figure is the median of the rounds, a ratio the
median of the ratios round by round. The other side is label-studio-sdk, pinned,
in an environment of its own that is made on first use.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from dataclasses import dataclass
from pathlib import Path

PEER = "label-studio-sdk==2.1.2"
HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".tox"
CONFIG = """<View><Image name="img" value="$image"/>
<RectangleLabels name="rect" toName="img">{labels}</RectangleLabels></View>"""

OUR_COCO = """
import sys
from ls_tools import convert
convert(sys.argv[1], "coco", sys.argv[3], config=sys.argv[2])
"""
PEER_COCO = """
import sys
from label_studio_sdk.converter import Converter
Converter(sys.argv[2], None, download_resources=False).convert_to_coco(
    sys.argv[1], sys.argv[3], is_dir=False)
"""
CACHED = """
import sys, timeit
from {module} import get_local_path
url, cache = sys.argv[1:]
get_local_path(url, cache_dir=cache)
call = lambda: get_local_path(url, cache_dir=cache)
print(min(timeit.repeat(call, number=5000, repeat=7)) / 5000)
"""
PEER_MODULE = "label_studio_sdk._extensions.label_studio_tools.core.utils.io"


@dataclass(frozen=True)
class Cost:
    """What a process took: wall seconds, CPU seconds, peak anonymous bytes."""

    wall_s: float
    cpu_s: float
    anonymous_bytes: int


def main() -> None:
    """Measure everything, print a table, write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--only", choices=("coco", "import", "cached"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    peer = peer_python()
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            "coco": lambda: measure_coco(
                peer, Path(folder), options.tasks, options.rounds
            ),
            "import": lambda: measure_import(options.rounds * 3),
            "cached": lambda: measure_cached(peer, Path(folder), options.rounds),
        }
        wanted = [options.only] if options.only else list(rows)
        results = {name: rows[name]() for name in wanted}
    for name, figures in results.items():
        for what, value in figures.items():
            print(f"{name:8} {what:28} {value:12.6g}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def peer_python() -> Path:
    """The interpreter of the environment that holds the peer."""
    folder = ENVIRONMENTS / "peer"
    python = folder / "bin" / "python"
    mark = folder / "installed.txt"
    if not mark.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True)
        mark.write_text(PEER)
    return python


def measure_coco(peer: Path, folder: Path, tasks: int, rounds: int) -> dict[str, float]:
    """An export to COCO, as whole processes."""
    export, config = folder / "export.json", folder / "config.xml"
    generate = [sys.executable, str(HERE / "generate.py"), "detection"]
    subprocess.run([*generate, "--tasks", str(tasks), "--out", str(export)], check=True)
    names = "Airplane,Bicycle,Bus,Car,Cat,Dog,Motorcycle,Person,Traffic light,Truck"
    labels = "".join(f'<Label value="{name}"/>' for name in names.split(","))
    config.write_text(CONFIG.format(labels=labels))
    mine, theirs = [], []
    for _ in range(rounds):
        for python, script, costs in (
            (sys.executable, OUR_COCO, mine),
            (peer, PEER_COCO, theirs),
        ):
            with tempfile.TemporaryDirectory(dir=folder) as out:
                arguments = [str(export), str(config), f"{out}/coco"]
                costs.append(run([str(python), "-c", script, *arguments]))
    return {
        "export MB": export.stat().st_size / 1e6,
        "ours s": median(mine, "wall_s"),
        "ours CPU s": median(mine, "cpu_s"),
        "ours anonymous MB": median(mine, "anonymous_bytes") / 1e6,
        "peer s": median(theirs, "wall_s"),
        "peer anonymous MB": median(theirs, "anonymous_bytes") / 1e6,
        "times faster": statistics.median(
            b.wall_s / a.wall_s for a, b in zip(mine, theirs, strict=True)
        ),
    }


def measure_import(rounds: int) -> dict[str, float]:
    """``import ls_tools`` over a bare interpreter."""
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(run([sys.executable, "-c", "pass"]))
        ours.append(run([sys.executable, "-c", "import ls_tools"]))
    over = [a.wall_s - b.wall_s for a, b in zip(ours, bare, strict=True)]
    return {"ms over bare Python": 1000 * statistics.median(over)}


def measure_cached(peer: Path, folder: Path, rounds: int) -> dict[str, float]:
    """``get_local_path`` of a file that is in the cache."""
    url = serve_one_file()
    mine, theirs = [], []
    for _ in range(rounds):
        for python, module, found in (
            (sys.executable, "ls_tools", mine),
            (peer, PEER_MODULE, theirs),
        ):
            cache = folder / f"cache-{module}"
            cache.mkdir(exist_ok=True)
            script = CACHED.format(module=module)
            done = subprocess.run(
                [str(python), "-c", script, url, str(cache)],
                check=True,
                capture_output=True,
                text=True,
            )
            found.append(float(done.stdout))
    return {
        "ours us": 1e6 * statistics.median(mine),
        "peer us": 1e6 * statistics.median(theirs),
        "times faster": statistics.median(
            b / a for a, b in zip(mine, theirs, strict=True)
        ),
    }


def serve_one_file() -> str:
    """Serve 100 kB on loopback for as long as this process lives; its URL."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    body = bytes(100_000)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/picture.bin"


def run(command: list[str]) -> Cost:
    """Run a process to its end and say what it took."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0
    status = Path(f"/proc/{process.pid}/status")
    while True:
        pid, code, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _anonymous_bytes(status))
        time.sleep(0.002)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
    wall_s = time.perf_counter() - started
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, peak)


def _anonymous_bytes(status: Path) -> int:
    try:
        for line in status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def median(costs: list[Cost], name: str) -> float:
    """The median of one figure."""
    return float(statistics.median(getattr(cost, name) for cost in costs))


if __name__ == "__main__":
    main()
