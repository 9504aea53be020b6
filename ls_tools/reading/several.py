"""Several exports, read one after the other as if they were one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ls_tools.models import Problem, Task

S = TypeVar("S", bound=msgspec.Struct)


class Tasks(Protocol):
    """Tasks to go through any number of times; ``TaskReader`` is one."""

    @property
    def problems(self) -> list[Problem]:
        """What the last pass could not read."""
        raise NotImplementedError

    @property
    def count(self) -> int | None:
        """Number of entries that a pass goes through; None where not known."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks."""
        raise NotImplementedError

    def scan(self, struct_type: type[S]) -> Iterator[S]:
        """A quick pass that decodes only what ``struct_type`` names."""
        raise NotImplementedError


class SeveralTasks:
    """The tasks of several inputs, each numbered by its input.

    Ids may be the same in two inputs; ``Task.index`` never is.

    Args:
        inputs: The inputs.
        limit: Most tasks of a pass; None for all.
    """

    def __init__(self, inputs: Sequence[Tasks], *, limit: int | None = None) -> None:
        self._inputs = inputs
        self._limit = limit

    @property
    def problems(self) -> list[Problem]:
        """What the last pass could not read, input by input."""
        return [
            replace(problem, input=number) if number else problem
            for number, tasks in enumerate(self._inputs)
            for problem in tasks.problems
        ]

    @property
    def count(self) -> int | None:
        """Number of entries that a pass goes through; None where not known."""
        total = 0
        for tasks in self._inputs:
            if tasks.count is None:
                return None
            total += tasks.count
        return total if self._limit is None else min(total, self._limit)

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks."""
        return islice(self._tasks(), self._limit)

    def scan(self, struct_type: type[S]) -> Iterator[S]:
        """A quick pass that decodes only what ``struct_type`` names."""
        found = (value for tasks in self._inputs for value in tasks.scan(struct_type))
        return islice(found, self._limit)

    def _tasks(self) -> Iterator[Task]:
        following = 0
        for number, tasks in enumerate(self._inputs):
            first = following
            for task in tasks:
                task.index += first
                task.input = number
                following = task.index + 1
                yield task
