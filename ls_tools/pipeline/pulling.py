"""Pull: a project of a live server to a training-ready folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ls_tools.client import Client, SnapshotFilter
from ls_tools.errors import (
    ExportFailedError,
    LsToolsError,
    NotFoundError,
    UsageError,
)
from ls_tools.label_config import parse_label_config
from ls_tools.pipeline.conversion import check_plan, run_conversion
from ls_tools.pipeline.plan import Conversion
from ls_tools.progress import NullProgress
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os

    from ls_tools.models import Project, Snapshot
    from ls_tools.output import Report
    from ls_tools.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What to fetch from the server.

    Attributes:
        project: Project id, or its exact title.
        snapshot: Id of a snapshot that is there, or ``latest``; None makes one.
        filter: What a new snapshot holds.
        delete_snapshot: Delete the snapshot when the output is complete.
        min_tasks: Fewest tasks that the snapshot must have.
        wait_s: Longest wait for the snapshot, in seconds.
    """

    project: int | str
    snapshot: int | Literal["latest"] | None = None
    filter: SnapshotFilter = field(default_factory=SnapshotFilter)
    delete_snapshot: bool = False
    min_tasks: int = 0
    wait_s: float = 3600.0


def pull(
    project: int | str,
    to: str,
    out: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Fetch a project into a folder of a target format, media included.

    Args:
        project: Project id, or its exact title.
        to: Name of the target format: ``"yolo"``.
        out: Folder to write; a folder that an earlier run wrote is replaced.
        settings: Server, token, cache; from the environment where None.
        progress: Told how far downloads and the conversion are.
        **options: Fields of ``Pull`` and ``Conversion``, and options of the
            format. ``media`` is ``copy`` unless given.

    Returns:
        The Report. Failed media are in it and raise nothing.

    Raises:
        NotFoundError: There is no such project, snapshot or view.
        AccessError: The token is missing, or the server refused it.
        NetworkError: The server cannot be reached, or broke off for good.
        ExportFailedError: The snapshot failed, or has too few tasks.
        OutputError: ``out`` is not ours to replace, or cannot be written.
        LossError: ``strict=True`` and something was lost; nothing is published.
    """
    own = {name: options.pop(name) for name in list(options) if name in _PULL_FIELDS}
    wanted = Pull(project=project, **own)
    plan = Conversion.of(to, out, **options)
    return run_pull(wanted, plan, settings=settings, progress=progress)


_PULL_FIELDS = frozenset(Pull.__dataclass_fields__) - {"project"}


def run_pull(
    wanted: Pull,
    plan: Conversion,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Do what ``wanted`` and ``plan`` say; ``pull`` with its options in values.

    Raises:
        LsToolsError: As ``pull``.
    """
    settings = settings or Settings.from_env()
    progress = progress or NullProgress()
    if settings.mode == "offline":
        msg = "A pull cannot be offline."
        raise UsageError(msg, hint="Convert a snapshot file: ls-tools convert.")
    check_plan(plan)
    if plan.media is None:
        plan = replace(plan, media="copy")
    with (
        Client(settings, progress=progress) as client,
        tempfile.TemporaryDirectory(prefix="ls-tools-") as folder,
    ):
        project = client.project(wanted.project)
        config = parse_label_config(
            project.label_config, max_bytes=settings.bounds.xml_bytes
        )
        snapshot = _find_snapshot(client, project, wanted, plan)
        _check_count(snapshot, wanted)
        file = Path(folder) / "snapshot.json"
        client.download_snapshot(project.id, snapshot.id, file)
        report = run_conversion(
            file, plan, config=config, settings=settings, progress=progress
        )
        if wanted.delete_snapshot:
            _delete_snapshot(client, project, snapshot, report)
    return report


def _delete_snapshot(
    client: Client, project: Project, snapshot: Snapshot, report: Report
) -> None:
    """Delete the snapshot; the output is published, so a failure only warns."""
    try:
        client.delete_snapshot(project.id, snapshot.id)
    except NotFoundError:
        return  # someone else has
    except LsToolsError as exc:
        text = f"The snapshot {snapshot.id} was not deleted: {exc.message}"
        report.warnings.append(text)


def _find_snapshot(
    client: Client, project: Project, wanted: Pull, plan: Conversion
) -> Snapshot:
    """The snapshot asked for, complete; a new one where none was named."""
    if wanted.snapshot is None:
        chosen = _widen(wanted.filter, plan)
        return client.create_snapshot(project.id, chosen, wait_s=wanted.wait_s)
    found = client.get_snapshot(project.id, wanted.snapshot)
    return client.wait_snapshot(project.id, found.id, deadline_s=wanted.wait_s)


def _widen(chosen: SnapshotFilter, plan: Conversion) -> SnapshotFilter:
    """Ask for predictions or drafts in full where they are what is selected."""
    policy = Selection.parse(plan.select).policy if plan.select else ""
    if policy not in {"predictions", "drafts"}:
        return chosen
    return replace(chosen, full=frozenset(chosen.full) | {policy})


def _check_count(snapshot: Snapshot, wanted: Pull) -> None:
    count = snapshot.task_count
    if count is not None and count < wanted.min_tasks:
        msg = f"The snapshot {snapshot.id} has {count} tasks of {wanted.min_tasks}."
        hint = "Nothing was written. Lower --min-tasks if that is right."
        raise ExportFailedError(msg, hint=hint, snapshot_id=snapshot.id)
