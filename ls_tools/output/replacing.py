"""Putting a finished folder in the place of another, at once where that is possible.

Knows nothing of what is in the folders but the name of the commit mark.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from ls_tools.output.ownership import COMMIT_MARK, REPORT, content_of

if TYPE_CHECKING:
    from pathlib import Path

_LOGGER = logging.getLogger("ls_tools")
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_EXCHANGE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def replace_folder(fresh: Path, out: Path, aside: Path) -> None:
    """Put ``fresh`` at ``out`` and delete what was there.

    All three are siblings. Where the system can exchange two folders there is
    no moment at which ``out`` is missing; elsewhere what was there stands at
    ``aside`` for a moment.

    Raises:
        OSError: It cannot be done; ``out`` is as it was.
    """
    if not out.exists():
        fresh.rename(out)
        return
    with suppress(PermissionError):
        fresh.chmod(out.stat().st_mode & 0o7777)
    if exchange(fresh, out):
        delete_folder(fresh)
        return
    out.rename(aside)
    try:
        fresh.rename(out)
    except BaseException:
        aside.rename(out)
        raise
    delete_folder(aside)


def replace_content(fresh: Path, out: Path) -> None:
    """Replace what is in ``out`` by what is in ``fresh``, a folder inside it.

    For folders that cannot be renamed. A mark stands in ``out`` meanwhile, and
    the report, by which a folder counts as complete, comes last.

    Raises:
        OSError: It cannot be done; the mark stays.
    """
    mark = out / COMMIT_MARK
    mark.touch()
    old = content_of(out)
    for name in sorted(old, key=lambda name: name != REPORT):
        delete_entry(out / name)
    for name in sorted(content_of(fresh), key=lambda name: name == REPORT):
        (fresh / name).rename(out / name)
    fresh.rmdir()
    mark.unlink()


def exchange(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot.

    Raises:
        OSError: It can, and it failed.
    """
    try:
        import ctypes  # which only a folder that is there already needs
    except ImportError:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return False
    paths = os.fsencode(first), os.fsencode(second)
    if rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(second))


def delete_entry(path: Path) -> None:
    """Delete a file, a link or a folder.

    Raises:
        OSError: It cannot be deleted.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def clear_folder(path: Path) -> None:
    """Delete all that is in a folder.

    Raises:
        OSError: It cannot be deleted.
    """
    for entry in list(path.iterdir()):
        delete_entry(entry)


def delete_folder(path: Path) -> None:
    """Delete a folder that is of no more use; only logs where that fails."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        _LOGGER.warning("The leftover folder %s cannot be deleted", path)
