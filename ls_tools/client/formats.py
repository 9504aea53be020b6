"""The export types that the server offers for a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.client.answers import FormatAnswer
from ls_tools.errors import NotFoundError, UnknownFormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.client.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """One export type of a project.

    Attributes:
        name: As the API spells it: ``JSON_MIN``.
        title: For people.
        description: For people.
        is_enabled: Whether it fits the project's label config. For one that
            does not the server writes next to nothing.
    """

    name: str
    title: str = ""
    description: str = ""
    is_enabled: bool = True


def list_formats(server: Server, project_id: int) -> list[ExportFormat]:
    """The export types of a project, as the server lists them.

    Raises:
        NotFoundError: There is no such project, or the server has no list.
    """
    path = f"/api/projects/{project_id}/export/formats"
    answers = server.look(path, list[FormatAnswer])
    if answers is not None:
        return [_format(answer) for answer in answers]
    if not server.has_project(project_id):
        raise server.missing_project(project_id)
    msg = f"{server.origin} does not offer the easy export."
    hint = "Label Studio Enterprise exports by snapshots: ls-tools snapshot."
    raise NotFoundError(msg, hint=hint, project_id=project_id)


def choose_format(
    formats: Iterable[ExportFormat], name: str, *, force: bool = False
) -> str:
    """The server's spelling of the type ``name``, given in any case.

    Args:
        formats: What the server offers.
        name: The type that is wanted.
        force: Take one that does not fit the project's label config, too.

    Raises:
        UnknownFormatError: The server has no such type.
        UsageError: It does not fit the project's label config.
    """
    by_name = {one.name.upper(): one for one in formats}
    enabled = ", ".join(one.name for one in by_name.values() if one.is_enabled)
    wanted = by_name.get(name.strip().upper())
    if wanted is None:
        msg = f"The server has no export type {name!r}."
        raise UnknownFormatError(msg, hint=f"This project has {enabled}.")
    if not (wanted.is_enabled or force):
        msg = f"{wanted.name} does not fit this project: it would be all but empty."
        raise UsageError(msg, hint=f"Enabled are {enabled}.")
    return wanted.name


def _format(answer: FormatAnswer) -> ExportFormat:
    return ExportFormat(
        name=answer.name,
        title=answer.title or "",
        description=answer.description or "",
        is_enabled=not answer.disabled,
    )
