"""Fetching everything that an export points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from ls_tools.locator import iter_references
from ls_tools.origin import redact_url
from ls_tools.output.report import MediaFailure
from ls_tools.progress import NullProgress, StagePart
from ls_tools.reading import read_tasks
from ls_tools.resolver import MediaRequest, Resolver
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator
    from typing import BinaryIO

    from ls_tools.errors import LsToolsError
    from ls_tools.models import Task
    from ls_tools.progress import Progress
    from ls_tools.resolver import Resolved
    from ls_tools.settings import Bounds

_EXAMPLES = 3
_SHORTEST_NAME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCause:
    """What several references failed for.

    Attributes:
        kind: The ``kind`` of the error.
        cause: What went wrong, with ``…`` for what differs.
        count: How many references failed for it.
        examples: The first of them.
    """

    kind: str
    cause: str
    count: int
    examples: list[MediaFailure]


class MediaOutcome(msgspec.Struct, kw_only=True):
    """What ``fetch_media`` did.

    Attributes:
        references: Distinct references found.
        fetched: Those fetched by this call.
        from_cache: Those that were here already.
        failed: Those that could not be had.
        size_bytes: Size of all that are here now.
    """

    references: int = 0
    fetched: int = 0
    from_cache: int = 0
    failed: list[MediaFailure] = msgspec.field(default_factory=list)
    size_bytes: int = 0

    def to_document(self) -> dict[str, Any]:
        """As JSON documents show it."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document

    def causes(self) -> list[MediaCause]:
        """The failures by cause, the most frequent first."""
        groups: dict[tuple[str, str], list[MediaFailure]] = {}
        for failure in self.failed:
            groups.setdefault((failure.kind, _blur(failure)), []).append(failure)
        causes = [
            MediaCause(
                kind=kind, cause=text, count=len(some), examples=some[:_EXAMPLES]
            )
            for (kind, text), some in groups.items()
        ]
        return sorted(causes, key=lambda cause: -cause.count)


def _blur(failure: MediaFailure) -> str:
    """The cause without what names the one reference."""
    text, reference = failure.cause, failure.reference
    for name in (reference, unquote(reference), reference.rpartition("/")[2]):
        if len(name) >= _SHORTEST_NAME:
            text = text.replace(name, "…")
    return re.sub(r"\S*…\S*", "…", text)


def fetch_media(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    keys: Collection[str] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> MediaOutcome:
    """Fetch into the cache everything that an export points at.

    Args:
        source: A file, a directory, ``-``, ``s3://bucket/prefix/`` and its like
            (as ``read_tasks`` takes it), or an open binary file.
        keys: Keys of the task data to look at; None for all.
        settings: From the environment where None.
        progress: Told of the input fetched, and of each reference in one stage.

    Returns:
        Counts, and the references that failed; a failure raises nothing.

    Raises:
        NotAnExportError: ``source`` is no Label Studio export.
    """
    settings = settings or Settings.from_env()
    progress = progress or NullProgress()
    outcome = MediaOutcome()
    with read_tasks(source, settings=settings, progress=progress) as reader:
        reader.prefetch()
        bounds = settings.bounds
        total = sum(1 for _ in _requests(reader.scan(_MediaTask), keys, bounds))
        wanted = _requests(reader, keys, bounds)
        part = StagePart(progress, counts=True)
        progress.start("media", total, "files")
        try:
            with Resolver(settings, progress=part) as resolver:
                _fetch_all(resolver, wanted, outcome)
        finally:
            progress.finish()
    return outcome


def _fetch_all(
    resolver: Resolver,
    wanted: Iterator[tuple[MediaRequest, int | str | None]],
    outcome: MediaOutcome,
) -> None:
    """Fetch as they come, and tell of failures in the order of the tasks."""
    task_ids: dict[int, int | str | None] = {}
    failed: dict[int, MediaFailure] = {}

    def requests() -> Iterator[MediaRequest]:
        for place, (request, task_id) in enumerate(wanted):
            task_ids[place] = task_id
            yield request

    for place, one in resolver.iter_paths(requests()):
        task_id = task_ids.pop(place)
        if one.error is not None:
            failed[place] = _failure(one, one.error, task_id)
        _count(outcome, one)
    outcome.failed = [failed[place] for place in sorted(failed)]


class _MediaTask(msgspec.Struct):
    """What references are found in."""

    id: int | str | None = None
    project: int | str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)


def _requests(
    tasks: Iterable[Task | _MediaTask], keys: Collection[str] | None, bounds: Bounds
) -> Iterator[tuple[MediaRequest, int | str | None]]:
    """Each distinct reference once, with the first task that has it."""
    seen: set[int] = set()
    for task in tasks:
        for key, value in task.data.items():
            if keys is not None and key not in keys:
                continue
            for reference in iter_references(
                value, limit=bounds.references_per_value, nesting=bounds.nesting
            ):
                # Hashes, since the references themselves may not fit in memory.
                digest = hash(reference)
                if digest not in seen:
                    seen.add(digest)
                    request = MediaRequest.of(
                        reference, task_id=task.id, project_id=task.project
                    )
                    yield request, task.id


def _failure(
    one: Resolved, error: LsToolsError, task_id: int | str | None
) -> MediaFailure:
    return MediaFailure(
        task_id=task_id,
        reference=redact_url(one.reference),
        kind=error.kind,
        cause=str(error),
    )


def _count(outcome: MediaOutcome, one: Resolved) -> None:
    outcome.references += 1
    outcome.size_bytes += one.size_bytes
    if one.error is not None:
        return
    if one.from_cache:
        outcome.from_cache += 1
    else:
        outcome.fetched += 1
