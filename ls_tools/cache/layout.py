"""Names and paths of the cache on disk, as docs/cache.md describes them.

Pure: decides what things are called and opens nothing.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, final

from ls_tools.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT_VERSION = 1
"""Version of the folder layout; the folder ``v1`` below the root holds it all."""

META_NAME = "meta.json"
"""Name of the sidecar in each version folder."""

NESTED_NAME = "file"
"""Folder that holds the file where its own name is the sidecar's."""

LOCK_SUFFIX = ".lock"
"""Ending of lock files that are removed with the lock."""

_SHARD = re.compile(r"[0-9a-f]{2}")
_KEY = re.compile(r"[0-9a-f]{32,128}")
_VERSION = re.compile(r"[0-9]{6,12}-[0-9a-f]{16}")
_SEPARATOR = re.compile(r"[/\\\0]")
_NAME_LIMIT_BYTES = 255


@final
class Layout:
    """Where things lie below one cache folder.

    Args:
        root: The cache folder, absolute.

    Attributes:
        root: The cache folder.
        base: The folder of this format version.
        entries: The folder of committed entries.
        tmp: The folder in which versions are built and old ones are torn down.
        locks: The folder of lock files.
        key_locks: The file of which one byte is locked per key.
        eviction_lock: The file that is locked by whoever evicts.
        usage: The file that says how much there was when last somebody looked.
        leases: The folder of leases.
        pins: The folder of pins.
    """

    def __init__(self, root: Path) -> None:
        self.root: Path = root
        self.base: str = f"{root}/v{FORMAT_VERSION}"
        self.entries: str = f"{self.base}/entries"
        self.tmp: str = f"{self.base}/tmp"  # noqa: S108 -- not the system's
        self.locks: str = f"{self.base}/locks"
        self.key_locks: str = f"{self.locks}/keys"
        self.eviction_lock: str = f"{self.locks}/eviction"
        self.usage: str = f"{self.base}/usage.json"
        self.leases: str = f"{self.base}/leases"
        self.pins: str = f"{self.base}/pins"

    def key_folder(self, key: str) -> str:
        """The folder that holds the versions of one key."""
        return f"{self.entries}/{key[:2]}/{key}"

    def lock_file(self, key: str) -> str:
        """The file that is locked while one key is fetched, if ranges cannot be."""
        return f"{self.locks}/{key}{LOCK_SUFFIX}"

    def pin_folder(self, key: str) -> str:
        """The folder that holds the pins of one key."""
        return f"{self.pins}/{key}"


def data_path(version_folder: str, file_name: str) -> str:
    """Where the file of a version lies; the sidecar's own name is nested."""
    if file_name.casefold() == META_NAME:
        return f"{version_folder}/{NESTED_NAME}/{file_name}"
    return f"{version_folder}/{file_name}"


def is_key(text: str) -> bool:
    """Whether ``text`` can be a cache key: 32 to 128 lower-case hex digits."""
    return _KEY.fullmatch(text) is not None


def is_shard(name: str) -> bool:
    """Whether ``name`` is that of a folder of keys: their first two digits."""
    return _SHARD.fullmatch(name) is not None


def check_key(key: str) -> None:
    """Make sure that ``key`` can be a cache key.

    Raises:
        UsageError: It is something else.
    """
    if not is_key(key):
        msg = f"{key!r} is not a cache key."
        raise UsageError(msg, hint="A key is 32 to 128 lower-case hex digits.")


def check_file_name(name: str) -> None:
    """Make sure that ``name`` names a file inside its folder.

    Raises:
        RefusedError: It is empty, has a separator, is ``.`` or ``..``, is not
            valid Unicode, or has more than 255 bytes in UTF-8.
    """
    plain = name not in {"", ".", ".."} and _SEPARATOR.search(name) is None
    if not plain or _size_bytes(name) > _NAME_LIMIT_BYTES:
        msg = f"{name[:80]!r} cannot be the name of a cached file."
        raise RefusedError(msg, hint="Give a plain name of at most 255 bytes.")


def _size_bytes(name: str) -> float:
    try:
        return len(name.encode())
    except UnicodeEncodeError:
        return math.inf


def is_version(name: str) -> bool:
    """Whether ``name`` is that of a version folder."""
    return _VERSION.fullmatch(name) is not None


def version_order(name: str) -> tuple[int, str]:
    """Sort key of version folders: the newest sorts last."""
    return int(name.partition("-")[0]), name


def newest_version(names: Iterable[str]) -> str | None:
    """The newest of the version folders in ``names``; None without any."""
    return max(filter(is_version, names), key=version_order, default=None)


def next_version(names: Iterable[str], sha256: str) -> str:
    """The name for a version of these bytes that sorts after all in ``names``."""
    newest = newest_version(names)
    sequence = 1 if newest is None else version_order(newest)[0] + 1
    return f"{sequence:06d}-{sha256[:16]}"
