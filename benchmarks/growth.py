"""What becomes of the speed as there is more: tasks, classes, files, cache entries."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

from conversions import FURTHER_BYTES, MEMORY_MB, always, convert_command
from measuring import Side, compare, run
from results import Topic, at_most, figures, times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from measuring import Runs
    from plan import Export, Plan
    from results import Row

STEADY = times(0.95)
"""Not slower; a twentieth is what two runs of one thing may differ by."""

FILL = """
import sys
from pathlib import Path
from ls_tools import Cache, Resolver, Settings
from ls_tools.transfer import Fetched
folder, first, after = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
def fill(sink, validator):
    sink.write_at(0, b"0123456789abcdef")
    return Fetched(size_bytes=16)
cache = Cache(folder)
with Resolver(Settings(cache_dir=folder)) as resolver:
    for number in range(first, after):
        request = resolver.cache_request(f"https://example.com/{number}.bin")
        cache.get(request, fill)
"""
USE = """
import random, sys, time
from pathlib import Path
from ls_tools import Cache, Resolver, Settings
folder, entries, use = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
wanted = random.Random(0).sample(range(entries), min(1000, entries))
urls = [f"https://example.com/{number}.bin" for number in wanted]
resolver = Resolver(Settings(cache_dir=folder, mode="offline"))
cache = Cache(folder)
def look_up():
    for url in urls:
        resolver.path(url)
uses = {
    "first": look_up,
    "again": look_up,
    "info": cache.info,
    "prune": lambda: cache.prune(dry_run=True),
}
if use == "again":
    look_up()
else:
    resolver.path(urls.pop())
started = time.perf_counter()
uses[use]()
print((time.perf_counter() - started) / (len(urls) if uses[use] is look_up else 1))
"""
USES = {
    "first": ("a first `Resolver.path`", "µs", 1e6, times(0.8)),
    "again": ("a second `Resolver.path`", "µs", 1e6, times(0.8)),
    "info": ("`Cache.info`", "s", 1, None),
    "prune": ("`Cache.prune`, planned", "s", 1, None),
}
"""What is done with a cache: how tables say it, unit, units a second, what is wanted.

Looking up must not depend on what else is there; what counts or chooses among all
entries does.
"""


def task_rows(plan: Plan) -> Iterator[Row]:
    """Tasks per second as exports grow tenfold and a hundredfold."""
    sizes = [plan.size(n, n // 50) for n in (5_000, 50_000, 500_000)]
    exports = [plan.export("detection", size) for size in sizes]
    for to in ("coco", "json_min"):
        runs = _convert(exports, to, min(plan.rounds, 3), plan)
        yield from _rate_rows("growth-tasks", exports, to, runs)
        yield from _further_rows(exports, to, runs)


def file_rows(plan: Plan) -> Iterator[Row]:
    """Tasks per second as the files in one folder become more."""
    sizes = [plan.size(n, n // 10) for n in (1_000, 10_000, 50_000)]
    exports = [plan.export("detection", size) for size in sizes]
    runs = _convert(exports, "yolo", min(plan.rounds, 3), plan)
    yield from _rate_rows("growth-files", exports, "yolo", runs)


def _convert(exports: Sequence[Export], to: str, rounds: int, plan: Plan) -> Runs:
    sides = [Side(f"{x.tasks:,}", convert_command(x, to)) for x in exports]
    return compare(sides, rounds, plan.folder)


def _rate_rows(
    name: str, exports: Sequence[Export], to: str, runs: Runs
) -> Iterator[Row]:
    """Each size beside the one before."""
    rates = {
        export.tasks: [export.tasks / x.wall_s for x in runs[f"{export.tasks:,}"]]
        for export in exports
    }
    for small, large in zip(rates, list(rates)[1:], strict=False):
        what = f"{large:,} detection tasks to `{to}`"
        topic = Topic("Growth", name, what, "tasks/s")
        beside = f"ours, {small:,} tasks"
        yield topic.beside(beside, rates[large], rates[small], STEADY)


def _further_rows(exports: Sequence[Export], to: str, runs: Runs) -> Iterator[Row]:
    """The memory of the largest export, and of what it has more than the next."""
    _, middle, large = exports
    least, most = (runs[f"{x.tasks:,}"] for x in (middle, large))
    what = f"{large} to `{to}`: peak anonymous memory"
    topic = Topic("Growth", "growth-tasks", what, "MB")
    mine = figures(most, lambda x: x.anonymous_bytes / 1e6)
    yield topic.alone(mine, at_most(MEMORY_MB + FURTHER_BYTES * large.tasks / 1e6))
    what = (
        f"`{to}`, from {middle.tasks:,} to {large.tasks:,} detection tasks: "
        "anonymous memory per further task"
    )
    topic = Topic("Growth", "growth-tasks", what, "bytes")
    further = [
        (b.anonymous_bytes - a.anonymous_bytes) / (large.tasks - middle.tasks)
        for a, b in zip(least, most, strict=True)
    ]
    yield topic.alone(further, at_most(FURTHER_BYTES))


def class_rows(plan: Plan) -> Iterator[Row]:
    """Conversions as the label config has more classes."""
    tasks = plan.size(10_000, 1_000)
    exports = {n: plan.export("detection", tasks, n) for n in (10, 1_000, 10_000)}
    for to in ("coco", "yolo"):
        sides = [Side(str(n), convert_command(x, to)) for n, x in exports.items()]
        runs = compare(sides, min(plan.rounds, 3), plan.folder)
        few, *more = (figures(runs[side.name], lambda x: x.wall_s) for side in sides)
        for count, costs in zip(list(exports)[1:], more, strict=True):
            what = f"{tasks:,} detection tasks of {count:,} classes to `{to}`"
            topic = Topic("Growth", "growth-classes", what, "s")
            yield topic.beside("ours, 10 classes", costs, few)


def cache_rows(plan: Plan) -> Iterator[Row]:
    """Looking up, counting and choosing, as the entries of a cache become more."""
    sizes = [plan.size(n, n // 10) for n in (1_000, 10_000, 100_000)]
    runs: dict[int, Runs] = {}
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        for first, after in zip([0, *sizes], sizes, strict=False):
            run([sys.executable, "-c", FILL, folder, str(first), str(after)])
            start = [sys.executable, "-c", USE, folder, str(after)]
            sides = [Side(use, always([*start, use]), tells_s=True) for use in USES]
            runs[after] = compare(sides, min(plan.rounds, 3), plan.folder)
    for use, (what, unit, per_s, wanted) in USES.items():
        few, *more = ([per_s * x.wall_s for x in runs[n][use]] for n in sizes)
        for entries, found in zip(sizes[1:], more, strict=True):
            name = f"{what} in a cache of {entries:,} entries"
            topic = Topic("Growth", "growth-cache", name, unit)
            yield topic.beside(f"ours, {sizes[0]:,} entries", found, few, wanted)
