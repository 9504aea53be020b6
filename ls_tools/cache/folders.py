"""Makes the folders of the cache when they are needed, lists and takes them apart."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

from ls_tools.cache.naming import unique_name

if TYPE_CHECKING:
    from ls_tools.cache.layout import Layout

_LOGGER = logging.getLogger("ls_tools")

TRASH_PREFIX = "trash-"
"""Temporary folders with this prefix are being deleted."""


def make_folder(layout: Layout, path: str) -> None:
    """Make the folder ``path`` below the root; a missing root becomes private.

    Raises:
        OSError: It cannot be made.
    """
    if not os.path.isdir(layout.root):
        os.makedirs(layout.root, mode=0o700, exist_ok=True)
    os.makedirs(path, exist_ok=True)


def make_new(layout: Layout, path: str) -> bool:
    """Make the folder ``path``; whether it was not there before.

    Raises:
        OSError: It cannot be made.
    """
    try:
        os.mkdir(path)
    except FileNotFoundError:
        make_folder(layout, os.path.dirname(path))
        return make_new(layout, path)
    except FileExistsError:
        if not os.path.isdir(path) and os.path.lexists(path):
            raise
        return False
    return True


def names_in(folder: str) -> list[str]:
    """The sorted names in ``folder``; none where there is no such folder.

    Raises:
        OSError: It cannot be read.
    """
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def discard(layout: Layout, path: str) -> bool:
    """Take the folder or file ``path`` out of the cache at once, then delete it.

    Returns:
        Whether it was there.

    Raises:
        OSError: The cache cannot be written.
    """
    trash = set_aside(layout, path)
    if trash is not None:
        delete(trash)
    return trash is not None


def set_aside(layout: Layout, path: str) -> str | None:
    """Rename ``path`` to where things are deleted; None where it is not there.

    Raises:
        OSError: The cache cannot be written.
    """
    trash = f"{layout.tmp}/{TRASH_PREFIX}{unique_name()}"
    try:
        os.rename(path, trash)
    except FileNotFoundError:
        if not os.path.lexists(path):
            return None
        make_folder(layout, layout.tmp)
        return set_aside(layout, path)
    return trash


def delete(path: str) -> None:
    """Delete a file or a folder with all in it, as far as that is possible."""
    try:
        os.unlink(path)
    except (IsADirectoryError, PermissionError):
        delete_folder(path)
    except OSError as exc:
        _LOGGER.debug("%s was not deleted: %s", path, exc)


def delete_folder(path: str) -> None:
    """Delete the folder ``path``, as far as that is possible."""
    try:
        for name in os.listdir(path):
            os.unlink(f"{path}/{name}")
        os.rmdir(path)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
