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
from ls_tools.pipeline.inputs import Input
from ls_tools.pipeline.plan import Conversion
from ls_tools.progress import NullProgress
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

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
    project: int | str | Sequence[int | str],
    to: str,
    out: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Fetch a project into a folder of a target format, media included.

    Args:
        project: Project id, or its exact title; or a list of these, which
            become one dataset with one class map.
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
    projects = [project] if isinstance(project, (int, str)) else project
    wanted = [Pull(project=one, **own) for one in projects]
    plan = Conversion.of(to, out, **options)
    return run_pull(wanted, plan, settings=settings, progress=progress)


_PULL_FIELDS = frozenset(Pull.__dataclass_fields__) - {"project"}


def run_pull(
    wanted: Sequence[Pull],
    plan: Conversion,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Do what ``wanted`` and ``plan`` say; ``pull`` with its options in values.

    Args:
        wanted: Projects, to become one dataset.
        plan: What to write.
        settings: As for ``pull``.
        progress: Likewise.

    Raises:
        LsToolsError: As ``pull``.
    """
    settings = settings or Settings.from_env()
    progress = progress or NullProgress()
    if settings.mode == "offline":
        msg = "A pull cannot be offline."
        raise UsageError(msg, hint="Convert a snapshot file: ls-tools convert.")
    _check_wanted(wanted)
    check_plan(plan)
    if plan.media is None:
        plan = replace(plan, media="copy")
    with (
        Client(settings, progress=progress) as client,
        tempfile.TemporaryDirectory(prefix="ls-tools-") as folder,
    ):
        download = _Download(client, plan, Path(folder), settings.bounds.xml_bytes)
        fetched = [download(one) for one in wanted]
        inputs = [one.input for one in fetched]
        report = run_conversion(inputs, plan, settings=settings, progress=progress)
        for one, project in zip(wanted, fetched, strict=True):
            if one.delete_snapshot:
                _delete_snapshot(client, project, report)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """A project whose snapshot is here."""

    project: Project
    snapshot: Snapshot
    input: Input


def _check_wanted(wanted: Sequence[Pull]) -> None:
    """Refuse what no conversion can follow.

    Raises:
        UsageError: There is no project, or one snapshot for several.
    """
    if not wanted:
        msg = "There is no project."
        raise UsageError(msg, hint="Give an id or a title.")
    has_id = any(isinstance(one.snapshot, int) for one in wanted)
    if len(wanted) > 1 and has_id:
        msg = "One snapshot cannot be that of several projects."
        raise UsageError(msg, hint="Use latest, or let each make a new one.")


@dataclass(frozen=True, slots=True)
class _Download:
    """Makes or finds the snapshots of projects, and downloads them."""

    client: Client
    plan: Conversion
    folder: Path
    xml_bytes: int

    def __call__(self, wanted: Pull) -> _Fetched:
        client = self.client
        project = client.project(wanted.project)
        config = parse_label_config(project.label_config, max_bytes=self.xml_bytes)
        snapshot = _find_snapshot(client, project, wanted, self.plan)
        _check_count(snapshot, wanted)
        file = self.folder / f"snapshot-{project.id}-{snapshot.id}.json"
        client.download_snapshot(project.id, snapshot.id, file)
        source = Input(source=file, config=config, name=f"project {project.id}")
        return _Fetched(project=project, snapshot=snapshot, input=source)


def _delete_snapshot(client: Client, fetched: _Fetched, report: Report) -> None:
    """Delete the snapshot; the output is published, so a failure only warns."""
    try:
        client.delete_snapshot(fetched.project.id, fetched.snapshot.id)
    except NotFoundError:
        return  # someone else has
    except LsToolsError as exc:
        text = f"The snapshot {fetched.snapshot.id} was not deleted: {exc.message}"
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
