"""Takes over the flat ``<hash8>__<name>`` caches of earlier tools.

The eight hex digits cannot be turned back into a URL, so the caller says which
URLs to look for.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from ls_tools.digests import BLOCK_BYTES
from ls_tools.errors import LsToolsError, NotFoundError
from ls_tools.transfer import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ls_tools.cache.entry import CacheRequest, Entry, Outcome
    from ls_tools.transfer import Sink, Validator

    Get = Callable[[CacheRequest, Callable[[Sink, Validator | None], Fetched]], Outcome]
    Candidates = Mapping[str, list[tuple[str, CacheRequest]]]

SkipReason = Literal[
    "not-a-legacy-name",
    "unmatched",
    "ambiguous",
    "empty",
    "html-page",
    "unreadable",
    "known",
]
"""Why a file was not taken over; the words are stable."""

_NAME = re.compile(r"([0-9a-f]{8})__(.*)", re.DOTALL)
_HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_HTML_NAMES = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySkip:
    """A file of an old cache that was not taken over.

    Attributes:
        path: The file.
        reason: ``unmatched`` no URL given has its hash and name, ``ambiguous``
            several have, ``empty`` it has no bytes (as an interrupted download
            leaves it), ``html-page`` it is a web page under another name,
            ``unreadable`` the system refuses to read it, ``known`` the cache has
            an entry for it already.
    """

    path: Path
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyImport:
    """What ``Cache.import_legacy`` did.

    Attributes:
        imported: The new entries.
        skipped: The files left out.
    """

    imported: tuple[Entry, ...]
    skipped: tuple[LegacySkip, ...]


def import_legacy(
    get: Get, folder: Path, references: Iterable[tuple[str, CacheRequest]]
) -> LegacyImport:
    """Import through ``get``; see ``Cache.import_legacy``.

    Raises:
        NotFoundError: ``folder`` cannot be read.
        CacheError: The cache cannot be written.
    """
    candidates = _by_hash(references)
    imported: list[Entry] = []
    skipped: list[LegacySkip] = []
    for path in _list(folder):
        taken = _take(get, path, candidates)
        if isinstance(taken, str):
            skipped.append(LegacySkip(path=path, reason=taken))
        else:
            imported.append(taken)
    return LegacyImport(imported=tuple(imported), skipped=tuple(skipped))


def _list(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as exc:
        msg = f"The folder {folder} cannot be read: {exc.strerror}."
        raise NotFoundError(msg, hint="Give the folder of an old cache.") from exc


def _take(get: Get, path: Path, candidates: Candidates) -> Entry | SkipReason:
    try:
        chosen = _choose(path, candidates)
        if isinstance(chosen, str):
            return chosen
        outcome = get(chosen, partial(_copy, path))
    except LsToolsError:
        raise
    except OSError:
        return "unreadable"
    return "known" if outcome.from_cache else outcome.entry


def legacy_hash(url: str) -> str:
    """The eight hex digits under which earlier tools kept ``url``."""
    digest = hashlib.md5(url.encode(errors="surrogatepass"), usedforsecurity=False)
    return digest.hexdigest()[:8]


def _by_hash(references: Iterable[tuple[str, CacheRequest]]) -> Candidates:
    candidates: dict[str, list[tuple[str, CacheRequest]]] = defaultdict(list)
    for url, request in references:
        candidates[legacy_hash(url)].append((url, request))
    return candidates


def _choose(path: Path, candidates: Candidates) -> CacheRequest | SkipReason:
    """What to store ``path`` as, or why not to; changes nothing."""
    match = _NAME.fullmatch(path.name)
    if match is None or path.is_symlink() or not path.is_file():
        return "not-a-legacy-name"
    digits, name = match.groups()
    fitting = [
        request
        for url, request in candidates.get(digits, ())
        if name in url or name in unquote(url)
    ]
    keys = {request.key for request in fitting}
    if len(keys) != 1:
        return "ambiguous" if keys else "unmatched"
    return _refuse_content(path) or fitting[0]


def _refuse_content(path: Path) -> SkipReason | None:
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        return "empty"
    is_page = _HTML.match(start) and not path.name.lower().endswith(_HTML_NAMES)
    return "html-page" if is_page else None


def _copy(path: Path, sink: Sink, _validator: Validator | None) -> Fetched:
    size_bytes = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            sink.write_at(size_bytes, block)
            size_bytes += len(block)
    return Fetched(size_bytes=size_bytes)
