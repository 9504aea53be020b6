"""Counting what is read, written and lost; ends in a Report.

Knows no format and no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from ls_tools.errors import LsToolsError
from ls_tools.origin import redact_url
from ls_tools.output.report import (
    EXAMPLES_PER_REASON,
    Example,
    Loss,
    Media,
    MediaFailure,
    Report,
    Run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ls_tools.models import Task
    from ls_tools.output.items import Item

MAX_REASONS = 200
"""Most distinct reasons kept per list; further ones count as OTHER_REASONS."""

MAX_WARNINGS = 200
"""Most distinct warnings kept."""

MAX_FAILURES = 1_000
"""Most failed media listed one by one."""

OTHER_REASONS = "other reasons"


class Tally:
    """Counts of one conversion. Not thread-safe: one thread writes an output.

    The public attributes may be added to directly in hot loops.

    Attributes:
        tasks_in: Tasks read.
        annotations_in: Annotations of the kind selected.
        annotations_selected: Those that the selection took.
        regions_in: Regions of the selected annotations.
        regions_written: Regions written.
        references: Distinct media referred to.
        fetched: Media fetched in this run.
        from_cache: Media found here without fetching.
        input: Which of several inputs the task at hand is from; UNSET where
            there is one.
    """

    __slots__ = (
        "_degraded",
        "_failures",
        "_kinds",
        "_notes",
        "_partly_skipped",
        "_skipped",
        "_split_of",
        "_splits",
        "_tasks_skipped",
        "_warnings",
        "annotations_in",
        "annotations_selected",
        "failures",
        "fetched",
        "from_cache",
        "input",
        "references",
        "regions_in",
        "regions_written",
        "tasks_in",
        "unlisted_warnings",
    )

    def __init__(self) -> None:
        self.tasks_in: int = 0
        self.annotations_in: int = 0
        self.annotations_selected: int = 0
        self.regions_in: int = 0
        self.regions_written: int = 0
        self.references: int = 0
        self.fetched: int = 0
        self.from_cache: int = 0
        self.failures: int = 0
        self.unlisted_warnings: int = 0
        self.input: str | UnsetType = UNSET
        self._tasks_skipped: dict[str, Loss] = {}
        self._skipped: dict[str, Loss] = {}
        self._degraded: dict[str, Loss] = {}
        self._notes: dict[str, Loss] = {}
        self._warnings: dict[str, str] = {}
        self._kinds: set[str] = set()
        self._failures: list[MediaFailure] = []
        self._partly_skipped: dict[int, int] = {}
        self._split_of: Callable[[Task], str] | None = None
        self._splits: dict[str, int] = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """All but what tells splits, which belongs to one process."""
        return None, {name: getattr(self, name) for name in _KEPT}

    def count_splits(self, names: Iterable[str], of: Callable[[Task], str]) -> None:
        """Count the tasks of each split from now on.

        Args:
            names: The splits.
            of: The split of a task.
        """
        self._splits = dict.fromkeys(names, 0)
        self._split_of = of

    def count_split(self, split: str) -> None:
        """A task of this split is written, unless it is skipped afterwards."""
        self._splits[split] = self._splits.get(split, 0) + 1

    def wrote(self, count: int = 1) -> None:
        """``count`` regions are in the output."""
        self.regions_written += count

    def skip(
        self,
        reason: str,
        *,
        task_id: int | str | None,
        region_id: str | None = None,
        count: int = 1,
    ) -> None:
        """``count`` regions are not in the output.

        Args:
            reason: Why, in a few words that do not depend on the region:
                ``"control not expressible: Choices"``.
            task_id: Where.
            region_id: The region, or the first of them.
            count: How many regions.
        """
        if count:
            example = self._example(task_id, region_id)
            _add(self._skipped, reason, count, example)

    def degrade(
        self,
        reason: str,
        *,
        task_id: int | str | None,
        region_id: str | None = None,
        count: int = 1,
    ) -> None:
        """``count`` regions are written, with a part of them lost.

        Such a region is also counted by ``wrote``.
        """
        if count:
            example = self._example(task_id, region_id)
            _add(self._degraded, reason, count, example)

    def skip_task(
        self, reason: str, *, task_id: int | str | None, count: int = 1
    ) -> None:
        """A whole task is not in the output; its regions are not counted here.

        For an Item use ``skip_item``, which counts its regions too.
        """
        _add(self._tasks_skipped, reason, count, self._example(task_id))

    def skip_item(self, reason: str, item: Item) -> None:
        """Nothing of ``item`` is in the output: its regions are skipped.

        Its task is skipped as well when the same happens to every item of it.
        """
        task = item.task
        if item.regions:
            self.skip(
                reason,
                task_id=task.id,
                region_id=item.regions[0].id,
                count=len(item.regions),
            )
        skipped = self._partly_skipped.pop(task.index, 0) + 1
        if skipped < item.parts:
            self._partly_skipped[task.index] = skipped
        else:
            self.skip_task(reason, task_id=task.id)
            if self._split_of is not None:
                self._splits[self._split_of(task)] -= 1

    def warn(self, text: str, *, kind: str = "") -> None:
        """Tell the reader something, once; one sentence.

        Args:
            text: The sentence.
            kind: Where it is given, only the first of its kind is told.
        """
        if text in self._warnings or kind in self._kinds:
            return
        if kind:
            self._kinds.add(kind)
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings[text] = kind
        else:
            self.unlisted_warnings += 1

    def note(self, reason: str, *, task_id: int | str | None) -> None:
        """Something was odd in many places, and nothing is lost by it alone.

        Becomes one warning per reason, with its count and the first task.
        """
        _add(self._notes, reason, 1, self._example(task_id))

    def media_failed(
        self, reference: str, cause: LsToolsError | str, *, task_id: int | str | None
    ) -> None:
        """A medium is not in the output.

        Args:
            reference: As in the task; its secrets are taken out here.
            cause: The error, or a sentence that holds no secret.
            task_id: The task that refers to it.
        """
        self.failures += 1
        if len(self._failures) >= MAX_FAILURES:
            return
        kind, text = (
            (cause.kind, str(cause))
            if isinstance(cause, LsToolsError)
            else ("failed", cause)
        )
        self._failures.append(
            MediaFailure(
                task_id=task_id,
                reference=redact_url(reference),
                kind=kind,
                cause=text,
                input=self.input,
            )
        )

    def adopt(self, other: Tally) -> None:
        """Add what another process counted of the items that come next.

        Args:
            other: There is room for it.
        """
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _LOSSES:
            mine = getattr(self, name)
            for loss in getattr(other, name).values():
                _add(mine, loss.reason, loss.count, *loss.examples)
        for text, kind in other._warnings.items():
            self.warn(text, kind=kind)
        for split, count in other._splits.items():
            self._splits[split] = self._splits.get(split, 0) + count
        room = MAX_FAILURES - len(self._failures)
        self._failures += other._failures[:room]

    def has_room_for(self, other: Tally) -> bool:
        """Whether reasons and warnings of ``other`` can be told apart here too."""
        is_whole = not other.unlisted_warnings and not any(
            OTHER_REASONS in getattr(other, name) for name in _LOSSES
        )
        return (
            is_whole
            and _fits(self._warnings, other._warnings, MAX_WARNINGS)
            and all(
                _fits(getattr(self, name), getattr(other, name), MAX_REASONS)
                for name in _LOSSES
            )
        )

    def report(
        self, format_name: str, *, files_written: int, seconds: float = 0.0
    ) -> Report:
        """The Report of what was counted so far; it is not checked.

        Args:
            format_name: Name of the format.
            files_written: Files in the output.
            seconds: Wall time of the run.
        """
        tasks_skipped = _listed(self._tasks_skipped)
        left_out = sum(loss.count for loss in tasks_skipped)
        return Report(
            format=format_name,
            tasks_in=self.tasks_in,
            tasks_written=self.tasks_in - left_out,
            tasks_skipped=tasks_skipped,
            annotations_in=self.annotations_in,
            annotations_selected=self.annotations_selected,
            regions_in=self.regions_in,
            regions_written=self.regions_written,
            skipped=_listed(self._skipped),
            degraded=_listed(self._degraded),
            warnings=self._listed_warnings(),
            media=Media(references=self.references, failed=list(self._failures)),
            files_written=files_written,
            splits=UNSET if self._split_of is None else dict(self._splits),
            run=Run(
                seconds=round(seconds, 3),
                fetched=self.fetched,
                from_cache=self.from_cache,
            ),
        )

    def _example(
        self, task_id: int | str | None, region_id: str | UnsetType | None = UNSET
    ) -> Example:
        return Example(task_id=task_id, region_id=region_id, input=self.input)

    def _listed_warnings(self) -> list[str]:
        warnings = list(self._warnings)
        warnings.extend(_noted(loss) for loss in self._notes.values())
        if self.unlisted_warnings:
            warnings.append(f"{self.unlisted_warnings} more warnings are not listed.")
        unlisted = self.failures - len(self._failures)
        if unlisted:
            warnings.append(f"{unlisted} more failed media are not listed.")
        return warnings


_KEPT = tuple(name for name in Tally.__slots__ if name != "_split_of")
_COUNTS = (
    "tasks_in",
    "annotations_in",
    "annotations_selected",
    "regions_in",
    "regions_written",
    "references",
    "fetched",
    "from_cache",
    "failures",
)
_LOSSES = ("_tasks_skipped", "_skipped", "_degraded", "_notes")


def _add(losses: dict[str, Loss], reason: str, count: int, *examples: Example) -> None:
    loss = losses.get(reason)
    if loss is None:
        if len(losses) >= MAX_REASONS:
            reason = OTHER_REASONS
        loss = losses.setdefault(reason, Loss(reason=reason))
    loss.count += count
    loss.examples += examples[: EXAMPLES_PER_REASON - len(loss.examples)]


def _fits(mine: dict[str, Any], theirs: dict[str, Any], most: int) -> bool:
    new = theirs.keys() - mine.keys()
    return not new or len(mine) + len(new) <= most


def _noted(loss: Loss) -> str:
    times = "once" if loss.count == 1 else f"{loss.count} times"
    first = loss.examples[0]
    where = "" if first.task_id is None else f", first in task {first.task_id}"
    if where and first.input is not UNSET:
        where += f" of {first.input}"
    return f"{loss.reason[:1].upper()}{loss.reason[1:]}: {times}{where}."


def _listed(losses: dict[str, Loss]) -> list[Loss]:
    return [
        Loss(reason=loss.reason, count=loss.count, examples=list(loss.examples))
        for loss in losses.values()
    ]
