"""What one pass over an input could not read, bounded in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ls_tools.models import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_KEPT = 10_000
"""Most problems kept one by one; of further ones only sums by reason."""


class ProblemLog:
    """Collects Problems; beyond ``MOST_KEPT`` it adds up their counts by reason.

    Attributes:
        kept: The problems, in the order in which they were met. After
            ``close``, one more per reason stands for those not kept, with
            their sums.
    """

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self._sums: dict[tuple[str, str], list[int]] = {}

    def add(self, problems: Iterable[Problem]) -> None:
        """Note problems."""
        for problem in problems:
            if len(self.kept) < MOST_KEPT:
                self.kept.append(problem)
            else:
                self._sum(problem)

    def has_room_for(self, other: ProblemLog) -> bool:
        """Whether all that ``other`` was told of can be kept one by one here too."""
        is_whole = not (self._sums or other._sums)
        return is_whole and len(self.kept) + len(other.kept) <= MOST_KEPT

    def close(self) -> None:
        """Append the sums of those that were not kept."""
        for (reason, kind), (count, *lost) in self._sums.items():
            rest = Problem(reason=reason, kind=kind, detail=f"{count} more")
            sums = dict(zip(("tasks", "annotations", "regions"), lost, strict=True))
            self.kept.append(replace(rest, **sums))
        self._sums.clear()

    def _sum(self, problem: Problem) -> None:
        sums = self._sums.setdefault((problem.reason, problem.kind), [0, 0, 0, 0])
        counts = (1, problem.tasks, problem.annotations, problem.regions)
        for place, count in enumerate(counts):
            sums[place] += count
