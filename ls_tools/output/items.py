"""Tasks joined with the annotations that count, counted once as they pass.

Knows no format and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ls_tools.models import Annotation, Task
    from ls_tools.output.tally import Tally
    from ls_tools.regions import Region
    from ls_tools.selection import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
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


class TaskSource(Protocol):
    """A source of tasks that can be read more than once."""

    def __iter__(self) -> Iterator[Task]:
        """Read from the beginning."""


class Items:
    """The items of one conversion; may be iterated several times.

    ``iter(items)`` is the one counted pass: a format goes through it exactly
    once. ``items.scan()`` is a further pass that counts nothing.

    Args:
        tasks: Tasks, re-iterable; its ``problems`` attribute, where it has
            one, lists what could not be read during the last pass.
        selection: Which annotations count.
        tally: Where the counted pass counts.
        include_unlabeled: Yield tasks without a selected annotation too.
        limit: Most tasks read; None for all.
        prefetch: Called with each batch of items before they are yielded by
            the counted pass, so that media are there when they are asked for.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        selection: Selection,
        tally: Tally,
        *,
        include_unlabeled: bool = False,
        limit: int | None = None,
        prefetch: Callable[[Sequence[Item]], None] | None = None,
    ) -> None:
        self._tasks = tasks
        self._selection = selection
        self._tally = tally
        self._include_unlabeled = include_unlabeled
        self._limit = limit
        self._prefetch = prefetch

    def __iter__(self) -> Iterator[Item]:
        """The counted pass. A format makes it exactly once."""
        raise NotImplementedError

    def scan(self) -> Iterator[Item]:
        """The same items, uncounted, for formats that must look ahead."""
        raise NotImplementedError

    def _limited(self) -> Iterator[Task]:
        return islice(self._tasks, self._limit)
