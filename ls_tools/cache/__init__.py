"""Files by key on disk: whole or absent, fetched once, shared by all processes.

Knows no source and no network. docs/cache.md describes the format.
"""

from __future__ import annotations

from pathlib import Path

from ls_tools.cache.entry import CacheRequest, Entry, Outcome, Problem, Reason
from ls_tools.cache.fetching import Fill
from ls_tools.cache.keeping import Pruned, PrunedVersion
from ls_tools.cache.layout import FORMAT_VERSION
from ls_tools.cache.legacy import LegacyImport, LegacySkip
from ls_tools.cache.meta import Meta
from ls_tools.cache.store import Cache
from ls_tools.cache.upkeep import CacheInfo
from ls_tools.errors import CacheError

__all__ = [
    "FORMAT_VERSION",
    "Cache",
    "CacheInfo",
    "CacheRequest",
    "Entry",
    "Fill",
    "LegacyImport",
    "LegacySkip",
    "Meta",
    "Outcome",
    "Problem",
    "Pruned",
    "PrunedVersion",
    "Reason",
    "default_cache_dir",
]


def default_cache_dir() -> Path:
    """The user's cache folder for ls_tools; not created.

    Raises:
        CacheError: The user has no home folder.
    """
    import platformdirs

    path = Path(platformdirs.user_cache_dir("ls-tools", appauthor=False))
    if not path.is_absolute():
        msg = "There is no home folder to keep the cache in."
        raise CacheError(msg, hint="Set LS_TOOLS_CACHE_DIR (or --cache-dir).")
    return path
