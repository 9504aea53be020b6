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
            self._seen = set(self._grown)
            self._grown = array("q")
            self._is_ordered = False
        before = len(self._seen)
        self._seen.add(task_id)
        return len(self._seen) == before
