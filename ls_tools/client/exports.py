"""The easy export: one request that the server answers with a whole file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ls_tools.client.formats import choose_format, list_formats
from ls_tools.client.integrity import JSON_TYPES, check_whole
from ls_tools.client.partial import check_target, stage
from ls_tools.client.server import WORK_S

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ls_tools.client.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """An export on disk.

    Attributes:
        path: Where it lies.
        type: The export type, as the server spells it.
        size_bytes: Its size.
    """

    path: Path
    type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What an easy export asks for.

    Attributes:
        type: The export type, in any case.
        all_tasks: Tasks without annotations, too.
        ids: Only the tasks with these ids; all where empty.
        with_media: Whether the server puts media files into archives; None
            leaves that to the server and the type.
        force: Take a type that does not fit the project's label config.
        timeout_s: Seconds that the server may work in silence.
    """

    type: str
    all_tasks: bool = False
    ids: Collection[int] = ()
    with_media: bool | None = None
    force: bool = False
    timeout_s: float = WORK_S


def export_tasks(
    server: Server, project_id: int, request: ExportRequest, out: Path
) -> ExportFile:
    """Write an easy export to ``out``, which appears whole or not at all.

    Raises:
        NotFoundError: There is no such project.
        UsageError: The project has no such export type.
        OutputError: ``out`` cannot be written.
        IntegrityError: What came is not a whole file.
        NetworkError: It did not come.
    """
    check_target(out)
    formats = list_formats(server, project_id)
    name = choose_format(formats, request.type, force=request.force)
    path = f"/api/projects/{project_id}/export"
    with stage(out) as part:
        server.generate(
            path, part, params=_params(name, request), timeout_s=request.timeout_s
        )
        check_whole(
            part.path,
            is_json=name in JSON_TYPES,
            expanded_bytes=server.settings.bounds.expanded_bytes,
        )
        size_bytes = part.size_bytes
        part.commit()
    return ExportFile(path=out, type=name, size_bytes=size_bytes)


def _params(name: str, request: ExportRequest) -> dict[str, Any]:
    params: dict[str, Any] = {
        "exportType": name,
        "download_all_tasks": _flag(request.all_tasks),
    }
    if request.with_media is not None:
        params["download_resources"] = _flag(request.with_media)
    if request.ids:
        params["ids[]"] = list(request.ids)
    return params


def _flag(value: bool) -> str:  # noqa: FBT001 -- the value itself, not a switch
    return "true" if value else "false"
