"""What it takes to have ls_tools, to import it, and to start its command."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from environments import ROOT, label_of, make_environment, python_of
from measuring import NotMeasuredError, Side, compare
from results import Topic, at_most, figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from measuring import Cost
    from plan import Plan
    from results import Row

SDK = "label-studio-sdk"
BARE, PEER_BARE, PEER = "bare Python", "bare Python of the peer", label_of(SDK)
SDK_IMPORT = (
    "from label_studio_sdk._extensions.label_studio_tools.core.utils.io "
    "import get_local_path"
)
HEAVY = ("boto3", "botocore", "google.cloud", "azure", "obstore", "numpy", "PIL")
IMPORT = f"""
import sys
import ls_tools
heavy = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"import ls_tools loads {{heavy}}" if heavy else 0)
"""
PUBLIC = "from ls_tools import Client, Resolver, convert, get_local_path, read_tasks"
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")


def import_rows(plan: Plan) -> Iterator[Row]:
    """Importing, over what the interpreter takes for itself."""
    sides = [
        _python(BARE, sys.executable, "pass"),
        _python("ours", sys.executable, IMPORT),
        _python("all", sys.executable, PUBLIC),
        _python(PEER_BARE, python_of(SDK), "pass"),
        _python(PEER, python_of(SDK), SDK_IMPORT),
    ]
    runs = compare(sides, 3 * plan.rounds, plan.folder)
    ours, every = _over(runs["ours"], runs[BARE]), _over(runs["all"], runs[BARE])
    theirs = _over(runs[PEER], runs[PEER_BARE])
    what = "`import ls_tools`, over bare Python"
    yield Topic("Start", "import", what, "ms").beside(PEER, ours, theirs, at_most(30))
    what = f"`{PUBLIC}`, over bare Python"
    yield Topic("Start", "import", what, "ms").beside(PEER, every, theirs)


def help_rows(plan: Plan) -> Iterator[Row]:
    """``ls-tools --help``, beside the command of the older converter."""
    converter = "label-studio-converter"
    command = str(Path(python_of(converter)).with_name(converter))
    sides = [
        Side("ours", lambda _: [sys.executable, "-m", "ls_tools", "--help"]),
        Side(converter, lambda _: [command, "--help"]),
    ]
    runs = compare(sides, 2 * plan.rounds, plan.folder)
    ours, theirs = (figures(runs[side.name], _wall_ms) for side in sides)
    topic = Topic("Start", "help", "`ls-tools --help`", "ms")
    yield topic.beside(label_of(converter), ours, theirs, at_most(200))


def install_rows(plan: Plan) -> Iterator[Row]:
    """The base install in a fresh environment."""
    if plan.quick:
        msg = "takes a minute; part of full runs"
        raise NotMeasuredError(msg)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        make_environment(Path(folder), str(ROOT))
        ours = footprint(Path(folder))
    theirs = footprint(Path(python_of(SDK)).parents[1])
    for unit, wanted, mine, other in zip(
        ("MB", "packages"), (25, 20), ours, theirs, strict=True
    ):
        topic = Topic("Start", "install", "base install in a fresh environment", unit)
        yield topic.beside(PEER, [mine], [other], at_most(wanted))


def footprint(environment: Path) -> tuple[float, int]:
    """MB and number of the packages in an environment, without pip and its like."""
    site = next(environment.glob("lib/python3*/site-packages"))
    kept = [x for x in site.iterdir() if x.name.split("-")[0] not in TOOLS]
    size_bytes = sum(
        file.lstat().st_size
        for entry in kept
        for file in (entry.rglob("*") if entry.is_dir() else (entry,))
        if file.is_file()
    )
    return size_bytes / 1e6, sum(x.suffix == ".dist-info" for x in kept)


def _python(name: str, python: str, script: str) -> Side:
    return Side(name, lambda _: [python, "-c", script])


def _wall_ms(cost: Cost) -> float:
    return 1000 * cost.wall_s


def _over(costs: Sequence[Cost], bare: Sequence[Cost]) -> list[float]:
    return [_wall_ms(a) - _wall_ms(b) for a, b in zip(costs, bare, strict=True)]
