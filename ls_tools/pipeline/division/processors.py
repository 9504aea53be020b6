"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")

_FILES = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
"""What holds the time allowed in each period, in both versions of control groups.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and
https://docs.kernel.org/scheduler/sched-bwc.html
"""


def core_count() -> int:
    """How many processors' worth of time there is, at least 1.

    That is how many processors the process may run on, and no more than what the
    quota of its container allows.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return math.ceil(min(count, cpu_quota()))


def cpu_quota(root: Path = _ROOT) -> float:
    """Processors' worth of time that control groups allow; infinite without a bound.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    try:
        lines = (root / "proc/self/cgroup").read_bytes().decode().split("\n")
    except (OSError, UnicodeDecodeError):
        return math.inf
    folders = (folder for line in lines for folder in _folders_of(line))
    return min((_quota_of(root / folder) for folder in folders), default=math.inf)


def _folders_of(line: str) -> Iterator[Path]:
    """The groups of a line of ``/proc/self/cgroup``, whose bounds all hold.

    A container may see its own group where the root should be, by a path that is not
    there.
    """
    _, _, rest = line.partition(":")
    controllers, _, group = rest.partition(":")
    if controllers and "cpu" not in controllers.split(","):
        return
    mounted = Path("sys/fs/cgroup") / ("cpu" if controllers else "")
    path = PurePosixPath(group)
    for one in (path, *path.parents):
        yield mounted / str(one).lstrip("/")


def _quota_of(folder: Path) -> float:
    """The quota of one group."""
    for names in _FILES:
        try:
            texts = [(folder / name).read_text(encoding="ascii") for name in names]
            allowed, period = map(int, " ".join(texts).split())
        except (OSError, ValueError):  # not there, or "max"
            continue
        if allowed > 0 and period > 0:
            return allowed / period
    return math.inf
