"""Measure conversions of texts: CoNLL-2003 beside label-studio-sdk, and spaCy.

    python benchmarks/texts.py [--rounds 5] [--tasks 50000] [--out results.json]

Both sides are run by turns, as whole processes; a figure is the median of the
rounds, a ratio the median of the ratios round by round. spaCy has no peer, so
only its cost is told, where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import LABEL_CONFIGS
from measure import Cost, median, peer_python, run

HERE = Path(__file__).parent
OURS = """
import sys
from ls_tools import convert
convert(sys.argv[1], sys.argv[4], sys.argv[3], config=sys.argv[2])
"""
PEER = """
import sys
from label_studio_sdk.converter import Converter
Converter(sys.argv[2], None, download_resources=False).convert_to_conll2003(
    sys.argv[1], sys.argv[3], is_dir=False)
"""


def main() -> None:
    """Measure, print a table, write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--peer", type=Path, help="Its interpreter, where it is here.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        export, config = Path(folder) / "ner.json", Path(folder) / "ner.xml"
        config.write_text(LABEL_CONFIGS["ner"])
        generate = [sys.executable, str(HERE / "generate.py"), "ner"]
        size = ["--tasks", str(options.tasks), "--out", str(export)]
        subprocess.run([*generate, *size], check=True)
        peer = options.peer or peer_python()
        results = {"conll2003": measure_conll(peer, export, config, options.rounds)}
        if importlib.util.find_spec("spacy"):
            results["spacy"] = measure_spacy(export, config)
    for name, figures in results.items():
        for what, value in figures.items():
            print(f"{name:10} {what:28} {value:12.6g}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure_conll(
    peer: Path, export: Path, config: Path, rounds: int
) -> dict[str, float]:
    """An export to CoNLL-2003, by turns."""
    mine: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(rounds):
        mine.append(once(Path(sys.executable), OURS, export, config))
        theirs.append(once(peer, PEER, export, config))
    return {
        "export MB": export.stat().st_size / 1e6,
        "ours s": median(mine, "wall_s"),
        "ours CPU s": median(mine, "cpu_s"),
        "ours peak MB": median(mine, "anonymous_bytes") / 1e6,
        "peer s": median(theirs, "wall_s"),
        "peer CPU s": median(theirs, "cpu_s"),
        "peer peak MB": median(theirs, "anonymous_bytes") / 1e6,
        "times as fast": statistics.median(
            b.wall_s / a.wall_s for a, b in zip(mine, theirs, strict=True)
        ),
        "times less CPU": statistics.median(
            b.cpu_s / a.cpu_s for a, b in zip(mine, theirs, strict=True)
        ),
    }


def measure_spacy(export: Path, config: Path) -> dict[str, float]:
    """An export to a DocBin, once."""
    cost = once(Path(sys.executable), OURS, export, config, to="spacy")
    return {
        "ours s": cost.wall_s,
        "ours CPU s": cost.cpu_s,
        "ours peak MB": cost.anonymous_bytes / 1e6,
    }


def once(
    python: Path, script: str, export: Path, config: Path, *, to: str = "conll2003"
) -> Cost:
    """What one conversion costs."""
    with tempfile.TemporaryDirectory(dir=export.parent) as out:
        arguments = [str(export), str(config), f"{out}/made", to]
        return run([str(python), "-c", script, *arguments])


if __name__ == "__main__":
    main()
