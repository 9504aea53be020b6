"""``ls-tools pull``: a project of a live server to a training folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from ls_tools.cli.conversion import (
    ConversionCommand,
    conversion_options,
    exit_code,
    show_report,
)
from ls_tools.cli.filters import (
    filter_options,
    read_snapshot_id,
    wait_option,
)
from ls_tools.cli.options import Invocation, shared_options

if TYPE_CHECKING:
    from ls_tools.client import SnapshotFilter
    from ls_tools.pipeline import Conversion


@click.command(cls=ConversionCommand)
@click.argument("projects", metavar="PROJECT...", nargs=-1, required=True)
@click.option(
    "--snapshot",
    callback=read_snapshot_id,
    metavar="ID|latest",
    help="Use this snapshot; a new one is made where not given.",
)
@click.option(
    "--delete-snapshot", is_flag=True, help="Delete the snapshot when all is done."
)
@click.option(
    "--min-tasks",
    type=click.IntRange(min=0),
    default=0,
    help="Fail, and write nothing, where the snapshot has fewer tasks.",
)
@wait_option
@conversion_options
@filter_options
@shared_options()
def pull(  # noqa: PLR0913 -- the options of the command
    invocation: Invocation,
    *,
    projects: tuple[str, ...],
    snapshot: int | Literal["latest"] | None,
    delete_snapshot: bool,
    min_tasks: int,
    wait_s: float,
    plan: Conversion,
    chosen: SnapshotFilter,
    keep_going: bool,
) -> int:
    """Fetch PROJECT, an id or a title, into a folder that a trainer loads.

    Makes a snapshot, waits for it, downloads and verifies it, fetches the
    media and converts. Several projects become one dataset with one class map.
    Options whose default is given by format belong to those formats.

    \b
    Examples:
      ls-tools pull 12 --to yolo --out data/
      ls-tools pull 12 "My project" --to coco --out data/ --split train=0.8,val=0.2
    """
    from ls_tools.pipeline import Pull, run_pull

    wanted = [
        Pull(
            project=project,
            snapshot=snapshot,
            filter=chosen,
            delete_snapshot=delete_snapshot,
            min_tasks=min_tasks,
            wait_s=wait_s,
        )
        for project in projects
    ]
    report = run_pull(
        wanted,
        plan,
        settings=invocation.settings,
        progress=invocation.progress,
    )
    show_report(invocation.console, report, plan.out)
    return exit_code(report, keep_going=keep_going)
