"""``ls-tools media``: fetch what an export points at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ls_tools.cli.conversion import LOSSES
from ls_tools.cli.options import Invocation, refuse_empty, shared_options

if TYPE_CHECKING:
    from ls_tools.cli.output import Console
    from ls_tools.pipeline.media import MediaCause


@click.command()
@click.argument("source", metavar="INPUT", callback=refuse_empty)
@click.option(
    "--keys",
    metavar="KEY,...",
    help="Only these keys of the task data; all that hold references otherwise.",
)
@click.option(
    "--keep-going", is_flag=True, help="Failed media do not change the exit code."
)
@shared_options()
def media(
    invocation: Invocation, *, source: str, keys: str | None, keep_going: bool
) -> int:
    """Fetch everything that INPUT, an export, points at into the cache.

    INPUT is a file, a folder, a bucket (s3://BUCKET/PREFIX/) or - for stdin.

    \b
    Examples:
      ls-tools media tasks.json
      ls-tools media tasks.json --keys image,audio --jobs 32 --json
    """
    from ls_tools.pipeline import fetch_media

    outcome = fetch_media(
        source,
        keys=tuple(k.strip() for k in keys.split(",") if k.strip()) if keys else None,
        settings=invocation.settings,
        progress=invocation.progress,
    )
    text = (
        f"{outcome.references} references: {outcome.fetched} fetched, "
        f"{outcome.from_cache} from the cache, {len(outcome.failed)} failed"
    )
    invocation.console.result(outcome.to_document(), [text])
    for cause in outcome.causes():
        _tell(invocation.console, cause)
    return LOSSES if outcome.failed and not keep_going else 0


def _tell(console: Console, cause: MediaCause) -> None:
    """Say what failed for one cause: how many, and some of them."""
    first = cause.examples[0]
    if cause.count == 1:
        console.note(f"ls-tools: {first.reference}: {first.cause}")
        return
    console.note(f"ls-tools: {cause.count} failed: {cause.cause}")
    for one in cause.examples:
        console.note(f"  {one.reference} (task {one.task_id})")
    if others := cause.count - len(cause.examples):
        console.note(f"  and {others} more")
