"""What lies in the cache: every version with its size and its last use.

Reads directories and no sidecar, so that many thousand versions take a moment.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.cache.folders import names_in
from ls_tools.cache.layout import (
    META_NAME,
    NESTED_NAME,
    is_key,
    is_version,
    newest_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.cache.layout import Layout


class Version(NamedTuple):
    """One committed version, whole or damaged.

    Attributes:
        key: The key.
        name: Name of the version folder.
        folder: Its path.
        size_bytes: Size of its file, the sidecar not counted.
        used_ns: When its use was last noted, nanoseconds since the epoch.
        is_newest: It is what its key stands for.
    """

    key: str
    name: str
    folder: str
    size_bytes: int
    used_ns: int
    is_newest: bool


def survey(layout: Layout, *, with_uses: bool = True) -> list[Version]:
    """All versions, in the order of their keys.

    Args:
        layout: Where the cache lies.
        with_uses: Look when each was used; 0 stands for it otherwise.

    Raises:
        OSError: The cache cannot be read.
    """
    found = []
    for key, folder, names in iter_keys(layout):
        versions = [name for name in names if is_version(name)]
        newest = newest_version(versions) if len(versions) > 1 else None
        for name in versions:
            path = f"{folder}/{name}"
            is_newest = newest is None or name == newest
            found.append(
                Version(
                    key, name, path, *_measure(path, with_uses=with_uses), is_newest
                )
            )
    return found


def iter_keys(layout: Layout) -> Iterator[tuple[str, str, list[str]]]:
    """Each key, its folder, and the sorted names in it.

    Raises:
        OSError: The cache cannot be read.
    """
    for shard in names_in(layout.entries):
        for key in names_in(f"{layout.entries}/{shard}"):
            if key.startswith(shard) and is_key(key):
                folder = f"{layout.entries}/{shard}/{key}"
                yield key, folder, names_in(folder)


def noted_use_ns(folder: str) -> int:
    """When the use of the version in ``folder`` was last noted; 0 if it is gone."""
    with suppress(OSError):
        return os.stat(f"{folder}/{META_NAME}").st_mtime_ns
    with suppress(OSError):
        return os.stat(folder).st_mtime_ns
    return 0


def _measure(folder: str, *, with_uses: bool) -> tuple[int, int]:
    """Size of the file in a version folder, and when it was last used."""
    size_bytes, used_ns = 0, None
    try:
        with os.scandir(folder) as found:
            for item in found:
                if item.name == META_NAME:
                    used_ns = item.stat().st_mtime_ns if with_uses else 0
                elif item.name == NESTED_NAME and item.is_dir(follow_symlinks=False):
                    size_bytes += tree_bytes(item.path)
                else:
                    size_bytes += item.stat(follow_symlinks=False).st_size
    except OSError:
        return size_bytes, noted_use_ns(folder)
    return size_bytes, noted_use_ns(folder) if used_ns is None else used_ns


def tree_bytes(folder: str) -> int:
    """Size of all files below ``folder``, as far as they can be seen."""
    sizes = (
        os.lstat(f"{parent}/{name}").st_size
        for parent, _, names in os.walk(folder)
        for name in names
        if os.path.lexists(f"{parent}/{name}")
    )
    return sum(sizes)
