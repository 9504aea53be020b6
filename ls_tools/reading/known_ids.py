"""Which task ids came before, in 8 bytes each while they only grow."""

from __future__ import annotations

from array import array

_MOST = 2**63


class KnownIds:
    """Tells repeated task ids."""

    def __init__(self) -> None:
        self._grown = array("q")
        self._top: int = -_MOST
        self._seen: set[int | str] = set()
        self._is_ordered = True

    def is_repeated(self, task_id: int | str) -> bool:
        """Whether this id came before; it counts as known from now on."""
        if self._is_ordered:
            if isinstance(task_id, int) and self._top < task_id < _MOST:
                self._top = task_id
                self._grown.append(task_id)
                return False
            self._seen = self._ids()
            self._grown = array("q")
            self._is_ordered = False
        before = len(self._seen)
        self._seen.add(task_id)
        return len(self._seen) == before

    def merge(self, later: KnownIds) -> bool:
        """Know the ids of what comes next too, unless one of them came before.

        Returns:
            Whether they are known now.
        """
        if self._is_ordered and later._is_ordered:
            if not later._grown:
                return True
            if later._grown[0] > self._top:
                self._grown += later._grown
                self._top = later._top
                return True
        ids, known = later._ids(), self._ids()
        if not ids.isdisjoint(known):
            return False
        known |= ids
        self._seen = known
        self._grown = array("q")
        self._is_ordered = False
        return True

    def _ids(self) -> set[int | str]:
        return set(self._grown) if self._is_ordered else self._seen
