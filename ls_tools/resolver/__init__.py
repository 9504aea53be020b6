"""References to local paths: locator, then source, then cache, then a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
    from ls_tools.resolver.local_path import get_local_path, get_local_paths
    from ls_tools.resolver.resolver import Resolver
    from ls_tools.resolver.task_media import resolve_task
    from ls_tools.resolver.values import MediaRequest, Resolved, id_number

__all__ = [
    "MediaRequest",
    "Resolved",
    "Resolver",
    "get_local_path",
    "get_local_paths",
    "id_number",
    "resolve_task",
]

_HOMES = {
    "MediaRequest": "values",
    "Resolved": "values",
    "Resolver": "resolver",
    "get_local_path": "local_path",
    "get_local_paths": "local_path",
    "id_number": "values",
    "resolve_task": "task_media",
}

# What only parses references needs little of this.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
