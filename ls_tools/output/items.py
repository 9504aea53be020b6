"""Tasks joined with the annotations that count, counted once as they pass.

Knows no format and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec

from ls_tools.models import Annotation, Task
from ls_tools.output.problems import count_lost_task, count_task_problems
from ls_tools.regions import Region, group_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ls_tools.models import Problem
    from ls_tools.output.splits import Splitter
    from ls_tools.output.tally import Tally
    from ls_tools.selection import Selection

Unlabeled = Literal["leave-out", "untouched", "all"]
"""What becomes of tasks without a selected annotation; see ``Items``."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What a format writes: a task and one selected annotation of it.

    Attributes:
        task: The task.
        annotation: The annotation; None for a task without one, which comes
            only where the user asked for unlabeled tasks. An annotation
            without regions is a statement: nothing is there.
        regions: The annotation's regions.
        part: Which item of its task this is, from 0.
        parts: How many items its task has; more than one under ``all`` only.
    """

    task: Task
    annotation: Annotation | None = None
    regions: Sequence[Region] = ()
    part: int = 0
    parts: int = 1


PREFETCH_ITEMS = 256
"""Items gathered before their media are asked for together."""

_NOUNS = {"predictions": "prediction", "drafts": "draft"}


class Items:
    """The items of one conversion; may be iterated several times.

    ``iter(items)`` is the one counted pass: a format goes through it exactly
    once. ``items.scan()`` is a further pass that counts nothing.

    Args:
        tasks: Tasks, re-iterable; its ``problems`` attribute, where it has
            one, lists what could not be read during the last pass.
        selection: Which annotations count.
        tally: Where the counted pass counts.
        unlabeled: What becomes of tasks without a selected annotation: they are
            left out; ``untouched`` yields those that have no annotation of
            the kind selected, not even a skipped one; ``all`` yields them all.
        inputs: Names of the inputs where there are several, by their numbers.
        splitter: Takes down the split of every task in the counted pass.
        prefetch: Called with each batch of items before the counted pass
            yields them, so that media are here when they are asked for.

    Attributes:
        selection: Which annotations count.
    """

    def __init__(  # noqa: PLR0913 -- each is named by the caller
        self,
        tasks: Iterable[Task],
        selection: Selection,
        tally: Tally,
        *,
        unlabeled: Unlabeled = "leave-out",
        inputs: Sequence[str] = (),
        splitter: Splitter | None = None,
        prefetch: Callable[[Sequence[Item]], None] | None = None,
    ) -> None:
        self.selection: Selection = selection
        self._tasks = tasks
        self._tally = tally
        self._unlabeled = unlabeled
        self._inputs = inputs
        self._splitter = splitter
        self._prefetch = prefetch
        self._is_counted = False

    def __iter__(self) -> Iterator[Item]:
        """The counted pass.

        Raises:
            RuntimeError: It was made before: a bug in the format.
        """
        if self._is_counted:
            msg = "Items were counted already; use scan() for a further pass."
            raise RuntimeError(msg)
        self._is_counted = True
        return self._all()

    def count(self, tasks: Iterable[Task]) -> Iterator[Item]:
        """The items of tasks that come next, counted.

        For what passes in runs rather than at once; ``count_lost`` comes last.
        """
        items = self._counted(tasks)
        if self._prefetch is not None:
            items = _ahead(items, self._prefetch)
        return self._named(items) if self._inputs else items

    def count_lost(self, problems: Iterable[Problem]) -> None:
        """Count the tasks that could not be read at all."""
        for problem in problems:
            self._name_input(problem.input)
            count_lost_task(problem, self._tally)

    def scan(self) -> Iterator[Item]:
        """The same items, uncounted, for formats that must look ahead."""
        for task in self._tasks:
            yield from self._items_of(task, self.selection.pick(task))

    def _all(self) -> Iterator[Item]:
        yield from self.count(self._tasks)
        self.count_lost(getattr(self._tasks, "problems", ()))

    def _counted(self, tasks: Iterable[Task]) -> Iterator[Item]:
        tally, selection = self._tally, self.selection
        for task in tasks:
            self._name_input(task.input)
            tally.tasks_in += 1
            tally.annotations_in += len(selection.candidates(task))
            picked = selection.pick(task)
            tally.annotations_selected += len(picked)
            if self._splitter is not None and (picked or self._keeps(task)):
                self._splitter.take(task)
            for item in self._items_of(task, picked):
                tally.regions_in += len(item.regions)
                yield item
            if not picked and not self._keeps(task):
                tally.skip_task(unlabeled_reason(task, selection), task_id=task.id)
            if task.problems:
                count_task_problems(task, picked, selection, tally)

    def _named(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items; while one is written, the tally knows its input."""
        for item in items:
            self._name_input(item.task.input)
            yield item

    def _name_input(self, number: int) -> None:
        if self._inputs:
            self._tally.input = self._inputs[number]

    def _keeps(self, task: Task) -> bool:
        """Whether a task without a selected annotation is yielded."""
        if self._unlabeled == "untouched":
            return not self.selection.candidates(task)
        return self._unlabeled == "all"

    def _items_of(self, task: Task, picked: Sequence[Annotation]) -> Iterator[Item]:
        if not picked and self._keeps(task):
            yield Item(task=task)
        for part, annotation in enumerate(picked):
            yield Item(
                task=task,
                annotation=annotation,
                regions=group_regions(annotation),
                part=part,
                parts=len(picked),
            )


def unlabeled_reason(task: Task, selection: Selection) -> str:
    """Why the selection takes nothing of ``task``, in the words of a Report."""
    noun = _NOUNS.get(selection.policy, "annotation")
    found = selection.candidates(task)
    if found:
        if all(annotation.was_cancelled for annotation in found):
            return f"only skipped {noun}s"
        return f"no selected {noun}"
    if (noun == "prediction" and task.bare_predictions) or (
        noun == "draft" and task.bare_drafts
    ):
        return f"{noun}s exported as ids only"
    return _other_kinds(task) if noun == "annotation" else f"no {noun}"


def _other_kinds(task: Task) -> str:
    kinds = [
        kind
        for kind, has_some in (
            ("predictions", task.predictions or task.bare_predictions),
            ("drafts", task.drafts or task.bare_drafts),
        )
        if has_some
    ]
    return f"only {' and '.join(kinds)}" if kinds else "no annotation"


def _ahead(
    items: Iterator[Item], prefetch: Callable[[Sequence[Item]], None]
) -> Iterator[Item]:
    while batch := list(islice(items, PREFETCH_ITEMS)):
        prefetch(batch)
        yield from batch
