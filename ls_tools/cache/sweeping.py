"""Deletes what crashed writers left in the temporary and lock folders.

Never touches what a living writer works on, on this machine or another.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ls_tools.cache.folders import TRASH_PREFIX, delete, names_in
from ls_tools.cache.layout import LOCK_SUFFIX, META_NAME, NESTED_NAME
from ls_tools.cache.leases import sweep_leases
from ls_tools.cache.locks import (
    boot_id,
    lock_softly,
    open_lockable,
    unlock_and_close,
)
from ls_tools.cache.writing import DRAFT_PREFIX

if TYPE_CHECKING:
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.locks import LockState

SETTLE_S = 60.0
"""Idle time after which an unlocked draft of this machine counts as abandoned."""

ABANDONED_S = 24 * 3600.0
"""Idle time after which a draft of any machine counts as abandoned."""


def sweep(layout: Layout) -> int:
    """Delete abandoned drafts, half-deleted versions, unused locks and leases.

    Returns:
        The number of them in the temporary folder.

    Raises:
        OSError: The folders cannot be read.
    """
    _sweep_locks(layout)
    sweep_leases(layout)
    abandoned = [path for path in _list(layout.tmp) if _is_abandoned(path)]
    for path in abandoned:
        delete(path)
    return len(abandoned)


def _list(folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in names_in(folder)]


def _is_abandoned(path: str) -> bool:
    name = os.path.basename(path)
    if name.startswith(TRASH_PREFIX):
        return True
    idle_s = _idle_s(path)
    if idle_s > ABANDONED_S:
        return _writer(path) != "held"
    ours = bool(boot_id()) and name.startswith(f"{DRAFT_PREFIX}{boot_id()}-")
    return ours and idle_s > SETTLE_S and _writer(path) == "free"


def _idle_s(path: str) -> float:
    """Seconds since anything in ``path`` was written; 0 where it is gone.

    A time in the future counts as distance too: a clock may have been set back.
    """
    changed = [_changed_at(found) for found in (path, *_contents(path))]
    return min((abs(time.time() - at) for at in changed if at), default=0.0)


def _changed_at(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0


def _contents(folder: str) -> list[str]:
    found = _list(folder)
    return [*found, *_list(f"{folder}/{NESTED_NAME}")]


def _writer(folder: str) -> LockState:
    """Whether the writer of a draft holds it; ``free`` where there is no file."""
    files = [path for path in _contents(folder) if os.path.isfile(path)]
    states = {_probe(path) for path in files if path != f"{folder}/{META_NAME}"}
    if "held" in states:
        return "held"
    return "unknown" if "unknown" in states else "free"


def _probe(path: str) -> LockState:
    try:
        fd = open_lockable(path)
    except OSError:
        return "unknown"
    state = lock_softly(fd)
    unlock_and_close(fd)
    return state


def _sweep_locks(layout: Layout) -> None:
    for path in _list(layout.locks):
        if not path.endswith(LOCK_SUFFIX):
            continue
        try:
            fd = open_lockable(path)
        except OSError:
            continue
        # Without the second condition it is a newer file that has the name.
        if lock_softly(fd) == "free" and os.fstat(fd).st_nlink:
            delete(path)
        unlock_and_close(fd)
