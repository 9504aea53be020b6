"""Conversions beside the existing converters and beside what cannot be undercut."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from environments import label_of, python_of
from measuring import NotMeasuredError, RunError, Side, compare, run
from results import Topic, at_most, figures, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from measuring import Cost, Runs
    from plan import Export, Plan
    from results import Row, Wanted

PEER = """
import os, sys
module, export, config, out, to = sys.argv[1:]
os.makedirs(out)
Converter = __import__(module, fromlist=["Converter"]).Converter
converter = Converter(config, None, download_resources=False)
converter.convert(export, out, to, is_dir=False)
"""
READ = """
import sys, time
started = time.perf_counter()
with open(sys.argv[1], "rb", buffering=0) as file:
    while file.read(2**20):
        pass
print(time.perf_counter() - started)
"""
SPLIT = """
import msgspec, sys, time
started = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    msgspec.json.decode(file.read(), type=list[msgspec.Raw])
print(time.perf_counter() - started)
"""
WRITE = """
import os, pickle, sys, time
packed, out = sys.argv[1:]
files = pickle.load(open(packed, "rb"))
started = time.perf_counter()
for folder in {os.path.dirname(name) for name in files}:
    os.makedirs(os.path.join(out, folder), exist_ok=True)
for name, body in files.items():
    with open(os.path.join(out, name), "wb") as file:
        file.write(body)
print(time.perf_counter() - started)
"""
PLAIN = "plain `open` and `write` of the same files"
FLOORS = {"reading its bytes": READ, "its split into tasks by msgspec": SPLIT}
PEERS = {
    "label-studio-sdk": "label_studio_sdk.converter",
    "label-studio-converter": "label_studio_converter",
}
SDK = label_of("label-studio-sdk")
OURS, TENTH, DOUBLE = "ours", "ours, a tenth", "ours, twice the tasks"
MEMORY_MB = 150
FURTHER_BYTES = 100
_MANY, _LEAST = 50_000, 20


@dataclass(frozen=True)
class Conversion:
    """A conversion to measure.

    Attributes:
        to: Our name of the format.
        kind: Of the export.
        tasks: In a full run.
        wanted: By what it stands beside.
        theirs: The name of the format in the existing converters, if they have it.
        is_per_image: Whether it writes a file for each task.
        module: What has to be installed.
        called: Its name for the command line, where that is not the format's.
    """

    to: str
    kind: str
    wanted: dict[str, Wanted]
    theirs: str = ""
    tasks: int = 50_000
    is_per_image: bool = False
    module: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """For the command line."""
        return self.called or self.to


_NEAR_PLAIN = times(1 / 1.5)
TIMED = (
    Conversion("coco", "detection", {SDK: times(15)}, "COCO"),
    Conversion("json_min", "detection", {SDK: times(8)}, "JSON_MIN"),
    Conversion("csv", "detection", {SDK: times(15)}, "CSV"),
    Conversion(
        "yolo",
        "detection",
        {SDK: times(6), PLAIN: _NEAR_PLAIN},
        "YOLO",
        is_per_image=True,
    ),
    Conversion(
        "voc",
        "detection",
        {SDK: times(12), PLAIN: _NEAR_PLAIN},
        "VOC",
        is_per_image=True,
    ),
    Conversion("conll2003", "ner", {SDK: times(6)}, "CONLL2003"),
)
OTHERS = (
    Conversion("spacy", "ner", {}, module="spacy"),
    Conversion("coco", "segmentation", {}, called="coco-outlines"),
    Conversion("yolo", "segmentation", {}, called="yolo-outlines"),
    Conversion("jsonl", "detection", {}),
    Conversion("parquet", "detection", {}, module="pyarrow"),
    Conversion("csv", "classification", {}, called="csv-choices"),
    Conversion("asr_manifest", "audio", {}),
    Conversion("rttm", "audio", {}),
    Conversion("masks", "brush", {}, tasks=1000, module="PIL"),
    Conversion(
        "brush_png",
        "brush",
        {},
        "BRUSH_TO_PNG",
        tasks=100,
        is_per_image=True,
        module="PIL",
    ),
    Conversion("brush_coco", "brush", {}, tasks=1000, module="numpy"),
)


def convert_command(
    export: Export, to: str, jobs: int | None = None
) -> Callable[[Path], list[str]]:
    """Our command, for the folder to write."""

    def command(out: Path) -> list[str]:
        options = ["--config", str(export.config), "--to", to, "--quiet"]
        options += ["--jobs", str(jobs)] if jobs else []
        start = [sys.executable, "-m", "ls_tools", "convert", str(export.path)]
        return [*start, *options, "--out", str(out / "made")]

    return command


def rows_of(conversion: Conversion, plan: Plan) -> Iterator[Row]:
    """The rows of one conversion: its time, and its memory."""
    if conversion.module and not importlib.util.find_spec(conversion.module):
        msg = f"{conversion.module} is not installed"
        raise NotMeasuredError(msg)
    tasks = plan.size(conversion.tasks, max(conversion.tasks // 25, _LEAST))
    export = plan.export(conversion.kind, tasks)
    tenth = plan.export(conversion.kind, tasks // 10)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        sides = [
            _ours(OURS, conversion, export),
            _ours(TENTH, conversion, tenth),
            *_double(conversion, tasks, plan),
            *_peers(conversion, export, plan),
            *(_floors(conversion, export, Path(folder)) if conversion.theirs else ()),
        ]
        rounds = plan.rounds if conversion.theirs else 1
        runs = compare(sides, rounds, Path(folder))
    yield from _time_rows(conversion, export, runs)
    yield from _memory_rows(conversion, export, tenth, runs)


def _ours(
    name: str, conversion: Conversion, export: Export, most_rounds: int | None = None
) -> Side:
    command = convert_command(export, conversion.to)
    check = _check(conversion, export)
    return Side(name, command, check=check, most_rounds=most_rounds)


def _double(conversion: Conversion, tasks: int, plan: Plan) -> Iterator[Side]:
    """Twice the tasks; of few, what is held anyway hides what each of them needs."""
    if tasks >= _MANY:
        export = plan.export(conversion.kind, 2 * tasks)
        yield _ours(DOUBLE, conversion, export, most_rounds=1)


def _peers(conversion: Conversion, export: Export, plan: Plan) -> Iterator[Side]:
    """The existing converters; the older one less often."""
    for name, module in PEERS.items() if conversion.theirs else ():
        start = [python_of(name), "-c", PEER, module]
        yield Side(
            label_of(name),
            _filled([*start, str(export.path), str(export.config)], conversion.theirs),
            check=_check(conversion, export),
            most_rounds=None if label_of(name) == SDK else max(1, plan.rounds // 3),
        )


def _filled(start: Sequence[str], *rest: str) -> Callable[[Path], list[str]]:
    return lambda out: [*start, str(out / "made"), *rest]


def _floors(conversion: Conversion, export: Export, folder: Path) -> Iterator[Side]:
    for name, script in FLOORS.items():
        command = [sys.executable, "-c", script, str(export.path)]
        yield Side(name, always(command), tells_s=True)
    if conversion.is_per_image:
        packed = pack(convert_command(export, conversion.to), folder)
        start = [sys.executable, "-c", WRITE, str(packed)]
        yield Side(PLAIN, _filled(start), tells_s=True)


def always(command: Sequence[str]) -> Callable[[Path], Sequence[str]]:
    """A command that leaves nothing in its folder."""
    return lambda _: command


def pack(command: Callable[[Path], Sequence[str]], folder: Path) -> Path:
    """What our side writes, in one file that is read before the time is taken."""
    packed = folder / "tree.pickle"
    with tempfile.TemporaryDirectory(dir=folder) as out:
        run(command(Path(out)))
        packed.write_bytes(pickle.dumps(dict(files_in(Path(out)))))
    return packed


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files below a folder, by relative path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _check(conversion: Conversion, export: Export) -> Callable[[Path], None]:
    least = export.tasks if conversion.is_per_image else 1

    def check(out: Path) -> None:
        found = sum(1 for path in out.rglob("*") if path.is_file())
        if found < least:
            msg = f"{conversion.to}: {found} files, of at least {least}"
            raise RunError(msg)

    return check


def _time_rows(conversion: Conversion, export: Export, runs: Runs) -> Iterator[Row]:
    topic = Topic("Conversion", conversion.name, f"{export} to `{conversion.to}`", "s")
    ours = figures(runs[OURS], _wall_s)
    mine = (OURS, TENTH, DOUBLE)
    others = {name: x for name, x in runs.items() if name not in mine}
    if not others:
        yield topic.alone(ours)
    for name, costs in others.items():
        wanted = conversion.wanted.get(name)
        yield topic.beside(name, ours, figures(costs, _wall_s), wanted)


def _wall_s(cost: Cost) -> float:
    return cost.wall_s


def _anonymous_mb(cost: Cost) -> float:
    return cost.anonymous_bytes / 1e6


def _memory_rows(
    conversion: Conversion, export: Export, tenth: Export, runs: Runs
) -> Iterator[Row]:
    what = f"{export} to `{conversion.to}`"
    topic = Topic("Memory", conversion.name, f"{what}: peak anonymous memory", "MB")
    ours, few = (figures(runs[name], _anonymous_mb) for name in (OURS, TENTH))
    wanted = at_most(MEMORY_MB)
    if SDK in runs:
        yield topic.beside(SDK, ours, figures(runs[SDK], _anonymous_mb), wanted)
    yield topic.beside(f"ours, {tenth.tasks:,} tasks", ours, few, wanted)
    resident = Topic("Memory", conversion.name, f"{what}: all resident", "MB")
    yield resident.alone(figures(runs[OURS], lambda x: x.resident_bytes / 1e6))
    if DOUBLE not in runs:
        return
    further = [
        (more.anonymous_bytes - less.anonymous_bytes) / export.tasks
        for less, more in zip(runs[OURS], runs[DOUBLE], strict=False)
    ]
    growth = f"`{conversion.to}`, from {export.tasks:,} to {2 * export.tasks:,}"
    what = f"{growth} {export.kind} tasks: anonymous memory per further task"
    topic = Topic("Memory", conversion.name, what, "bytes")
    yield topic.alone(further, at_most(FURTHER_BYTES))


def worker_rows(plan: Plan) -> Iterator[Row]:
    """One worker process and two, and whether both write the same bytes."""
    for conversion in TIMED:
        export = plan.export(conversion.kind, plan.size(50_000, 5_000))
        seen: list[str] = []
        sides = [_worker_side(export, conversion.to, jobs, seen) for jobs in (1, 2)]
        runs = compare(sides, min(plan.rounds, 3), plan.folder)
        if len(set(seen)) != 1:
            msg = f"{conversion.to}: one and two workers do not write the same"
            raise RunError(msg)
        one, two = (figures(runs[side.name], _wall_s) for side in sides)
        what = f"{export} to `{conversion.to}`, two worker processes"
        topic = Topic("Workers", "workers", what, "s")
        # Creating files is the system's work, and not that of a processor alone.
        wanted = None if conversion.is_per_image else times(1.7)
        yield topic.beside("one worker process", two, one, wanted)
        one, two = (figures(runs[side.name], lambda x: x.cpu_s) for side in sides)
        topic = Topic("Workers", "workers", f"{what}: processor time", "s")
        yield topic.beside("one worker process", two, one)


def _worker_side(export: Export, to: str, jobs: int, seen: list[str]) -> Side:
    return Side(
        f"{jobs}",
        convert_command(export, to, jobs),
        check=lambda out: seen.append(digest_of(out / "made")),
    )


def digest_of(folder: Path) -> str:
    """One digest of all files in a folder, their names included."""
    digest = hashlib.sha256()
    for name, body in files_in(folder):
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()
