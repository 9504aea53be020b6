"""Conversion: an export in, a folder of a target format out."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.errors import LossError
from ls_tools.formats import check_requirements, load_format, preset_options
from ls_tools.output import (
    ClassFinder,
    Report,
    Tally,
    Tree,
    check_output,
    draw_by_class,
    settle,
    stage,
)
from ls_tools.output.replacing import clear_folder
from ls_tools.output.report import NOT_SELECTED_REASONS
from ls_tools.pipeline.division.crew import CrewError
from ls_tools.pipeline.division.planning import divide
from ls_tools.pipeline.inputs import Input, check_apart, open_inputs
from ls_tools.pipeline.job import Job, NamedTask
from ls_tools.pipeline.plan import Conversion, build_options
from ls_tools.progress import NullProgress, StagePart
from ls_tools.resolver.lazy import LazyResolver
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from ls_tools.formats import Format
    from ls_tools.models import Problem, Task
    from ls_tools.output import Items, NamePlan, Output
    from ls_tools.pipeline.inputs import Config, OpenInputs, Source
    from ls_tools.progress import Progress
    from ls_tools.reading import Tasks

_LOGGER = logging.getLogger("ls_tools")


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
        job = Job(
            plan=plan,
            target=target,
            options=options,
            selection=selection,
            config=opened.config,
            own_configs=opened.own_configs,
            inputs=opened.names,
            settings=settings.evolve(mode="offline") if plan.dry_run else settings,
        )
        return _Run(job=job, inputs=opened, progress=progress).run()


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
class _Run:
    """One conversion with everything that is open for it."""

    job: Job
    inputs: OpenInputs
    progress: Progress

    def run(self) -> Report:
        """Stage, write, check, publish."""
        started = time.monotonic()
        with self._staged() as root, self._open_resolver() as resolver:
            if self.job.media_asked != "none":
                resolver.open()  # which may fail, before much is read
            try:
                report = self._write_divided(root, resolver, started)
            except CrewError as exc:
                _LOGGER.debug("One process converts it: %s", exc)
                clear_folder(root)
                report = self._write(root, resolver, started)
            if self.job.plan.strict and not report.lossless:
                raise _loss_error(report)
        return report

    def _write_divided(
        self, root: Path, resolver: LazyResolver, started: float
    ) -> Report:
        """Have several processes write it.

        Raises:
            CrewError: That is not worth it, not possible, or one of them failed.
        """
        job = self.job
        with divide(job, self.inputs.tasks) as joiner:
            names = job.names(resolver)
            if job.target.places_media:
                names.settle(joiner.survey_names())
            if names.has_shared:
                msg = "tasks share media"  # whose labels come together in one file
                raise CrewError(msg)
            with Tree(root) as tree:
                output = self._open_output(tree, names, resolver)
                joiner.write(output, names.facts, self.progress)
                return self._finish(output, started)

    def _write(self, root: Path, resolver: LazyResolver, started: float) -> Report:
        """Write it in this process."""
        job = self.job
        with Tree(root, inputs=job.inputs) as tree:
            output = self._open_output(tree, self._name_media(resolver), resolver)
            tasks = _Watched(self.inputs.tasks, self.progress)
            items = job.items(tasks, output)
            self._share_out(items, output)
            job.target.write(items, job.config, output, job.options)
            return self._finish(output, started)

    def _finish(self, output: Output, started: float) -> Report:
        name = self.job.target.name
        return output.finish(name, seconds=time.monotonic() - started)

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        if not self.job.plan.dry_run:
            with stage(self.job.plan.out) as root:
                yield root
            return
        with tempfile.TemporaryDirectory(prefix="ls-tools-") as folder:
            yield Path(folder)

    def _open_resolver(self) -> LazyResolver:
        progress = StagePart(self.progress, counts=False)
        return LazyResolver(self.job.settings, progress=progress)

    def _open_output(
        self, tree: Tree, names: NamePlan, resolver: LazyResolver
    ) -> Output:
        tally = Tally()
        if self.job.config.inferred:
            tally.warn("No label config was given: it was inferred from the results.")
        for disagreement in self.inputs.disagreements:
            tally.warn(disagreement)
        split = self.job.plan.split
        if split is not None:
            settled = settle(split)
            tree.splitter = self.job.open_splitter(tree, tally, resolver, settled)
        return self.job.open_output(tree, tally, names, resolver)

    def _name_media(self, resolver: LazyResolver) -> NamePlan:
        names = self.job.names(resolver)
        if self.job.target.places_media:
            tasks = self.inputs.tasks.scan(NamedTask)
            names.settle(names.survey(tasks, self.job.media_of))
        return names

    def _share_out(self, items: Items, output: Output) -> None:
        """Look ahead where the tasks of each class are shared out by themselves."""
        splitter = output.tree.splitter
        if splitter is not None and splitter.split.stratify:
            finder = ClassFinder(output.classes, self.job.target.controls)
            splitter.drawn = draw_by_class(items.scan(), splitter, finder)


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
