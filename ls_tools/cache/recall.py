"""What one process remembers of entries, so that a second look costs one stat."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ls_tools.cache.entry import Entry

TRUST_S = 1.0
"""A newer version of another process is noticed after this many seconds at most."""

_LIMIT = 1 << 16
_MTIME_TICK_NS = 50_000_000


class Recall:
    """Entries seen by this process, checked against the disk when asked for."""

    def __init__(self) -> None:
        self._known: dict[str, _Memory] = {}

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, if it is remembered and still holds."""
        memory = self._known.get(key)
        if memory is None:
            return None
        try:
            if os.stat(memory.path).st_size != memory.size_bytes:
                return None
            if time.monotonic() > memory.trusted_until and not memory.renew():
                return None
        except OSError:
            return None
        return memory.entry

    def note(self, entry: Entry, folder: str, changed_ns: int) -> None:
        """Remember the newest version in ``folder``, last changed ``changed_ns``."""
        # A second change within one tick of the clock would go unnoticed.
        if abs(time.time_ns() - changed_ns) < _MTIME_TICK_NS:
            return
        if len(self._known) >= _LIMIT:
            self._known.clear()
        self._known[entry.key] = _Memory(entry, folder, changed_ns)

    def forget(self, key: str) -> None:
        """Look at the disk the next time."""
        self._known.pop(key, None)


class _Memory:
    __slots__ = ("changed_ns", "entry", "folder", "path", "size_bytes", "trusted_until")

    def __init__(self, entry: Entry, folder: str, changed_ns: int) -> None:
        self.entry = entry
        self.path = str(entry.path)
        self.size_bytes = entry.size_bytes
        self.folder = folder
        self.changed_ns = changed_ns
        self.trusted_until = time.monotonic() + TRUST_S

    def renew(self) -> bool:
        """Whether no version came or went; then trust it for a while more."""
        self.trusted_until = time.monotonic() + TRUST_S
        return os.stat(self.folder).st_mtime_ns == self.changed_ns
