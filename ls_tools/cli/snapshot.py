"""``ls-tools snapshot``: the server's export snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ls_tools.cli.app import CONTEXT
from ls_tools.cli.filters import (
    filter_options,
    project_argument,
    read_snapshot_id,
    wait_option,
)
from ls_tools.cli.options import Invocation, check_seconds, shared_options

if TYPE_CHECKING:
    from ls_tools.client import Client, SnapshotFilter
    from ls_tools.models import Snapshot


@click.group(context_settings=CONTEXT)
def snapshot() -> None:
    """Create, list, await, download and delete export snapshots.

    \b
    Examples:
      ls-tools snapshot create 12 --full predictions --wait 600
      ls-tools snapshot download 12 latest --out tasks.json
    """


@snapshot.command()
@project_argument
@click.option("--title", help="A title of your own; made unique in any case.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    callback=check_seconds,
    metavar="SECONDS",
    help="Wait at most so long for the snapshot to be complete.",
)
@filter_options
@shared_options()
def create(
    invocation: Invocation,
    *,
    project: str,
    title: str | None,
    wait_s: float | None,
    chosen: SnapshotFilter,
) -> None:
    """Create a snapshot, and wait for it where asked.

    \b
    Examples:
      ls-tools snapshot create 12 --wait 600
      ls-tools snapshot create 12 --annotation-kinds ground_truth --json
    """
    with _client(invocation) as client:
        made = client.create_snapshot(project, chosen, title=title, wait_s=wait_s)
    _show(invocation, made)


@snapshot.command(name="list")
@project_argument
@shared_options()
def list_(invocation: Invocation, *, project: str) -> None:
    """List the snapshots of a project, newest first.

    \b
    Examples:
      ls-tools snapshot list 12
      ls-tools snapshot list "My project" --json
    """
    with _client(invocation) as client:
        found = [describe(one) for one in client.list_snapshots(project)]
    lines = [f"{x['id']}\t{x['status']}\t{x['title']}" for x in found]
    invocation.console.result({"snapshots": found}, lines)


@snapshot.command()
@project_argument
@click.argument("snapshot_id", metavar="ID", type=int)
@shared_options()
def get(invocation: Invocation, *, project: str, snapshot_id: int) -> None:
    """Show one snapshot.

    \b
    Examples:
      ls-tools snapshot get 12 3
      ls-tools snapshot get 12 3 --json
    """
    with _client(invocation) as client:
        _show(invocation, client.get_snapshot(project, snapshot_id))


@snapshot.command()
@project_argument
@click.argument("snapshot_id", metavar="ID", type=int)
@wait_option
@shared_options()
def wait(
    invocation: Invocation, *, project: str, snapshot_id: int, wait_s: float
) -> None:
    """Wait until a snapshot is complete.

    \b
    Examples:
      ls-tools snapshot wait 12 3
      ls-tools snapshot wait 12 3 --wait 60
    """
    with _client(invocation) as client:
        _show(
            invocation,
            client.wait_snapshot(project, snapshot_id, deadline_s=wait_s),
        )


@snapshot.command()
@project_argument
@click.argument("snapshot_id", metavar="ID", type=int)
@shared_options()
def delete(invocation: Invocation, *, project: str, snapshot_id: int) -> None:
    """Delete a snapshot from the server.

    \b
    Examples:
      ls-tools snapshot delete 12 3
      ls-tools snapshot delete "My project" 3 --quiet
    """
    with _client(invocation) as client:
        client.delete_snapshot(project, snapshot_id)
    invocation.console.result({"id": snapshot_id, "deleted": True})


@snapshot.command()
@project_argument
@click.argument("snapshot_id", metavar="ID|latest", callback=read_snapshot_id)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write."
)
@click.option("--type", "kind", default="JSON", show_default=True, help="Format.")
@shared_options()
def download(
    invocation: Invocation,
    *,
    project: str,
    snapshot_id: int | Literal["latest"],
    out: Path,
    kind: str,
) -> None:
    """Download a snapshot, verified and resumed where it was cut.

    \b
    Examples:
      ls-tools snapshot download 12 latest --out tasks.json
      ls-tools snapshot download 12 3 --type YOLO --out yolo.zip
    """
    with _client(invocation) as client:
        file = client.download_snapshot(project, snapshot_id, out, type=kind)
    document = {
        "path": str(file.path),
        "md5": file.md5,
        "verified": file.verified,
        "size_bytes": file.size_bytes,
        "resumed_from": file.resumed_from,
    }
    invocation.console.result(document, [str(file.path)])


def describe(one: Snapshot) -> dict[str, Any]:
    """A snapshot as JSON documents show it."""
    return {
        "id": one.id,
        "title": one.title,
        "status": one.status,
        "md5": one.md5,
        "task_count": one.task_count,
        "created_at": one.created_at,
        "finished_at": one.finished_at,
    }


def _client(invocation: Invocation) -> Client:
    from ls_tools.client import Client

    return Client(invocation.settings, progress=invocation.progress)


def _show(invocation: Invocation, one: Snapshot) -> None:
    document = describe(one)
    invocation.console.result(document, [f"{k}: {v}" for k, v in document.items()])
