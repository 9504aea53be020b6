"""Files below a folder that is trusted, and none outside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ls_tools.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path


def find_below(root: Path, relative: str) -> Path | None:
    """The absolute path of ``relative`` below ``root``; None where it is no file.

    Args:
        root: The trusted folder; may itself be a link.
        relative: A path without ``..``; a leading slash counts for nothing.

    Raises:
        RefusedError: It leads out of ``root``, by ``..`` or by a link.
    """
    path = root.absolute() / relative.lstrip("/")
    try:
        real, real_root = os.path.realpath(path, strict=True), os.path.realpath(root)
    except OSError:
        return None
    if not is_below(real, real_root):
        msg = f"{path} leads out of {root}."
        hint = f"Nothing outside that folder is opened; it leads to {real}."
        raise RefusedError(msg, hint=hint)
    return path if path.is_file() else None


def is_below(path: str, root: str) -> bool:
    """Whether a real path is inside a real folder."""
    return path.startswith(root.rstrip("/") + "/")
