"""What is asked of a resolver, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ls_tools.errors import LsToolsError
    from ls_tools.resolver.memory import Known

_LONGEST_ID = len(str(2**63))


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest:
    """A reference together with whose storage resolves it.

    Attributes:
        reference: A value of task data.
        task_id: Task whose storage serves a bucket reference.
        project_id: Likewise, of a project.
    """

    reference: str = field(repr=False)
    task_id: int | None = None
    project_id: int | None = None

    @property
    def identity(self) -> object:
        """Equal for requests that are answered alike; also of what is no text."""
        reference: object = self.reference
        key = reference if isinstance(reference, str) else id(reference)
        return (key, self.task_id, self.project_id)

    @classmethod
    def of(cls, reference: str, *, task_id: object, project_id: object) -> MediaRequest:
        """A request with the ids as a task has them: digits count, odd ones do not."""
        return cls(
            reference=reference,
            task_id=id_number(task_id),
            project_id=id_number(project_id),
        )

    def answer(self, known: Known, *, from_cache: bool) -> Resolved:
        """The result that ``known`` is for this request."""
        return Resolved(
            reference=self.reference,
            path=known.text,
            source=known.source,
            size_bytes=known.size_bytes,
            from_cache=from_cache,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of one reference.

    Attributes:
        reference: As asked; may hold a signature.
        path: The file, None where it failed.
        source: Name of the source; empty where it failed before one was chosen.
        size_bytes: Size of the file.
        from_cache: Nothing was transferred: it was cached, or on this machine.
        error: Why it failed, None where it did not.
    """

    reference: str = field(repr=False)
    path: str | None = None
    source: str = ""
    size_bytes: int = 0
    from_cache: bool = False
    error: LsToolsError | None = None


def id_number(value: object) -> int | None:
    """A task or project id as a number, also from its digits; None for no id."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        return None
    return int(value) if value.isascii() and value.isdigit() else None
