"""What a cache does and says that has nothing to fetch into: offline, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from ls_tools.cache.faults import check_root
from ls_tools.errors import CacheError, NotCachedError
from ls_tools.origin import redact_url

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.cache.entry import CacheRequest, Entry
    from ls_tools.cache.fetching import Fill


def not_cached(root: Path, request: CacheRequest, *, why: str) -> NotCachedError:
    """The error for what is not there and must not be fetched.

    Raises:
        CacheError: There is no cache at all: something else has its name.
    """
    check_root(root)
    reference = redact_url(request.reference)
    return NotCachedError(
        f"{reference} is not in the cache, and {why}.",
        hint="Fetch it once without --offline (LS_TOOLS_OFFLINE), where the cache "
        "can be written.",
        reference=reference,
    )


def refuse_writing(root: Path) -> CacheError:
    """The error for changing a cache that must not be changed."""
    msg = f"The cache folder {root} is used read-only."
    return CacheError(msg, hint="Use it without read_only (LS_TOOLS_CACHE_READ_ONLY).")


def confirm_only(root: Path, entry: Entry, fill: Fill) -> None:
    """Have the store confirm ``entry``, with nowhere to put anything else.

    Raises:
        CacheError: The store has something else by now, or cannot tell.
    """
    fill(_NoSink(root), entry.meta.validator or None)


@final
class _NoSink:
    """Takes no byte."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write_at(self, offset: int, chunk: bytes) -> NoReturn:
        """Refuse it."""
        del offset, chunk
        raise refuse_writing(self._root)

    def truncate(self, size_bytes: int) -> None:
        """Nothing is there to drop."""
