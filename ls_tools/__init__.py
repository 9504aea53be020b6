"""Labeled data and its media, out of Label Studio and into training code.

The names below are the library. They are imported when they are first used, so
that ``import ls_tools`` costs next to nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ls_tools._version import __version__
from ls_tools.lazy import importer

if TYPE_CHECKING:
    from ls_tools.cache import Cache
    from ls_tools.client import Client, SnapshotFilter
    from ls_tools.errors import LsToolsError
    from ls_tools.output import ClassPolicy, Report, Split
    from ls_tools.pipeline import convert, fetch_media, pull
    from ls_tools.predictions import PredictionBuilder
    from ls_tools.reading import read_tasks
    from ls_tools.resolver import (
        MediaRequest,
        Resolved,
        Resolver,
        get_local_path,
        get_local_paths,
        resolve_task,
    )
    from ls_tools.selection import Selection
    from ls_tools.settings import Settings

__all__ = [
    "Cache",
    "ClassPolicy",
    "Client",
    "LsToolsError",
    "MediaRequest",
    "PredictionBuilder",
    "Report",
    "Resolved",
    "Resolver",
    "Selection",
    "Settings",
    "SnapshotFilter",
    "Split",
    "__version__",
    "convert",
    "fetch_media",
    "get_local_path",
    "get_local_paths",
    "pull",
    "read_tasks",
    "resolve_task",
]

_HOMES = {
    "Cache": "cache",
    "ClassPolicy": "output",
    "Client": "client",
    "LsToolsError": "errors",
    "MediaRequest": "resolver",
    "PredictionBuilder": "predictions",
    "Report": "output",
    "Resolved": "resolver",
    "Resolver": "resolver",
    "Selection": "selection",
    "Settings": "settings",
    "SnapshotFilter": "client",
    "Split": "output",
    "convert": "pipeline",
    "fetch_media": "pipeline",
    "get_local_path": "resolver",
    "get_local_paths": "resolver",
    "pull": "pipeline",
    "read_tasks": "reading",
    "resolve_task": "resolver",
}

logging.getLogger("ls_tools").addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return __all__
