"""File names of the output's media: the server's names, without collisions.

Knows no format; opens no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ls_tools.models import Task

NameStyle = Literal["original", "task-id"]


class NamePlan:
    """One file name per medium, or per task and medium.

    No two names of a plan have the same stem, in any letter case or Unicode
    form: ``a.jpg`` and ``A.png`` would share ``labels/a.txt``.
    """

    def name(self, reference: str, task: Task) -> str:
        """The file name for a reference of a task; at most 200 bytes of UTF-8.

        The same arguments give the same name, and no others do.
        """
        raise NotImplementedError

    def stem(self, reference: str, task: Task) -> str:
        """``name`` without its extension, for files that go with the medium."""
        raise NotImplementedError

    def is_shared(self, reference: str) -> bool:
        """Whether several tasks refer to the same medium."""
        raise NotImplementedError
