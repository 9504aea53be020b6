"""Fetching everything that an export points at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

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

    from ls_tools.models import Task
    from ls_tools.progress import Progress
    from ls_tools.resolver import Resolved
    from ls_tools.settings import Bounds

BATCH = 2048
"""References that are in flight together; bounds memory, not concurrency."""


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
                while batch := list(islice(wanted, BATCH)):
                    found = resolver.paths([request for request, _ in batch])
                    for (_, task_id), one in zip(batch, found, strict=True):
                        _count(outcome, one, task_id)
        finally:
            progress.finish()
    return outcome


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


def _count(outcome: MediaOutcome, one: Resolved, task_id: int | str | None) -> None:
    outcome.references += 1
    outcome.size_bytes += one.size_bytes
    if one.error is not None:
        outcome.failed.append(
            MediaFailure(
                task_id=task_id,
                reference=redact_url(one.reference),
                kind=one.error.kind,
                cause=str(one.error),
            )
        )
    elif one.from_cache:
        outcome.from_cache += 1
    else:
        outcome.fetched += 1
