"""``ls-tools resolve``: references to local paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ls_tools.cli.options import Invocation, read_lines, shared_options
from ls_tools.cli.output import describe_error
from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.errors import LsToolsError
    from ls_tools.resolver import Resolved
    from ls_tools.settings import Mode


@click.command()
@click.argument("references", metavar="REF...", nargs=-1)
@click.option(
    "--task-id", type=int, help="Task whose storage serves bucket references."
)
@click.option("--project", "project_id", type=int, help="Likewise, of a project.")
@click.option("--revalidate", is_flag=True, help="Ask the store whether it changed.")
@click.option(
    "--refs-from",
    type=click.File(encoding="utf-8"),
    help="File of references, one a line; - for standard input.",
)
@shared_options()
def resolve(  # noqa: PLR0913 -- the options of the command
    invocation: Invocation,
    *,
    references: tuple[str, ...],
    task_id: int | None,
    project_id: int | None,
    revalidate: bool,
    refs_from: Any,
) -> int:
    """Turn task data references into local paths, fetching what is new.

    Prints one path a line, in the order asked; an empty line for a reference
    that failed.

    \b
    Examples:
      ls-tools resolve /data/upload/1/3e539fb4-cat.jpg --url https://labels.example.com
      ls-tools resolve s3://bucket/clip.wav gs://b/x.png --project 1 --cloud auto --json
    """
    from ls_tools.resolver import Resolver

    asked = [*references, *read_lines(refs_from)]
    if not asked:
        msg = "No reference is given."
        raise UsageError(msg, hint="Name some, or use --refs-from.")
    mode: Mode | None = "revalidate" if revalidate else None
    with Resolver(invocation.settings, progress=invocation.progress) as resolver:
        found = resolver.paths(asked, task_id=task_id, project_id=project_id, mode=mode)
    invocation.console.result(
        {"results": [_describe(one) for one in found]},
        [str(one.path or "") for one in found],
    )
    for one in found:
        if one.error is not None:
            invocation.console.note(f"ls-tools: {one.error}")
    return shared_exit_code([one.error for one in found if one.error is not None])


def shared_exit_code(errors: Sequence[LsToolsError]) -> int:
    """0 for no error, the cause's code where all share one, else 1."""
    codes = {error.exit_code for error in errors}
    if not codes:
        return 0
    return codes.pop() if len(codes) == 1 else 1


def _describe(one: Resolved) -> dict[str, Any]:
    from ls_tools.origin import redact_url

    return {
        "ref": redact_url(one.reference),
        "path": None if one.path is None else str(one.path),
        "source": one.source,
        "size_bytes": one.size_bytes,
        "from_cache": one.from_cache,
        "error": describe_error(one.error) if one.error else None,
    }
