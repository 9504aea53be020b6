"""``ls-tools demo``: the main job on bundled data."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ls_tools.cli.conversion import show_report
from ls_tools.cli.options import Invocation, shared_options
from ls_tools.cli.output import Console


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("ls-tools-demo"),
    show_default="./ls-tools-demo",
    help="Folder to write.",
)
@shared_options(server=False)
def demo(invocation: Invocation, *, out: Path) -> None:
    """Resolve and convert data that ships with ls-tools, offline.

    \b
    Examples:
      ls-tools demo
      ls-tools demo --out /tmp/demo --json
    """
    from ls_tools.demo import run_demo

    outcome = run_demo(out, progress=invocation.progress)
    console = invocation.console
    if console.json:
        reports = [msgspec.json.decode(x.to_json()) for _, x in outcome.reports]
        console.result({"out": str(outcome.out), "reports": reports})
        return
    resolved = sum(one.references for one in outcome.media)
    console.note(f"{resolved} media references resolved to local files.")
    for folder, report in outcome.reports:
        show_report(Console(quiet=console.quiet), report, folder)
