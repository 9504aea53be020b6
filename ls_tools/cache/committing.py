"""Puts finished versions in place, renews their sidecars, takes them away.

Every change is one rename, so that no reader ever sees half of it.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from ls_tools.cache.entry import committed_entry, newest_entry
from ls_tools.cache.folders import delete, make_folder
from ls_tools.cache.layout import next_version
from ls_tools.cache.meta import Meta, encode_meta, now_utc
from ls_tools.cache.naming import unique_name
from ls_tools.cache.uses import sidecar_path
from ls_tools.cache.writing import write_durably
from ls_tools.digests import sha256_of
from ls_tools.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ls_tools.cache.entry import CacheRequest, Entry
    from ls_tools.cache.key_locks import KeyLocks
    from ls_tools.cache.layout import Layout
    from ls_tools.cache.writing import Content, Draft
    from ls_tools.transfer import Fetched

_LOGGER = logging.getLogger("ls_tools")

SIDECAR_PREFIX = "meta-"
"""Temporary files with this prefix are sidecars about to be replaced."""

_ATTEMPTS = 20
_COLLISIONS = frozenset({errno.EEXIST, errno.ENOTEMPTY})


def describe(request: CacheRequest, fetched: Fetched, content: Content) -> Meta:
    """The sidecar of freshly fetched bytes."""
    now = now_utc()
    return Meta(
        key=request.key,
        reference=request.reference,
        source=fetched.source or request.source,
        file_name=request.file_name,
        size_bytes=content.size_bytes,
        sha256=content.sha256,
        checksums=dict(content.checksums),
        validator=fetched.validator,
        content_type=fetched.content_type,
        created_at=now,
        checked_at=now,
    )


def commit(
    layout: Layout, locks: KeyLocks, draft: Draft, meta: Meta, *, is_known: bool
) -> Entry:
    """Make ``draft`` the newest version of its key.

    Where the newest version has the same bytes it stays, with a renewed
    sidecar. Others may commit or remove versions of this key meanwhile. The
    rename itself is not synced: what a power cut undoes is fetched again.

    Args:
        layout: Where the cache lies.
        locks: Its locks.
        draft: The finished draft.
        meta: Its sidecar.
        is_known: The key seems to have versions already.

    Raises:
        OSError: The cache cannot be written.
        CacheError: The key's folder keeps changing under way.
    """
    if is_known and (kept := _renew_same(layout, locks, meta)) is not None:
        return kept
    draft.seal(meta)
    folder = layout.key_folder(meta.key)
    for _ in range(_ATTEMPTS):
        is_new = draft.make_folder(folder)
        if not is_new and (kept := _renew_same(layout, locks, meta)) is not None:
            return kept
        names = () if is_new else None
        if (version := _place(draft.folder, folder, names, meta)) is not None:
            draft.is_committed = True
            now_s = time.time()
            return committed_entry(folder, version, meta, used_at_s=now_s)
    msg = f"The cache folder {layout.root} keeps changing while it is written."
    raise CacheError(msg, hint="Try again when nothing else removes entries from it.")


def _renew_same(layout: Layout, locks: KeyLocks, meta: Meta) -> Entry | None:
    """The newest version, renewed, if it has these very bytes."""
    newest = newest_entry(layout, meta.key)
    if newest is None or newest.meta.sha256 != meta.sha256:
        return None
    try:
        is_same = sha256_of(newest.path) == meta.sha256
    except FileNotFoundError:
        return None
    return renew(layout, locks, newest, meta) if is_same else None


def _place(
    draft_folder: str, folder: str, names: Collection[str] | None, meta: Meta
) -> str | None:
    """Rename the draft to a free version; None where another try may succeed."""
    try:
        names = os.listdir(folder) if names is None else names
        version = next_version(names, meta.sha256)
        os.rename(draft_folder, f"{folder}/{version}")
    except FileNotFoundError:
        if not os.path.exists(draft_folder):
            raise
        return None
    except OSError as exc:
        if exc.errno not in _COLLISIONS:
            raise
        return None
    return version


def renew(
    layout: Layout, locks: KeyLocks, entry: Entry, meta: Meta | None = None
) -> Entry | None:
    """Note that the store confirmed ``entry`` now, which counts as a use.

    Args:
        layout: Where the cache lies.
        locks: Its locks.
        entry: The confirmed version.
        meta: What was learned when the same bytes came again; None after a
            mere confirmation.

    Returns:
        The renewed entry, or the same one where the cache cannot be written;
        None where it was removed meanwhile.
    """
    learned = {} if meta is None else _learned(meta)
    renewed = msgspec.structs.replace(entry.meta, checked_at=now_utc(), **learned)
    draft = f"{layout.tmp}/{SIDECAR_PREFIX}{unique_name()}"
    target = sidecar_path(layout, entry)
    try:
        make_folder(layout, layout.tmp)
        write_durably(draft, encode_meta(renewed))
        with locks.changing(entry.key):
            os.replace(draft, target)
    except OSError as exc:
        _LOGGER.debug("The sidecar %s was not renewed: %s", target, exc)
        delete(draft)
        return entry if os.path.lexists(entry.path) else None
    return replace(entry, meta=renewed, used_at_s=time.time())


def _learned(meta: Meta) -> dict[str, object]:
    names = ("validator", "content_type", "checksums")
    return {name: getattr(meta, name) for name in names}
