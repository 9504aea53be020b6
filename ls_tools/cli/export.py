"""``ls-tools export``: the server's one-call export."""

from __future__ import annotations

from pathlib import Path

import click

from ls_tools.cli.filters import project_argument
from ls_tools.cli.options import Invocation, shared_options
from ls_tools.errors import UsageError


@click.command()
@project_argument
@click.argument("type_argument", metavar="[TYPE]", required=False)
@click.option("--type", "type_option", help="Format of the server: JSON, COCO ….")
@click.option(
    "--out",
    "--path",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write.",
)
@click.option("--all-tasks", is_flag=True, help="Unannotated tasks too.")
@click.option(
    "--id", "ids", type=int, multiple=True, help="Only this task; repeatable."
)
@shared_options()
def export(  # noqa: PLR0913 -- the options of the command
    invocation: Invocation,
    *,
    project: str,
    type_argument: str | None,
    type_option: str | None,
    out: Path,
    all_tasks: bool,
    ids: tuple[int, ...],
) -> None:
    """Download a project in one call, in one of the server's own formats.

    On large projects the server may not answer in time: use ls-tools pull, or
    ls-tools snapshot.

    \b
    Examples:
      ls-tools export 12 --type JSON --out tasks.json --all-tasks
      ls-tools export 12 YOLO_WITH_IMAGES --path=yolo.zip
    """
    from ls_tools.client import Client

    kind = type_option or type_argument
    if kind is None or (type_option and type_argument):
        msg = "Give the type of export once."
        raise UsageError(msg, hint="Such as --type JSON.")
    with Client(invocation.settings, progress=invocation.progress) as client:
        file = client.export(project, kind, out, all_tasks=all_tasks, ids=ids)
    document = {
        "path": str(file.path),
        "type": file.type,
        "size_bytes": file.size_bytes,
    }
    invocation.console.result(document, [str(file.path)])
