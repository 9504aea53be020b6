"""The Report: what came in, what was written, what was lost and why.

Data only; who counts is ``ls_tools.output.tally``.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

SCHEMA_VERSION = 1
"""Version of the Report's JSON."""

EXAMPLES_PER_REASON = 5
"""Most examples listed per reason: the first ones met."""

NOT_SELECTED_REASONS = frozenset(
    {
        "no annotation",
        "no prediction",
        "no draft",
        "only skipped annotations",
        "only skipped predictions",
        "only skipped drafts",
        "only predictions",
        "only drafts",
        "only predictions and drafts",
        "no selected annotation",
        "no selected prediction",
        "no selected draft",
    }
)
"""Reasons of tasks left out because the selection names nothing in them: no
label is lost by that."""


class Example(msgspec.Struct, kw_only=True, frozen=True):
    """Where something was skipped: a task, and a region unless it was whole.

    Attributes:
        task_id: The task.
        region_id: The region; left out where it was the whole task.
        input: The input that the task is from; left out where there is one.
    """

    task_id: int | str | None = None
    region_id: str | UnsetType | None = UNSET
    input: str | UnsetType = UNSET


class Loss(msgspec.Struct, kw_only=True):
    """One reason with its count and its first examples.

    Attributes:
        reason: A few words that do not depend on the data.
        count: How many regions, or tasks.
        examples: Where, the first five.
    """

    reason: str
    count: int = 0
    examples: list[Example] = msgspec.field(default_factory=list)


class MediaFailure(msgspec.Struct, kw_only=True):
    """One medium that is not in the output.

    Attributes:
        task_id: The first task that refers to it.
        reference: The reference, without secrets.
        kind: The ``kind`` of the error, a stable word for programs.
        cause: What went wrong, one sentence.
        input: The input that the task is from; left out where there is one.
    """

    task_id: int | str | None = None
    reference: str = ""
    kind: str = "failed"
    cause: str = ""
    input: str | UnsetType = UNSET


class Media(msgspec.Struct, kw_only=True):
    """The media that the written tasks refer to.

    Attributes:
        references: Distinct media referred to.
        failed: Those that could not be had, the first 1,000 of them; a
            warning counts the rest.
    """

    references: int = 0
    failed: list[MediaFailure] = msgspec.field(default_factory=list)


class Run(msgspec.Struct, kw_only=True):
    """What differs from run to run, and therefore is not in ``report.json``.

    Attributes:
        seconds: Wall time.
        fetched: Media fetched.
        from_cache: Media that were here without fetching.
    """

    seconds: float = 0.0
    fetched: int = 0
    from_cache: int = 0


class Report(msgspec.Struct, kw_only=True):
    """The outcome of a conversion.

    Attributes:
        schema_version: Version of this JSON.
        format: Name of the format written.
        tasks_in: Tasks read.
        tasks_written: Tasks in the output.
        tasks_skipped: Tasks that are not, by reason.
        annotations_in: Annotations of the kind selected, in all tasks.
        annotations_selected: Those that the selection took.
        regions_in: Regions of the selected annotations.
        regions_written: Regions in the output, in whole or in part.
        skipped: Regions that are not, by reason.
        degraded: Regions written with a part of them lost, by reason.
        warnings: Sentences for the reader.
        media: The media.
        files_written: Files in the output; ``manifest.jsonl`` and
            ``report.json`` do not count.
        splits: Tasks written by split; left out where there is no split.
        run: Left out of ``report.json``.
    """

    schema_version: int = SCHEMA_VERSION
    format: str = ""
    tasks_in: int = 0
    tasks_written: int = 0
    tasks_skipped: list[Loss] = msgspec.field(default_factory=list)
    annotations_in: int = 0
    annotations_selected: int = 0
    regions_in: int = 0
    regions_written: int = 0
    skipped: list[Loss] = msgspec.field(default_factory=list)
    degraded: list[Loss] = msgspec.field(default_factory=list)
    warnings: list[str] = msgspec.field(default_factory=list)
    media: Media = msgspec.field(default_factory=Media)
    files_written: int = 0
    splits: dict[str, int] | UnsetType = UNSET
    run: Run | UnsetType = UNSET

    @property
    def lossless(self) -> bool:
        """Whether everything selected is in the output, whole.

        Tasks in which the selection names nothing are no loss.
        """
        return not (
            self.skipped
            or self.degraded
            or self.media.failed
            or any(
                loss.reason not in NOT_SELECTED_REASONS for loss in self.tasks_skipped
            )
        )

    def to_json(self, *, run: bool = True) -> bytes:
        """The Report as indented JSON with a final newline.

        Args:
            run: Include ``run``. Without it equal inputs give equal bytes.
        """
        report = self if run else msgspec.structs.replace(self, run=UNSET)
        return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"

    def check(self) -> None:
        """Check that the counts add up.

        Raises:
            AssertionError: They do not: a bug in ls_tools or in a format.
        """
        skipped = sum(loss.count for loss in self.skipped)
        if self.regions_in != self.regions_written + skipped:
            msg = (
                f"The Report of {self.format!r} does not add up: {self.regions_in} "
                f"regions in, {self.regions_written} written, {skipped} skipped."
            )
            raise AssertionError(msg)
        left_out = sum(loss.count for loss in self.tasks_skipped)
        if self.tasks_in != self.tasks_written + left_out or self.tasks_written < 0:
            msg = (
                f"The Report of {self.format!r} does not add up: {self.tasks_in} "
                f"tasks in, {self.tasks_written} written, {left_out} skipped."
            )
            raise AssertionError(msg)
