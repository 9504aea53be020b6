"""The server's answers, parsed: only the fields that ls_tools reads.

Lenient about missing and null fields, since versions of the server differ;
strict about types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ls_tools.errors import ServerError
from ls_tools.models import Project, Snapshot
from ls_tools.origin import redact_url

if TYPE_CHECKING:
    from ls_tools.transport import Answer

T = TypeVar("T")


class ProjectAnswer(msgspec.Struct):
    """A project as the server describes it."""

    id: int
    title: str | None = None
    label_config: str | None = None
    task_number: int | None = None

    def project(self) -> Project:
        """The project, absent texts as empty ones."""
        return Project(
            id=self.id,
            title=self.title or "",
            label_config=self.label_config or "",
            task_number=self.task_number,
        )


class ProjectPage(msgspec.Struct):
    """One page of the list of projects."""

    results: list[ProjectAnswer]
    next: str | None = None


class TaskPage(msgspec.Struct):
    """One page of tasks; ``total`` counts all that the query matches."""

    tasks: list[dict[str, Any]]
    total: int


class ViewAnswer(msgspec.Struct):
    """A Data Manager view; its ``data`` holds title and filters."""

    id: int
    data: dict[str, Any] | None = None


class FormatAnswer(msgspec.Struct):
    """One export format of a project."""

    name: str
    title: str | None = None
    description: str | None = None
    disabled: bool = False


class ConversionAnswer(msgspec.Struct):
    """One conversion of a snapshot."""

    export_type: str
    status: str
    traceback: str | None = None


class SnapshotAnswer(msgspec.Struct):
    """A snapshot and its conversions."""

    id: int
    status: str
    title: str | None = None
    md5: str | None = None
    created_at: str | None = None
    finished_at: str | None = None
    counters: dict[str, Any] | None = None
    converted_formats: list[ConversionAnswer] | None = None

    def snapshot(self) -> Snapshot:
        """The snapshot without its conversions."""
        count = (self.counters or {}).get("task_number")
        return Snapshot(
            id=self.id,
            title=self.title or "",
            status=self.status,
            md5=(self.md5 or "").lower(),
            created_at=self.created_at,
            finished_at=self.finished_at,
            task_count=count if isinstance(count, int) else None,
        )


def parse_answer(answer: Answer, kind: type[T]) -> T:
    """``answer`` as a ``kind``.

    Raises:
        ServerError: It is not JSON, or not of this form.
    """
    try:
        return msgspec.convert(answer.json(), kind)
    except msgspec.ValidationError as exc:
        url = redact_url(answer.url)
        msg = f"The answer of {url} is not what Label Studio sends: {exc}."
        hint = "Is this URL that of a Label Studio server?"
        raise ServerError(msg, hint=hint, status=answer.status) from exc
