"""Looks after what is committed: lists, counts, verifies, removes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.cache.entry import Entry, Problem, load
from ls_tools.cache.folders import delete, discard, names_in, set_aside
from ls_tools.cache.layout import (
    FORMAT_VERSION,
    META_NAME,
    is_key,
    is_shard,
    is_version,
    newest_version,
    version_order,
)
from ls_tools.cache.leases import find_leased
from ls_tools.cache.pins import find_pinned
from ls_tools.cache.survey import iter_keys, survey, tree_bytes
from ls_tools.digests import sha256_of
from ls_tools.errors import CacheError
from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.leases import Needed
    from ls_tools.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """Counts and sizes of a cache.

    Attributes:
        root: The cache folder.
        format_version: Version of the layout on disk.
        entries: Number of keys with at least one version.
        versions: Number of versions, old ones included.
        size_bytes: Size of all files, sidecars not counted.
        temporary_bytes: Size of files being fetched, or left by a crash.
    """

    root: Path
    format_version: int
    entries: int
    versions: int
    size_bytes: int
    temporary_bytes: int


def iter_entries(layout: Layout, *, all_versions: bool) -> Iterator[Entry]:
    """The whole entries in the order of their keys.

    Raises:
        OSError: The cache cannot be read.
    """
    for key, folder, versions in iter_keys(layout):
        newest = newest_version(versions)
        for version in sorted(filter(is_version, versions), key=version_order):
            if all_versions or version == newest:
                found = load(f"{folder}/{version}", key)
                if isinstance(found, Entry):
                    yield found


def info(layout: Layout) -> CacheInfo:
    """Counts and sizes, from the directories alone.

    Raises:
        OSError: The cache cannot be read.
    """
    versions = survey(layout, with_uses=False)
    return CacheInfo(
        root=layout.root,
        format_version=FORMAT_VERSION,
        entries=len({version.key for version in versions}),
        versions=len(versions),
        size_bytes=sum(version.size_bytes for version in versions),
        temporary_bytes=tree_bytes(layout.tmp),
    )


def verify(layout: Layout, *, progress: Progress | None, repair: bool) -> list[Problem]:
    """Re-hash every version; see ``Cache.verify``.

    Raises:
        OSError: The cache cannot be read, or not be repaired.
    """
    progress = progress or NullProgress()
    folders = list(_iter_versions(layout))
    problems = list(_strays(layout.entries, (is_shard, is_key, is_version)))
    if repair:
        problems = [_clear_way(layout, problem) for problem in problems]
    progress.start("verify", len(folders), "files")
    try:
        for key, folder in folders:
            size_bytes, problem = _examine(folder, key)
            if problem is not None:
                problems.append(_repair(layout, problem) if repair else problem)
            progress.advance(size_bytes=size_bytes)
    finally:
        progress.finish()
    return problems


def remove(layout: Layout, locks: KeyLocks, selector: str, *, force: bool) -> int:
    """Remove a key's versions, or those of a canonical reference.

    Raises:
        OSError: The cache cannot be written.
        CacheError: A version is leased, and not ``force``.
    """
    keys = {selector} if is_key(selector) else _keys_of(layout, selector)
    return sum(_remove_key(layout, locks, key, force=force) for key in keys)


def clear(layout: Layout, *, force: bool) -> int:
    """Remove everything; the number of versions removed.

    Raises:
        OSError: The cache cannot be written.
        CacheError: A version is leased, and not ``force``.
    """
    if not force:
        _refuse_leased(layout, find_leased(layout))
    versions = sum(1 for _ in _iter_versions(layout))
    for folder in (layout.pins, layout.entries):
        discard(layout, folder)
    return versions


def _keys_of(layout: Layout, reference: str) -> set[str]:
    return {
        entry.key
        for entry in iter_entries(layout, all_versions=True)
        if entry.meta.reference == reference
    }


def _refuse_leased(layout: Layout, leased: Collection[Needed]) -> None:
    if leased:
        msg = f"{len(leased)} of these files in {layout.root} are in use (leased)."
        hint = "Wait for the programs that use them, or use --force (force=True)."
        raise CacheError(msg, hint=hint, leased=len(leased))


def _remove_key(layout: Layout, locks: KeyLocks, key: str, *, force: bool) -> int:
    folder = layout.key_folder(key)
    if not os.path.lexists(folder):
        return 0
    versions = sum(map(is_version, names_in(folder)))
    with locks.changing(key):
        if not force:
            _refuse_leased(layout, [x for x in find_leased(layout) if x[0] == key])
        trash = set_aside(layout, folder)
    if trash is None:
        return 0
    for path in (layout.pin_folder(key), trash):
        delete(path)
    return versions


def _iter_versions(layout: Layout) -> Iterator[tuple[str, str]]:
    for key, folder, names in iter_keys(layout):
        for name in filter(is_version, names):
            yield key, f"{folder}/{name}"


def _strays(
    folder: str, levels: tuple[Callable[[str], bool], ...]
) -> Iterator[Problem]:
    """What lies below ``folder`` under a name that no version of ours has."""
    belongs, *deeper = levels
    for name in names_in(folder):
        path = f"{folder}/{name}"
        if not belongs(name):
            yield _stray(path, "It is no part of the cache, and stays where it is.")
        elif deeper and _is_in_the_way(path):
            yield _stray(path, "It is in the way of a folder of the cache.")
        elif deeper:
            yield from _strays(path, tuple(deeper))


def _is_in_the_way(path: str) -> bool:
    """Whether ``path`` is there and no folder; it may go at any moment."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        return os.path.islink(path)


def _stray(path: str, detail: str) -> Problem:
    return Problem(path=Path(path), key="", reason="stray", detail=detail)


def _clear_way(layout: Layout, stray: Problem) -> Problem:
    """Remove a stray that has the name of a folder of ours."""
    name = stray.path.name
    if not is_shard(name) and not is_key(name):
        return stray
    return replace(stray, removed=discard(layout, str(stray.path)))


def _examine(folder: str, key: str) -> tuple[int, Problem | None]:
    found = load(folder, key)
    if not isinstance(found, Entry):
        return 0, found
    try:
        sha256 = sha256_of(found.path)
    except FileNotFoundError:
        return 0, None
    if sha256 == found.meta.sha256:
        return found.size_bytes, None
    detail = f"Its sha256 is {sha256}, not {found.meta.sha256}."
    problem = Problem(path=Path(folder), key=key, reason="wrong-hash", detail=detail)
    return found.size_bytes, problem


def _repair(layout: Layout, problem: Problem) -> Problem:
    """Remove a damaged version, and older ones that would come to stand for it."""
    if problem.reason == "newer-schema":
        return problem
    versions = [name for name in names_in(str(problem.path.parent)) if is_version(name)]
    older = [name for name in versions if name != problem.path.name]
    if newest_version(versions) != problem.path.name:
        older = []
    if not older:
        return replace(problem, removed=discard(layout, str(problem.path)))
    needed = find_leased(layout) | find_pinned(layout)
    if any((problem.key, name) in needed for name in older):
        delete(str(problem.path / META_NAME))
        detail = f"{problem.detail} It stays, emptied, since older ones are in use."
        return replace(problem, detail=detail)
    for name in (*older, problem.path.name):
        discard(layout, str(problem.path.parent / name))
    return replace(problem, removed=True)
