"""``ls-tools convert``: an export to a target format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ls_tools.cli.conversion import (
    ConversionCommand,
    conversion_options,
    exit_code,
    show_report,
)
from ls_tools.cli.options import Invocation, refuse_empty, shared_options

if TYPE_CHECKING:
    from ls_tools.pipeline import Conversion


@click.command(cls=ConversionCommand)
@click.argument(
    "sources", metavar="INPUT...", nargs=-1, required=True, callback=refuse_empty
)
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Label config (XML), of all inputs, or repeated for each of them in "
    "order; inferred from the results where not given.",
)
@conversion_options
@shared_options()
def convert(
    invocation: Invocation,
    *,
    sources: tuple[str, ...],
    configs: tuple[Path, ...],
    plan: Conversion,
    keep_going: bool,
) -> int:
    """Convert INPUT, with no server: a file, a folder, a bucket or - for stdin.

    In a bucket INPUT is a file (s3://BUCKET/export.json) or a prefix
    (s3://BUCKET/PREFIX/), as target storages write it; gs:// and azure-blob://
    likewise. Several inputs become one dataset with one class map. Options
    whose default is given by format belong to those formats.

    \b
    Examples:
      ls-tools convert tasks.json --config config.xml --to coco --out coco/
      ls-tools convert a.json s3://labels/b/ --to yolo --out d/ --split train=.8,val=.2
    """
    from ls_tools.pipeline import Input, run_conversion

    report = run_conversion(
        Input.each(sources, configs or None),
        plan,
        settings=invocation.settings,
        progress=invocation.progress,
    )
    show_report(invocation.console, report, plan.out)
    return exit_code(report, keep_going=keep_going)
