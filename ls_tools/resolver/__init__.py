"""References to local paths: locator, then source, then cache, then a path."""

from __future__ import annotations

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
