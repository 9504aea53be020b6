"""Chooses what to evict. Pure: numbers in, versions out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ls_tools.cache.leases import Needed
    from ls_tools.cache.survey import Version

_NS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What an eviction is to achieve.

    Attributes:
        size_bytes: Size of all files that must not be exceeded; None for any.
        slack_bytes: How far below that to come once it is exceeded.
        free_bytes: Bytes to free in any case.
        max_age_s: Seconds since the last use after which a version goes.
        superseded: Versions that are no longer the newest go as well.
        spared_s: Seconds since the last noted use within which none goes.
    """

    size_bytes: int | None = None
    slack_bytes: int = 0
    free_bytes: int = 0
    max_age_s: float | None = None
    superseded: bool = False
    spared_s: float = 0.0


def choose(
    versions: Collection[Version], needed: Collection[Needed], goal: Goal, now_ns: int
) -> list[Version]:
    """What has to go, in the order in which it is to go.

    Old versions go before newest ones, those least recently used before others.
    The newest version of a key goes only when no older one stays, which would
    come to stand for the key. What is needed or was used lately never goes.
    """
    free = [x for x in versions if _may_go(x, needed, goal, now_ns)]
    free.sort(key=lambda x: (x.is_newest, -_age_ns(x, now_ns), x.key, x.name))
    wanted_bytes = max(_excess_bytes(versions, goal), goal.free_bytes)
    return _take(free, versions, goal, (wanted_bytes, now_ns))


def _excess_bytes(versions: Iterable[Version], goal: Goal) -> int:
    if goal.size_bytes is None:
        return 0
    over_bytes = sum(x.size_bytes for x in versions) - goal.size_bytes
    return over_bytes + goal.slack_bytes if over_bytes > 0 else 0


def _take(
    free: Iterable[Version],
    versions: Iterable[Version],
    goal: Goal,
    wanted: tuple[int, int],
) -> list[Version]:
    left_bytes, now_ns = wanted
    staying = Counter(x.key for x in versions)
    chosen = []
    for version in free:
        if not (left_bytes > 0 or _must_go(version, goal, now_ns)):
            continue
        if version.is_newest and staying[version.key] > 1:
            continue
        chosen.append(version)
        staying[version.key] -= 1
        left_bytes -= version.size_bytes
    return chosen


def _may_go(
    version: Version, needed: Collection[Needed], goal: Goal, now_ns: int
) -> bool:
    is_recent = _age_ns(version, now_ns) < goal.spared_s * _NS
    return not is_recent and (version.key, version.name) not in needed


def _must_go(version: Version, goal: Goal, now_ns: int) -> bool:
    if goal.superseded and not version.is_newest:
        return True
    is_timed = goal.max_age_s is not None
    return is_timed and _age_ns(version, now_ns) > (goal.max_age_s or 0.0) * _NS


def _age_ns(version: Version, now_ns: int) -> int:
    """Time since the last use; a use in the future is as far away as one past."""
    return abs(now_ns - version.used_ns)
