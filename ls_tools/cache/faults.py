"""Turns what the operating system says about the cache folder into CacheError."""

from __future__ import annotations

import errno
import logging
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

from ls_tools.disk import FULL
from ls_tools.errors import CacheError, LsToolsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

_LOGGER = logging.getLogger("ls_tools")

REMOVED = frozenset({errno.ENOENT, errno.ESTALE})
"""Numbers of the errors of what was there a moment ago."""

_ELSEWHERE = "a folder that can be written"


def cache_faults(root: Path) -> AbstractContextManager[None]:
    """Map the OSErrors of the block to CacheError; the cache lies at ``root``.

    Raises:
        CacheError: The block met an OSError that is not one of ls_tools' own.
    """
    return _Faults(root)


@final
class _Faults:
    """That context: a class, since each look-up enters it, and a generator costs."""

    __slots__ = ("_root",)

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, LsToolsError):
            raise _cache_error(self._root, error) from error


@contextmanager
def suppress_refusal() -> Iterator[None]:
    """Go on after the block where this user may not write to the cache."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise
        _LOGGER.debug("Going on without writing to the cache: %s", exc)


def check_root(root: Path) -> None:
    """Make sure that the cache folder, if there is one, is a folder.

    Raises:
        CacheError: It is something else, or cannot be looked at.
    """
    with cache_faults(root):
        try:
            mode = os.stat(root).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, "It is not a folder", str(root))


def _cache_error(root: Path, exc: OSError) -> CacheError:
    if exc.errno in FULL:
        what = "has no room left"
        where = "a larger disk, or free some space (ls-tools cache prune)"
    elif exc.errno in REMOVED:
        what, where = "was removed while in use", f"{_ELSEWHERE}, or try again"
    elif exc.errno in {errno.ENOTDIR, errno.EEXIST}:
        what = "cannot be used"
        where = f"{_ELSEWHERE}, or try ls-tools cache verify --repair"
    else:
        what, where = "cannot be used", _ELSEWHERE
    return CacheError(
        f"The cache folder {root} {what}: {exc.strerror or exc}.",
        hint=f"Point LS_TOOLS_CACHE_DIR (or --cache-dir) to {where}.",
        errno=exc.errno,
        path=exc.filename,
    )
