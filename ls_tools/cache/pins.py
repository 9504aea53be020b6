"""Pins: notes that something outside the cache links to an entry.

A pin names its holder and is void once the holder is gone.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import TYPE_CHECKING

from ls_tools.cache.writing import write_durably

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.cache.entry import Entry
    from ls_tools.cache.layout import Layout


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
    os.makedirs(folder, exist_ok=True)
    os.makedirs(layout.tmp, exist_ok=True)
    draft = f"{layout.tmp}/pin-{uuid.uuid4().hex}"
    write_durably(draft, text)
    os.replace(draft, f"{folder}/{name}")


def holders(layout: Layout, entry: Entry) -> list[str]:
    """The holders of ``entry`` that still exist, sorted.

    Raises:
        OSError: The cache cannot be read.
    """
    folder = layout.pin_folder(entry.key)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    mine = [name for name in names if name.startswith(f"{entry.version}.")]
    found = {_read(f"{folder}/{name}") for name in mine}
    return sorted(holder for holder in found if holder and os.path.lexists(holder))


def _read(path: str) -> str:
    with open(path, "rb") as file:
        return os.fsdecode(file.read())
