"""Looks after what is committed: lists, counts, verifies, removes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.cache.committing import delete, discard
from ls_tools.cache.entry import Entry, Problem, load
from ls_tools.cache.layout import (
    FORMAT_VERSION,
    META_NAME,
    NESTED_NAME,
    is_key,
    is_shard,
    is_version,
    newest_version,
    version_order,
)
from ls_tools.digests import sha256_of
from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ls_tools.cache.layout import Layout
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
    for key, folder, versions in _iter_keys(layout):
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
    keys = versions = size_bytes = 0
    for _, folder, names in _iter_keys(layout):
        found = [name for name in names if is_version(name)]
        keys += bool(found)
        versions += len(found)
        size_bytes += sum(_data_bytes(f"{folder}/{name}") for name in found)
    return CacheInfo(
        root=layout.root,
        format_version=FORMAT_VERSION,
        entries=keys,
        versions=versions,
        size_bytes=size_bytes,
        temporary_bytes=_tree_bytes(layout.tmp),
    )


def verify(layout: Layout, *, progress: Progress | None, repair: bool) -> list[Problem]:
    """Re-hash every version; see ``Cache.verify``.

    Raises:
        OSError: The cache cannot be read, or not be repaired.
    """
    progress = progress or NullProgress()
    folders = list(_iter_versions(layout))
    problems = list(_strays(layout.entries, (is_shard, is_key, is_version)))
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


def remove(layout: Layout, selector: str) -> int:
    """Remove a key's versions, or those of a canonical reference.

    Raises:
        OSError: The cache cannot be written.
    """
    if is_key(selector):
        return _remove_key(layout, selector)
    keys = {
        entry.key
        for entry in iter_entries(layout, all_versions=True)
        if entry.meta.reference == selector
    }
    return sum(_remove_key(layout, key) for key in keys)


def clear(layout: Layout) -> int:
    """Remove everything; the number of versions removed.

    Raises:
        OSError: The cache cannot be written.
    """
    versions = sum(1 for _ in _iter_versions(layout))
    for folder in (layout.pins, layout.entries):
        discard(layout, folder)
    return versions


def _remove_key(layout: Layout, key: str) -> int:
    folder = layout.key_folder(key)
    versions = sum(map(is_version, _names(folder)))
    delete(layout.pin_folder(key))
    return versions if discard(layout, folder) else 0


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _iter_keys(layout: Layout) -> Iterator[tuple[str, str, list[str]]]:
    for shard in _names(layout.entries):
        for key in _names(f"{layout.entries}/{shard}"):
            if is_key(key) and key.startswith(shard):
                folder = f"{layout.entries}/{shard}/{key}"
                yield key, folder, _names(folder)


def _iter_versions(layout: Layout) -> Iterator[tuple[str, str]]:
    for key, folder, names in _iter_keys(layout):
        for name in filter(is_version, names):
            yield key, f"{folder}/{name}"


def _strays(
    folder: str, levels: tuple[Callable[[str], bool], ...]
) -> Iterator[Problem]:
    """What lies below ``folder`` under a name that no version of ours has."""
    belongs, *deeper = levels
    for name in _names(folder):
        path = f"{folder}/{name}"
        if not belongs(name) or (deeper and not os.path.isdir(path)):
            yield _stray(path)
        elif deeper:
            yield from _strays(path, tuple(deeper))


def _stray(path: str) -> Problem:
    detail = "It is no part of the cache; it was left where it is."
    return Problem(path=Path(path), key="", reason="stray", detail=detail)


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
    if problem.reason == "newer-schema":
        return problem
    return replace(problem, removed=discard(layout, str(problem.path)))


def _data_bytes(folder: str) -> int:
    """Size of the file in a version folder."""
    total = 0
    try:
        with os.scandir(folder) as found:
            for item in found:
                if item.name == NESTED_NAME and item.is_dir(follow_symlinks=False):
                    total += _tree_bytes(item.path)
                elif item.name != META_NAME:
                    total += item.stat(follow_symlinks=False).st_size
    except (FileNotFoundError, NotADirectoryError):
        return total
    return total


def _tree_bytes(folder: str) -> int:
    sizes = (
        os.lstat(f"{parent}/{name}").st_size
        for parent, _, names in os.walk(folder)
        for name in names
        if os.path.lexists(f"{parent}/{name}")
    )
    return sum(sizes)
