"""Conversion: an export in, a folder of a target format out."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import LossError, NotFoundError, UsageError
from ls_tools.formats import implies_media, load_format, preset_options
from ls_tools.label_config import (
    LabelConfig,
    infer_label_config,
    parse_label_config,
)
from ls_tools.output import (
    ClassMap,
    ClassScope,
    Items,
    MediaPlacer,
    MediaPlan,
    NamePlan,
    Output,
    Report,
    Tally,
    TaskMedia,
    Tree,
    check_output,
    stage,
)
from ls_tools.output.report import NOT_SELECTED_REASONS
from ls_tools.pipeline.plan import Conversion, build_options
from ls_tools.progress import NullProgress, StagePart
from ls_tools.reading import is_bucket_uri, read_tasks
from ls_tools.resolver import Resolver
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from ls_tools.formats import Format
    from ls_tools.models import Problem, Task
    from ls_tools.output import MediaPolicy
    from ls_tools.output.items import Unlabeled
    from ls_tools.output.media import Fetch
    from ls_tools.progress import Progress
    from ls_tools.reading import TaskReader
    from ls_tools.resolver import MediaRequest, Resolved

INFERENCE_TASKS = 10_000
"""Tasks looked at to infer a label config where none is given."""


def convert(  # noqa: PLR0913 -- each is named by the caller
    source: str | os.PathLike[str] | BinaryIO,
    to: str,
    out: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | LabelConfig | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Convert an export.

    Args:
        source: A file, a directory, ``-``, ``s3://bucket/prefix/`` and its like
            (as ``read_tasks`` takes it), or an open binary file.
        to: Name of the target format: ``"yolo"``.
        out: Folder to write; a folder that an earlier run wrote is replaced.
        config: Label config: a path, or one that is parsed already; inferred
            from the results where None.
        settings: For fetching media and input; from the environment where None.
        progress: Told of the input fetched, of the tasks read, and of the bytes
            that media move.
        **options: Fields of ``Conversion``, and options of the format.

    Returns:
        The Report. Failed media are in it and raise nothing.

    Raises:
        NotAnExportError: ``source`` is no Label Studio export.
        OutputError: ``out`` is not ours to replace, or cannot be written.
        LossError: ``strict=True`` and something was lost; nothing is published.
        UsageError: An option makes no sense.
    """
    plan = Conversion.of(to, out, **options)
    return run_conversion(
        source, plan, config=config, settings=settings, progress=progress
    )


def run_conversion(
    source: str | os.PathLike[str] | BinaryIO,
    plan: Conversion,
    *,
    config: str | os.PathLike[str] | LabelConfig | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Do what ``plan`` says; ``convert`` with its options in one value.

    Raises:
        LsToolsError: As ``convert``.
    """
    settings = settings or Settings.from_env()
    target, options, selection = check_plan(plan)
    if not plan.dry_run:
        _check_apart(source, plan.out)
    progress = progress or NullProgress()
    with read_tasks(
        source, limit=plan.limit, settings=settings, progress=progress
    ) as reader:
        if plan.limit is None:
            reader.prefetch()
        job = _Job(
            plan=plan,
            target=target,
            options=options,
            selection=selection,
            reader=reader,
            config=_load_config(config, reader, settings),
            settings=settings,
            progress=progress,
        )
        return job.run()


def check_plan(plan: Conversion) -> tuple[Format, Any, Selection]:
    """What can be checked of a plan before anything is read or fetched.

    Returns:
        The format, its options, and the selection that the plan names.

    Raises:
        UsageError: A name or an option makes no sense.
        OutputError: The output folder is not ours to replace.
    """
    target = load_format(plan.to)
    options = build_options(
        target, {**preset_options(target, plan.to), **plan.options}
    )
    selection = Selection.parse(
        plan.select or target.default_selection, keep_cancelled=target.keeps_cancelled
    )
    if not plan.dry_run:
        check_output(plan.out)
    return target, options, selection


def _check_apart(source: str | os.PathLike[str] | BinaryIO, out: Path) -> None:
    """Refuse to replace what is being read, and to read what was written.

    Raises:
        UsageError: One of the two lies in the other.
    """
    if not isinstance(source, (str, os.PathLike)):
        return
    if source == "-" or is_bucket_uri(source):
        return
    given, place = Path(os.path.realpath(source)), Path(os.path.realpath(out))
    if given.is_relative_to(place):
        msg = f"The input {source} lies in the output folder {out}, to be replaced."
    elif place.is_relative_to(given):
        msg = f"The output folder {out} lies in the input: it would be read too."
    else:
        return
    raise UsageError(msg, hint="Give an output folder elsewhere.")


def _load_config(
    config: str | os.PathLike[str] | LabelConfig | None,
    reader: TaskReader,
    settings: Settings,
) -> LabelConfig:
    if config is None:
        return infer_label_config(islice(reader, INFERENCE_TASKS))
    if isinstance(config, LabelConfig):
        return config
    path = Path(config)
    try:
        with path.open("rb") as file:
            xml = file.read(settings.bounds.xml_bytes + 1)
    except OSError as exc:
        msg = f"The label config {path} cannot be read: {exc.strerror}."
        raise NotFoundError(msg, hint="Check the path given as config.") from exc
    return parse_label_config(xml, max_bytes=settings.bounds.xml_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One conversion with everything that it needs."""

    plan: Conversion
    target: Format
    options: Any
    selection: Selection
    reader: TaskReader
    config: LabelConfig
    settings: Settings
    progress: Progress

    def run(self) -> Report:
        """Stage, write, check, publish."""
        started = time.monotonic()
        with self._staged() as root, self._open_resolver() as resolver:
            tally = Tally()
            output = self._open_output(root, tally, resolver)
            self.target.write(
                self._items(tally, output), self.config, output, self.options
            )
            report = output.finish(self.target.name, seconds=time.monotonic() - started)
            if self.plan.strict and not report.lossless:
                raise _loss_error(report)
        return report

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        if not self.plan.dry_run:
            with stage(self.plan.out) as root:
                yield root
            return
        with tempfile.TemporaryDirectory(prefix="ls-tools-") as folder:
            yield Path(folder)

    def _open_resolver(self) -> Resolver:
        settings = self.settings
        if self.plan.dry_run:
            settings = settings.evolve(mode="offline")
        return Resolver(settings, progress=StagePart(self.progress, counts=False))

    @property
    def _media_policy(self) -> MediaPolicy:
        if self.plan.dry_run or not self.target.places_media:
            return "none"
        if self.plan.media is not None:
            return self.plan.media
        return "copy" if implies_media(self.plan.to) else "none"

    def _open_output(self, root: Path, tally: Tally, resolver: Resolver) -> Output:
        if self.config.inferred:
            tally.warn("No label config was given: it was inferred from the results.")
        tree = Tree(root)
        names = self._name_media(resolver)
        media_of = TaskMedia(self.config, self.target.objects)
        media = MediaPlacer(
            tree,
            names,
            tally,
            MediaPlan(
                policy=self._media_policy,
                fetch=self._fetcher(resolver),
                references_of=media_of if self._media_policy != "none" else _nothing,
                max_pixels=self.settings.bounds.image_pixels,
            ),
        )
        scope = ClassScope(
            tags=self.target.controls,
            objects=self.target.objects,
            ids=self.target.class_ids,
        )
        return Output(
            tree=tree,
            tally=tally,
            classes=ClassMap.build(self.config, scope, self.plan.classes, tally),
            names=names,
            media=media,
            clip=self.plan.clip,
        )

    def _fetcher(self, resolver: Resolver) -> Fetch | None:
        """How references become files; what is linked to is pinned as well."""
        if not (self.target.places_media or self.target.reads_media):
            return None
        if self._media_policy != "symlink":
            return resolver.paths

        def fetch_and_pin(requests: Sequence[MediaRequest]) -> Sequence[Resolved]:
            found = resolver.paths(requests)
            for one in found:
                if one.error is None:
                    resolver.pin(one.reference, self.plan.out)
            return found

        return fetch_and_pin

    def _name_media(self, resolver: Resolver) -> NamePlan:
        if not self.target.places_media:
            return NamePlan(resolver.parse, style=self.plan.names)
        return NamePlan.build(
            self.reader.scan(_NamedTask),
            TaskMedia(self.config, self.target.objects),
            resolver.parse,
            style=self.plan.names,
        )

    def _items(self, tally: Tally, output: Output) -> Items:
        keeps_untouched = self.target.keeps_unlabeled
        unlabeled: Unlabeled = "untouched" if keeps_untouched else "leave-out"
        tasks = _Watched(self.reader, self.progress)
        items = Items(
            tasks,
            self.selection,
            tally,
            unlabeled="all" if self.plan.include_unlabeled else unlabeled,
        )
        if self._media_policy != "none":
            items.prefetch = output.media.prefetch
        return items


class _NamedTask(msgspec.Struct):
    """What naming media needs of a task."""

    id: int | str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)


class _Watched:
    """A reader whose passes show progress."""

    def __init__(self, reader: TaskReader, progress: Progress) -> None:
        self._reader = reader
        self._progress = progress

    @property
    def problems(self) -> list[Problem]:
        """What the last pass could not read."""
        return self._reader.problems

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks."""
        self._progress.start("tasks", self._reader.count, "tasks")
        untold = 0
        try:
            for task in self._reader:
                yield task
                untold += 1
                if untold == _TASKS_PER_STEP:
                    self._progress.advance(untold)
                    untold = 0
        finally:
            self._progress.advance(untold)
            self._progress.finish()


_TASKS_PER_STEP = 256


def _nothing(task: Task) -> list[str]:
    del task
    return []


def _loss_error(report: Report) -> LossError:
    tasks = [x for x in report.tasks_skipped if x.reason not in NOT_SELECTED_REASONS]
    failed = report.media.failed
    counts = {
        "tasks left out": sum(loss.count for loss in tasks),
        "regions skipped": sum(loss.count for loss in report.skipped),
        "regions written in part": sum(loss.count for loss in report.degraded),
        "media failed": len(failed),
    }
    lost = ", ".join(f"{what}: {count}" for what, count in counts.items() if count)
    reasons = [loss.reason for loss in (*tasks, *report.skipped, *report.degraded)]
    first = (reasons + [failure.cause.rstrip(".") for failure in failed])[0]
    return LossError(
        f"Losses under strict: {lost}. Nothing was published.",
        hint=f"The first: {first}.",
        report=report,
    )
