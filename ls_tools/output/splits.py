"""Sharing tasks out: by hash, unless it is settled already.

Knows no format. A task never moves when others come, go, or change places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import UsageError
from ls_tools.output.fingerprints import FINGERPRINT_BITS, fingerprint
from ls_tools.output.split import SPLITS
from ls_tools.output.split_files import SplitRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ls_tools.models import Task
    from ls_tools.output.split import Split
    from ls_tools.output.split_keys import SplitKeys
    from ls_tools.output.split_table import SplitTable
    from ls_tools.output.tally import Tally
    from ls_tools.output.tree import Tree

NO_FIELD = "no value in the field to split by"


class Splitter:
    """Tells the split of every task, and takes it down.

    Args:
        split: What the user wants, with its fractions.
        keys: What tasks go by.
        tree: The output folder.
        tally: Where tasks are counted by split.
        settled: What the file that the split keeps says.

    Attributes:
        split: How tasks are shared out.
        settled: Splits that are not to change.
        drawn: Splits that were drawn by looking ahead.
    """

    def __init__(
        self,
        split: Split,
        keys: SplitKeys,
        tree: Tree,
        tally: Tally,
        *,
        settled: SplitTable,
    ) -> None:
        self.split = split
        self.settled = settled
        self.drawn: SplitTable | None = None
        self._keys = keys
        self._tree = tree
        self._tally = tally
        self._record = SplitRecord(tree.scratch)
        self._bounds = bounds_of(self.split.fractions)
        self._last: tuple[Task, str, int, str] | None = None
        tally.count_splits(self.split.fractions, self.split_of)
        self._field_count = self._kept_count = self._count = 0

    def split_of(self, task: Task) -> str:
        """``train``, ``val`` or ``test``."""
        return self._find(task)[3]

    def number_of(self, task: Task) -> int:
        """The fingerprint of what a task goes by."""
        return fingerprint(self._keys.key(task))

    def take(self, task: Task) -> None:
        """Count a task that is written, and take it down; once per task."""
        _, key, number, split = self._find(task)
        self._record.add(split, key, number)
        self._tally.count_split(split)
        self._count += 1
        if len(self.settled):
            self._kept_count += self.settled.find(number) is not None
        if self._keys.has_field(task):
            self._field_count += 1
        else:
            self._tally.note(NO_FIELD, task_id=task.id)

    def finish(self) -> None:
        """Write ``splits.json``.

        Raises:
            UsageError: No task has the field to split by.
            OutputError: The file cannot be written.
        """
        if self._count and not self._field_count:
            msg = f"No task has a value in the field {self.split.by!r} to split by."
            raise UsageError(msg, hint="Give a key of the task data.")
        if self._count and len(self.settled) and not self._kept_count:
            self._tally.warn("No task is in the splits file: all were shared out anew.")
        self._record.write(self._tree, self.split)
        self._record.close()

    def _find(self, task: Task) -> tuple[Task, str, int, str]:
        last = self._last
        if last is None or last[0] is not task:
            key = self._keys.key(task)
            number = fingerprint(key)
            last = self._last = task, key, number, self._decide(number)
        return last

    def _decide(self, number: int) -> str:
        found = self.settled.find(number) if len(self.settled) else None
        if found is None and self.drawn is not None:
            found = self.drawn.find(number)
        return found or draw(number, self._bounds)


def bounds_of(fractions: Mapping[str, float]) -> list[tuple[str, int]]:
    """Each split that takes tasks, with the fingerprint at which it ends."""
    bounds: list[tuple[str, int]] = []
    total = 0.0
    for name in SPLITS:
        if fraction := fractions.get(name, 0.0):
            total += fraction
            bounds.append((name, round(total * 2**FINGERPRINT_BITS)))
    return bounds


def draw(number: int, bounds: list[tuple[str, int]]) -> str:
    """The split in whose range a fingerprint lies."""
    return next((name for name, end in bounds if number < end), bounds[-1][0])
