"""When entries were last used: noted on disk before they are handed out.

An eviction spares what was used lately. So that "lately" can be trusted, a use is
noted whenever the last note is older than a minute, and the memory of a process may
answer in place of the cache for a minute more.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ls_tools.cache.layout import META_NAME

if TYPE_CHECKING:
    from ls_tools.cache.entry import Entry
    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout

NOTE_INTERVAL_S = 60.0
"""A use is noted when the last one that was noted is older than this."""

TRUST_S = 60.0
"""For how long an entry may be handed out again without asking the cache."""

_CLOCK_SKEW_S = 60.0


def spared_s(grace_s: float) -> float:
    """The age of its last note up to which an entry must not be evicted.

    Whoever was handed an entry, by the cache or by a memory of what it said, then
    has it for ``grace_s`` at least; 0 gives no such promise.
    """
    return grace_s + NOTE_INTERVAL_S + TRUST_S + _CLOCK_SKEW_S if grace_s > 0 else 0.0


def note_use(layout: Layout, locks: KeyLocks, entry: Entry) -> bool:
    """Note on disk that ``entry`` is used, if the last note is old.

    Returns:
        Whether it is still there, so that it can be handed out.
    """
    # A note from the future is as good as none: a clock was set back.
    if abs(time.time() - entry.used_at_s) < NOTE_INTERVAL_S:
        return True
    return note_need(layout, locks, entry)


def note_need(layout: Layout, locks: KeyLocks, entry: Entry) -> bool:
    """Note on disk that ``entry`` is used now.

    Returns:
        Whether it is still there. Where the cache cannot be written, the note is
        missing and the entry may be handed out all the same.
    """
    try:
        with locks.changing(entry.key):
            os.utime(sidecar_path(layout, entry))
    except FileNotFoundError:
        return False
    except OSError:
        return os.path.exists(entry.path)
    return True


def sidecar_path(layout: Layout, entry: Entry) -> str:
    """Where the sidecar of ``entry`` lies."""
    return f"{layout.key_folder(entry.key)}/{entry.version}/{META_NAME}"
