"""One version of a cached file, as found on disk.

Reads what is committed and says whether it is whole; changes nothing.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ls_tools.cache.folders import names_in
from ls_tools.cache.layout import (
    META_NAME,
    check_file_name,
    check_key,
    data_path,
    newest_version,
)
from ls_tools.cache.meta import (
    SIDECAR_LIMIT_BYTES,
    Meta,
    decode_meta,
    is_newer_schema,
)
from ls_tools.errors import RefusedError

if TYPE_CHECKING:
    from ls_tools.cache.layout import Layout

Reason = Literal[
    "no-sidecar",
    "bad-sidecar",
    "newer-schema",
    "wrong-key",
    "no-file",
    "wrong-size",
    "wrong-hash",
    "stray",
]
"""What can be wrong with a version; the words are stable."""

_LOOKS = 3
_SIDECAR_USUAL_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRequest:
    """What is wanted of the cache.

    Attributes:
        key: 32 to 128 lower-case hex digits that name the object.
        file_name: Name that the returned path ends in.
        reference: Canonical reference, without secrets; stored and shown.
        source: Name of the source that would fetch it.

    Raises:
        UsageError: The key is none.
        RefusedError: The file name is not a plain name.
    """

    key: str
    file_name: str
    reference: str
    source: str

    def __post_init__(self) -> None:
        """Check what becomes part of a path."""
        check_key(self.key)
        check_file_name(self.file_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One committed version of a cached file.

    Attributes:
        key: The cache key.
        version: Name of the version folder; later ones sort after it.
        path: The file.
        size_bytes: Its size.
        meta: The sidecar.
        used_at_s: When its use was last noted on disk, seconds since the epoch.
    """

    key: str
    version: str
    path: Path
    size_bytes: int
    meta: Meta
    used_at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ``Cache.get`` found or fetched.

    Attributes:
        entry: The entry.
        from_cache: No bytes were fetched by this call.
    """

    entry: Entry
    from_cache: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in the cache that is not as it should be.

    Attributes:
        path: The version folder, or the stray file.
        key: The key that it lies under; empty for a stray.
        reason: What is wrong.
        detail: The same for people, one line.
        removed: It was removed.
    """

    path: Path
    key: str
    reason: Reason
    detail: str
    removed: bool = False


def load(folder: str, key: str) -> Entry | Problem | None:
    """The version in ``folder``, what is wrong with it, or None if it is gone.

    The size of the file is checked, its digest is not.

    Raises:
        OSError: The folder cannot be read.
    """
    found = _load_once(folder, key)
    # A version that went between two glances looks like a damaged one.
    return _load_once(folder, key) if isinstance(found, Problem) else found


def _load_once(folder: str, key: str) -> Entry | Problem | None:
    try:
        text, used_at_s = _read_sidecar(f"{folder}/{META_NAME}")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        if not os.path.lexists(folder):
            return None
        return _problem(folder, key, "no-sidecar", f"There is no {META_NAME}.")
    meta = decode_meta(text)
    if meta is None:
        return _unreadable(folder, key, text)
    return _match(folder, key, meta, used_at_s)


def _read_sidecar(path: str) -> tuple[bytes, float]:
    """The text of a sidecar, and when it was last touched."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(fd, _SIDECAR_USUAL_BYTES)
        if len(text) == _SIDECAR_USUAL_BYTES:
            text += os.read(fd, SIDECAR_LIMIT_BYTES)
        return text, os.fstat(fd).st_mtime
    finally:
        os.close(fd)


def _unreadable(folder: str, key: str, text: bytes) -> Problem:
    if is_newer_schema(text):
        return _problem(folder, key, "newer-schema", "A later ls_tools wrote it.")
    return _problem(folder, key, "bad-sidecar", f"Its {META_NAME} cannot be read.")


def _match(folder: str, key: str, meta: Meta, used_at_s: float) -> Entry | Problem:
    if meta.key != key:
        return _problem(folder, key, "wrong-key", f"It belongs to {meta.key}.")
    try:
        check_file_name(meta.file_name)
    except RefusedError as exc:
        return _problem(folder, key, "bad-sidecar", exc.message)
    path = data_path(folder, meta.file_name)
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _problem(folder, key, "no-file", f"{meta.file_name!r} is missing.")
    if not stat.S_ISREG(status.st_mode):
        return _problem(folder, key, "no-file", f"{meta.file_name!r} is no file.")
    if status.st_size != meta.size_bytes:
        detail = f"{status.st_size} bytes instead of {meta.size_bytes}."
        return _problem(folder, key, "wrong-size", detail)
    return committed_entry(*os.path.split(folder), meta, used_at_s=used_at_s)


def committed_entry(
    key_folder: str, version: str, meta: Meta, *, used_at_s: float
) -> Entry:
    """The entry of a version that is known to be whole."""
    return Entry(
        key=meta.key,
        version=version,
        path=Path(data_path(f"{key_folder}/{version}", meta.file_name)),
        size_bytes=meta.size_bytes,
        meta=meta,
        used_at_s=used_at_s,
    )


def _problem(folder: str, key: str, reason: Reason, detail: str) -> Problem:
    return Problem(path=Path(folder), key=key, reason=reason, detail=detail)


def newest_entry(layout: Layout, key: str) -> Entry | None:
    """The newest version of ``key``; None where there is none or it is damaged.

    Raises:
        OSError: The cache cannot be read.
    """
    folder = layout.key_folder(key)
    for _ in range(_LOOKS):
        version = newest_version(names_in(folder))
        if version is None:
            return None
        found = load(f"{folder}/{version}", key)
        if found is not None:
            return found if isinstance(found, Entry) else None
    return None
