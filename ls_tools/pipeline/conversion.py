"""Conversion: an export in, a folder of a target format out."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import LossError
from ls_tools.formats import (
    check_requirements,
    implies_media,
    load_format,
    preset_options,
)
from ls_tools.output import (
    ClassFinder,
    ClassMap,
    ClassScope,
    Items,
    MediaPlacer,
    MediaPlan,
    NamePlan,
    Output,
    Report,
    SplitKeys,
    Splitter,
    Tally,
    TaskMedia,
    Tree,
    check_output,
    draw_by_class,
    settle,
    stage,
)
from ls_tools.output.report import NOT_SELECTED_REASONS
from ls_tools.pipeline.inputs import Input, check_apart, open_inputs
from ls_tools.pipeline.plan import Conversion, build_options
from ls_tools.progress import NullProgress, StagePart
from ls_tools.resolver import Resolver
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from ls_tools.formats import Format
    from ls_tools.models import Problem, Task
    from ls_tools.output import MediaPolicy
    from ls_tools.output.items import Unlabeled
    from ls_tools.output.media import Fetch
    from ls_tools.pipeline.inputs import Config, OpenInputs, Source
    from ls_tools.progress import Progress
    from ls_tools.reading import Tasks
    from ls_tools.resolver import MediaRequest, Resolved


def convert(  # noqa: PLR0913 -- each is named by the caller
    source: Source | Sequence[Source],
    to: str,
    out: str | os.PathLike[str],
    *,
    config: Config | Sequence[Config] = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Convert an export, or several into one dataset.

    Args:
        source: A file, a directory, ``-``, ``s3://bucket/prefix/`` and its like
            (as ``read_tasks`` takes it), or an open binary file; or a list of
            these, which become one dataset with one class map.
        to: Name of the target format: ``"yolo"``.
        out: Folder to write; a folder that an earlier run wrote is replaced.
        config: Label config: a path, or one that is parsed already; inferred
            from the results where None. A list gives each input its own.
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
    inputs = Input.each(source, config)
    return run_conversion(inputs, plan, settings=settings, progress=progress)


def run_conversion(
    inputs: Sequence[Input],
    plan: Conversion,
    *,
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
        for one in inputs:
            check_apart(one.source, plan.out)
    progress = progress or NullProgress()
    with open_inputs(
        inputs, plan, target, settings=settings, progress=progress
    ) as opened:
        job = _Job(
            plan=plan,
            target=target,
            options=options,
            selection=selection,
            inputs=opened,
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
        MissingDependencyError: The format cannot work with what is installed.
        OutputError: The output folder is not ours to replace.
    """
    target = load_format(plan.to)
    options = build_options(target, {**preset_options(target, plan.to), **plan.options})
    selection = Selection.parse(
        plan.select or target.default_selection, keep_cancelled=target.keeps_cancelled
    )
    check_requirements(target)
    if plan.split is not None:
        settle(plan.split)
    if not plan.dry_run:
        check_output(plan.out)
    return target, options, selection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One conversion with everything that it needs."""

    plan: Conversion
    target: Format
    options: Any
    selection: Selection
    inputs: OpenInputs
    settings: Settings
    progress: Progress

    def run(self) -> Report:
        """Stage, write, check, publish."""
        started = time.monotonic()
        with (
            self._staged() as root,
            Tree(root, inputs=self.inputs.names) as tree,
            self._open_resolver() as resolver,
        ):
            tally = Tally()
            output = self._open_output(tree, tally, resolver)
            items = self._items(tally, output)
            self._share_out(items, output)
            self.target.write(items, self.inputs.config, output, self.options)
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

    def _open_output(self, tree: Tree, tally: Tally, resolver: Resolver) -> Output:
        config = self.inputs.config
        if config.inferred:
            tally.warn("No label config was given: it was inferred from the results.")
        for disagreement in self.inputs.disagreements:
            tally.warn(disagreement)
        tree.splitter = self._open_splitter(tree, tally, resolver)
        names = self._name_media(resolver)
        media_of = TaskMedia(config, self.target.objects)
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
            classes=ClassMap.build(config, scope, self.plan.classes, tally),
            names=names,
            media=media,
            clip=self.plan.clip,
            bounds=self.settings.bounds,
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
            self.inputs.tasks.scan(_NamedTask),
            TaskMedia(self.inputs.config, self.target.objects),
            resolver.parse,
            style=self.plan.names,
        )

    def _open_splitter(
        self, tree: Tree, tally: Tally, resolver: Resolver
    ) -> Splitter | None:
        if self.plan.split is None:
            return None
        split, settled = settle(self.plan.split)
        own_media = [
            TaskMedia.files(config, self.target.objects)
            for config in self.inputs.own_configs
        ]
        keys = SplitKeys(
            lambda task: own_media[task.input](task), resolver.parse, by=split.by
        )
        return Splitter(split, keys, tree, tally, settled=settled)

    def _share_out(self, items: Items, output: Output) -> None:
        """Look ahead where the tasks of each class are shared out by themselves."""
        splitter = output.tree.splitter
        if splitter is not None and splitter.split.stratify:
            finder = ClassFinder(output.classes, self.target.controls)
            splitter.drawn = draw_by_class(items.scan(), splitter, finder)

    def _items(self, tally: Tally, output: Output) -> Items:
        keeps_untouched = self.target.keeps_unlabeled
        unlabeled: Unlabeled = "untouched" if keeps_untouched else "leave-out"
        tasks = _Watched(self.inputs.tasks, self.progress)
        items = Items(
            tasks,
            self.selection,
            tally,
            unlabeled="all" if self.plan.include_unlabeled else unlabeled,
        )
        items.inputs = self.inputs.names
        items.splitter = output.tree.splitter
        if self._media_policy != "none":
            items.prefetch = output.media.prefetch
        return items


class _NamedTask(msgspec.Struct):
    """What naming media needs of a task."""

    id: int | str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)


class _Watched:
    """Tasks whose passes show progress."""

    def __init__(self, tasks: Tasks, progress: Progress) -> None:
        self._tasks = tasks
        self._progress = progress

    @property
    def problems(self) -> list[Problem]:
        """What the last pass could not read."""
        return self._tasks.problems

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks."""
        self._progress.start("tasks", self._tasks.count, "tasks")
        untold = 0
        try:
            for task in self._tasks:
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
