"""Pins: notes that something outside the cache links to an entry.

A pin names its holder and is void once the holder is gone.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from ls_tools.cache.folders import make_folder, names_in
from ls_tools.cache.naming import unique_name
from ls_tools.cache.writing import write_durably

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.cache.entry import Entry
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.leases import Needed


def pin(layout: Layout, entry: Entry, holder: Path) -> None:
    """Note that ``holder`` links to ``entry``. Again is the same as once.

    Raises:
        OSError: The cache cannot be written.
    """
    text = os.fsencode(os.path.abspath(holder))
    folder = layout.pin_folder(entry.key)
    name = f"{entry.version}.{hashlib.sha256(text).hexdigest()[:32]}"
    if os.path.exists(f"{folder}/{name}"):
        return
    for needed in (folder, layout.tmp):
        make_folder(layout, needed)
    draft = f"{layout.tmp}/pin-{unique_name()}"
    write_durably(draft, text)
    os.replace(draft, f"{folder}/{name}")


def holders(layout: Layout, entry: Entry) -> list[str]:
    """The holders of ``entry`` that still exist, sorted.

    Raises:
        OSError: The cache cannot be read.
    """
    folder = layout.pin_folder(entry.key)
    mine = [name for name in names_in(folder) if name.startswith(f"{entry.version}.")]
    found = {_read(f"{folder}/{name}") for name in mine}
    return sorted(holder for holder in found if holder and os.path.lexists(holder))


def find_pinned(layout: Layout) -> set[Needed]:
    """Key and version of all that is pinned by holders that still exist.

    Raises:
        OSError: The cache cannot be read.
    """
    return {
        (key, version)
        for key in names_in(layout.pins)
        for name in names_in(layout.pin_folder(key))
        if (version := name.partition(".")[0])
        and os.path.lexists(_read(f"{layout.pin_folder(key)}/{name}"))
    }


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return ""
