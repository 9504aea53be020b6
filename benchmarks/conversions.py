"""Measure conversions of an export of boxes beside today's converter, in one run.

    python benchmarks/conversions.py [--tasks 20000] [--rounds 5] [--out results.json]

Formats with a file per image are also measured beside the least that could be
done: writing the same bytes to the same files with plain ``open`` and ``write``.
Media are not placed on either side.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import CONFIG, HERE, Cost, median, peer_python, run

OURS = """
import sys
from ls_tools import convert
export, config, out, to = sys.argv[1:]
convert(export, to, out, config=config)
"""
PEER = """
import os, sys
from label_studio_sdk.converter import Converter
export, config, out, to = sys.argv[1:]
os.makedirs(out)
converter = Converter(config, None, download_resources=False)
write = {
    "json_min": converter.convert_to_json_min,
    "csv": converter.convert_to_csv,
    "yolo": converter.convert_to_yolo,
    "voc": converter.convert_to_voc,
}[to]
more = {"sep": ",", "header": True} if to == "csv" else {}
write(export, out, is_dir=False, **more)
"""
PLAIN = """
import os, pickle, sys
packed, out = sys.argv[1:3]
files = pickle.load(open(packed, "rb"))
for folder in {os.path.dirname(name) for name in files}:
    os.makedirs(os.path.join(out, folder), exist_ok=True)
for name, body in files.items():
    with open(os.path.join(out, name), "wb") as file:
        file.write(body)
"""
UNPACK = """
import pickle, sys
pickle.load(open(sys.argv[1], "rb"))
"""
FORMATS = ("json_min", "csv", "yolo", "voc")
PER_IMAGE = frozenset({"yolo", "voc"})
LABELS = "Airplane,Bicycle,Bus,Car,Cat,Dog,Motorcycle,Person,Traffic light,Truck"


def main() -> None:
    """Measure, print a table, write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--only", choices=FORMATS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    peer = peer_python()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        export, config = make_export(Path(folder), options.tasks)
        for to in [options.only] if options.only else FORMATS:
            bench = Bench(Path(folder), export, config, to)
            results[to] = bench.measure(peer, options.rounds)
    for to, figures in results.items():
        for what, value in figures.items():
            print(f"{to:9} {what:28} {value:12.6g}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def make_export(folder: Path, tasks: int) -> tuple[Path, Path]:
    """The export and the label config that every format is made from."""
    export, config = folder / "export.json", folder / "config.xml"
    generate = [sys.executable, str(HERE / "generate.py"), "detection"]
    subprocess.run([*generate, "--tasks", str(tasks), "--out", str(export)], check=True)
    labels = "".join(f'<Label value="{name}"/>' for name in LABELS.split(","))
    config.write_text(CONFIG.format(labels=labels), encoding="utf-8")
    return export, config


class Bench:
    """One format, by turns with its peers."""

    def __init__(self, folder: Path, export: Path, config: Path, to: str) -> None:
        self._folder = folder
        self._given = [str(export), str(config)]
        self._to = to

    def measure(self, peer: Path, rounds: int) -> dict[str, float]:
        """Medians of the rounds, and of the ratios round by round."""
        mine, theirs, plain = [], [], []
        packed = self._pack() if self._to in PER_IMAGE else None
        for _ in range(rounds):
            mine.append(self._convert(Path(sys.executable), OURS))
            theirs.append(self._convert(peer, PEER))
            if packed is not None:
                plain.append(self._write(packed))
        figures = {
            "ours s": median(mine, "wall_s"),
            "ours anonymous MB": median(mine, "anonymous_bytes") / 1e6,
            "peer s": median(theirs, "wall_s"),
            "times faster": _ratio(theirs, mine),
        }
        if plain:
            figures["plain writes s"] = statistics.median(plain)
            figures["times plain writes"] = statistics.median(
                cost.wall_s / least for cost, least in zip(mine, plain, strict=True)
            )
        return figures

    def _convert(self, python: Path, script: str) -> Cost:
        with tempfile.TemporaryDirectory(dir=self._folder) as out:
            return run([str(python), "-c", script, *self._given, f"{out}/o", self._to])

    def _pack(self) -> Path:
        """What our side writes, in one file, so that reading it costs little."""
        import pickle  # what the next process unpacks is this one's own

        out, packed = self._folder / "tree", self._folder / "tree.pickle"
        self._run_ours(out)
        files = {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }
        packed.write_bytes(pickle.dumps(files))
        shutil.rmtree(out)
        return packed

    def _run_ours(self, out: Path) -> None:
        command = [sys.executable, "-c", OURS, *self._given, str(out), self._to]
        subprocess.run(command, check=True)

    def _write(self, packed: Path) -> float:
        """Seconds of writing alone: the time to unpack is taken off."""
        with tempfile.TemporaryDirectory(dir=self._folder) as out:
            whole = run([sys.executable, "-c", PLAIN, str(packed), out])
        return whole.wall_s - run([sys.executable, "-c", UNPACK, str(packed)]).wall_s


def _ratio(theirs: list[Cost], mine: list[Cost]) -> float:
    return statistics.median(
        b.wall_s / a.wall_s for a, b in zip(mine, theirs, strict=True)
    )


if __name__ == "__main__":
    main()
