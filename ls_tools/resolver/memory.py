"""What references resolved to lately, so that asking again costs one ``stat``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 100_000
_TRUSTED_S = 60.0
"""For how long a file that is not in the cache is not looked for again."""


class Known(NamedTuple):
    """A file that a reference resolved to, and how to tell that it is the same.

    Attributes:
        path: The file.
        text: Its path as text.
        size_bytes: Its size.
        inode: Its inode.
        until_s: Monotonic time until which this is trusted.
        source: Name of the source.
    """

    path: Path
    text: str
    size_bytes: int
    inode: int
    until_s: float
    source: str


class Memory:
    """The files of recent references. Safe for many threads; bounded."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def recall(self, reference: str) -> Known | None:
        """The file of ``reference``, if it is still the same one."""
        known = self._known.get(reference)
        if known is None:
            return None
        try:
            status = os.stat(known.text)  # noqa: PTH116 -- this is the hot path
        except OSError:
            return None
        if status.st_size != known.size_bytes or status.st_ino != known.inode:
            return None
        return known if time.monotonic() < known.until_s else None

    def note(
        self,
        reference: str,
        path: Path,
        source: str,
        *,
        trust_s: float = _TRUSTED_S,
    ) -> Known:
        """Remember that ``reference`` is the file ``path``.

        Args:
            reference: The reference.
            path: The file.
            source: Name of the source.
            trust_s: For how many seconds; the cache says so of what lies in it.

        Raises:
            NotFoundError: The file is gone already.
        """
        text = str(path)
        try:
            status = os.stat(text)  # noqa: PTH116 -- as above
        except OSError as exc:
            msg = f"{path} was removed while it was resolved."
            raise NotFoundError(msg, hint="Try again.") from exc
        known = Known(
            path=path,
            text=text,
            size_bytes=status.st_size,
            inode=status.st_ino,
            until_s=time.monotonic() + trust_s,
            source=source,
        )
        if len(self._known) >= _LIMIT:
            self._known.clear()
        self._known[reference] = known
        return known
