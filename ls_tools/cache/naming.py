"""Names that nobody else takes, for what is about to be renamed into place."""

from __future__ import annotations

import os
import uuid
from itertools import count


class _Names:
    """A random start for each process, and a number for each name."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.start = uuid.uuid4().hex
        self.numbers = count()


_names = _Names()
os.register_at_fork(after_in_child=_names.begin)


def unique_name() -> str:
    """Letters and digits that no other process, here or elsewhere, comes up with."""
    return f"{_names.start}{next(_names.numbers):x}"
