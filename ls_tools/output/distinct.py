"""Names that stay distinct by a number at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class DistinctNames:
    """Gives each name once: who comes later gets a number behind it.

    The work is in proportion to the names, however many of them are alike.

    Args:
        taken: Names to give to nobody.
        numbered: How a name and its number are put together.

    Attributes:
        taken: Those, and all that were given.

    Example:
        >>> names = DistinctNames(["a"])
        >>> names.give("a"), names.give("a"), names.give("b")
        ('a_2', 'a_3', 'b')
    """

    def __init__(self, taken: Iterable[str] = (), numbered: str = "{}_{}") -> None:
        self.taken: set[str] = set(taken)
        self._numbered = numbered
        self._next: dict[str, int] = {}

    def give(self, wanted: str) -> str:
        """The name that is wanted, or that name with the lowest number free."""
        name, number = wanted, self._next.get(wanted, 2)
        while name in self.taken:
            name, number = self._numbered.format(wanted, number), number + 1
        self._next[wanted] = number
        self.taken.add(name)
        return name
