"""Measure everything beside the tools that people use today, in one run.

    python benchmarks/run.py [quick] [--rounds 5] [--only NAME ...] [--out FOLDER]

The sides of each comparison run by turns, as whole processes; a figure is the median
of the rounds, a ratio the median of the ratios round by round. Peers are installed on
first use, below .tox/. A full run takes half an hour on two cores, a quick one, with
small inputs, under three minutes. Writes results.json, table.md and chart.svg;
benchmarks/pages.py puts them into the documentation. With --only, the other rows of the
results that are there stay.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cached
import chart
import conversions
import decoding
import fetching
import growth
import reading
import starting
from environments import PEERS, ROOT, own_versions
from measuring import NotMeasuredError, RunError
from plan import Plan
from results import Results
from tables import number, whole_table, with_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from results import Row

RESULTS = ROOT / "benchmarks" / "results"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- only folders of random names in it
_NEEDED_BYTES = 10 * 10**9

_FAILURES = (RunError, OSError, ValueError, AssertionError, SystemExit)
"""Of one measurement; the others are worth having."""

_SAME = ("quick", "processor", "cores")
"""What rows of one table must have in common."""

MEASUREMENTS: dict[str, Callable[[Plan], Iterable[Row]]] = {
    **{
        one.name: functools.partial(conversions.rows_of, one)
        for one in (*conversions.TIMED, *conversions.OTHERS)
    },
    "workers": conversions.worker_rows,
    "reading": reading.rows,
    "growth-tasks": growth.task_rows,
    "growth-files": growth.file_rows,
    "growth-classes": growth.class_rows,
    "growth-cache": growth.cache_rows,
    "brush-codes": decoding.rows,
    "cached": cached.rows,
    "fetch-small": fetching.small_rows,
    "fetch-slow": fetching.slow_rows,
    "fetch-large": fetching.large_rows,
    "import": starting.import_rows,
    "help": starting.help_rows,
    "install": starting.install_rows,
}


def main() -> None:
    """Measure, print the rows as they come, write the results."""
    options = _parse(sys.argv[1:])
    out = options.out or (RESULTS / "quick" if options.quick else RESULTS)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=_workplace()) as folder:
        # Not in the checkout, whose package would hide the one that is installed.
        os.chdir(folder)
        tempfile.tempdir = folder
        rounds = options.rounds or (1 if options.quick else 5)
        plan = Plan(Path(folder), rounds, options.quick)
        results = _start(plan, options.only, out / "results.json")
        for name in options.only or MEASUREMENTS:
            results = results.joined(_measure(name, plan), list(MEASUREMENTS))
            results.save(out / "results.json")  # a run may be stopped
        os.chdir(out)
    write(results, out)
    print(f"{time.monotonic() - began:.0f} s; results are in {out}")
    sys.exit(1 if any("failed" in why for why in results.missing.values()) else 0)


def _start(plan: Plan, only: Sequence[str] | None, before: Path) -> Results:
    """What an earlier run found, as far as it is not measured again; or nothing."""
    results = Results(about_run(plan), [])
    if not only or not before.exists():
        return results
    known = Results.load(before)
    if any(known.about[fact] != results.about[fact] for fact in _SAME):
        return results
    names = {*(row.name for row in known.rows), *known.missing, *known.took_s}
    again = names - (MEASUREMENTS.keys() - {*only})
    return replace(known.without(again), about=results.about)


def _parse(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small inputs; or: quick")
    parser.add_argument("--rounds", type=int, help="5, or 1 where quick")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, metavar="NAME")
    parser.add_argument("--out", type=Path, help="a folder; benchmarks/results")
    return parser.parse_args(["--quick" if word == "quick" else word for word in given])


def _workplace() -> str | None:
    """Memory where there is enough; disks differ from one minute to the next."""
    if "TMPDIR" in os.environ or not _SHARED_MEMORY.is_dir():
        return None
    free_bytes = shutil.disk_usage(_SHARED_MEMORY).free
    return str(_SHARED_MEMORY) if free_bytes > _NEEDED_BYTES else None


def _measure(name: str, plan: Plan) -> Results:
    """The rows of one measurement, or why it has none."""
    rows: list[Row] = []
    missing: dict[str, str] = {}
    began = time.monotonic()
    try:
        for row in MEASUREMENTS[name](plan):
            print(line_of(row), flush=True)
            rows.append(row)
    except NotMeasuredError as exc:
        missing[name] = str(exc)
    except _FAILURES as exc:
        missing[name] = f"failed: {exc}"
    took_s = round(time.monotonic() - began, 1)
    print(f"{name}: {missing.get(name, 'done')} ({took_s:.0f} s)", flush=True)
    return Results({}, rows, missing, {name: took_s})


def line_of(row: Row) -> str:
    """A row while the run goes on."""
    text = f"{row.what}: {with_unit(row.ours, row.unit)}"
    if row.theirs:
        text += f"; {row.beside}: {with_unit(row.theirs, row.unit)}"
    if row.ratio:
        text += f"; {number(row.ratio.median)} times"
    return text


def about_run(plan: Plan) -> dict[str, Any]:
    """The machine, the versions, and how it is measured."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "quick": plan.quick,
        "rounds": plan.rounds,
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(memory_bytes / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "files_on": _file_system_of(plan.folder),
        "versions": {**own_versions(), **PEERS},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    return next(names, platform.machine())


def _file_system_of(folder: Path) -> str:
    """Its type, from the longest mount point that it lies below."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "an unknown file system"
    mounts = {fields[1]: fields[2] for fields in map(str.split, lines)}
    above = [str(folder), *map(str, folder.parents)]
    return next((mounts[one] for one in above if one in mounts), "an unknown one")


def write(results: Results, out: Path) -> None:
    """Write results.json, table.md, and chart.svg where matplotlib is installed."""
    results.save(out / "results.json")
    (out / "table.md").write_text(whole_table(results), encoding="utf-8")
    if chart.charted(results) and importlib.util.find_spec("matplotlib"):
        chart.draw(results, out / "chart.svg")


if __name__ == "__main__":
    main()
