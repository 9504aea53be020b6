"""Sharing tasks out: by hash, unless it is settled already.

Knows no format. A task never moves when others come, go, or change places.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

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


class SplitsTaken(msgspec.Struct):
    """What a splitter took down.

    Attributes:
        entries: Split, key and fingerprint of each task; of a part of an output,
            whose ``splits.json`` another process writes.
        count: How many tasks.
        lacking_count: Those that lack the field to split by.
        kept_count: Those whose split was settled.
    """

    entries: list[tuple[str, str, int]] = msgspec.field(default_factory=list)
    count: int = 0
    lacking_count: int = 0
    kept_count: int = 0


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
        self._taken = SplitsTaken()
        self._shares = Shares(split.fractions)
        self._last: tuple[Task, str, int, str] | None = None
        tally.count_splits(self.split.fractions, self.split_of)
        self._has_settled = len(settled) > 0

    def split_of(self, task: Task) -> str:
        """``train``, ``val`` or ``test``."""
        return self._find(task)[3]

    def number_of(self, task: Task) -> int:
        """The fingerprint of what a task goes by."""
        return fingerprint(self._keys.key(task))

    def take(self, task: Task) -> None:
        """Count a task that is written, and take it down; once per task."""
        _, key, number, split = self._find(task)
        taken = self._taken
        if self._tree.is_part:
            taken.entries.append((split, key, number))
        else:
            self._record.add(split, key, number)
        self._tally.count_split(split)
        taken.count += 1
        if self._keys.lacks_field(task):
            taken.lacking_count += 1
            self._tally.note(NO_FIELD, task_id=task.id)
        if self._has_settled and self.settled.find(number) is not None:
            taken.kept_count += 1

    def taken(self) -> SplitsTaken:
        """What was taken down, of a part of an output."""
        return self._taken

    def adopt(self, taken: SplitsTaken) -> None:
        """Take down what another process took down of the tasks that come next."""
        for split, key, number in taken.entries:
            self._record.add(split, key, number)
        self._taken.count += taken.count
        self._taken.lacking_count += taken.lacking_count
        self._taken.kept_count += taken.kept_count

    def finish(self) -> None:
        """Write ``splits.json``.

        Raises:
            UsageError: No task has the field to split by.
            OutputError: The file cannot be written.
        """
        taken = self._taken
        if taken.count and taken.lacking_count == taken.count:
            msg = f"No task has a value in the field {self.split.by!r} to split by."
            raise UsageError(msg, hint="Give a key of the task data.")
        if taken.count and self._has_settled and not taken.kept_count:
            self._tally.warn("No task is in the splits file: all were shared out anew.")
        self._record.write(self._tree, self.split)

    def close(self) -> None:
        """Let go of the temporary files."""
        self._record.close()

    def _find(self, task: Task) -> tuple[Task, str, int, str]:
        last = self._last
        if last is None or last[0] is not task:
            key = self._keys.key(task)
            number = fingerprint(key)
            last = self._last = task, key, number, self._decide(number)
        return last

    def _decide(self, number: int) -> str:
        found = self.settled.find(number) if self._has_settled else None
        if found is None and self.drawn is not None:
            found = self.drawn.find(number)
        return found or self._shares.split_of(number)


class Shares:
    """The range of fingerprints that each split takes.

    Args:
        fractions: The fraction of each split.
    """

    def __init__(self, fractions: Mapping[str, float]) -> None:
        self._names = [name for name in SPLITS if fractions.get(name)]
        shares = accumulate(fractions[name] for name in self._names)
        ends = [round(share * 2**FINGERPRINT_BITS) for share in shares]
        self._ends = ends[:-1]  # the last one takes the rest

    def split_of(self, number: int) -> str:
        """The split that takes a fingerprint."""
        return self._names[bisect_right(self._ends, number)]
