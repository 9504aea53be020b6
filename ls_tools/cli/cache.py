"""``ls-tools cache``: see, check and clean the cache."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ls_tools.cli.app import CONTEXT
from ls_tools.cli.options import Invocation, read_lines, shared_options
from ls_tools.errors import NotCachedError, UsageError
from ls_tools.settings.quantities import parse_duration_s, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.cache import Cache, Entry, PrunedVersion

_YEAR_9999_S = 253_402_300_799.0

DAMAGED = 1
"""Exit code of ``verify`` where damage was found and not repaired."""


def _read_as(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """A callback that reads a size or a duration as people write them."""

    def read(
        context: click.Context, parameter: click.Parameter, text: str | None
    ) -> Any:
        try:
            return None if text is None else parse(text)
        except ValueError as exc:
            raise click.BadParameter(str(exc), ctx=context, param=parameter) from exc

    return read


@click.group(context_settings=CONTEXT)
def cache() -> None:
    """See, check and clean the cache.

    \b
    Examples:
      ls-tools cache info
      ls-tools cache verify --repair
    """


@cache.command()
@shared_options(server=False)
def info(invocation: Invocation) -> None:
    """Show where the cache is, and how much is in it.

    \b
    Examples:
      ls-tools cache info
      ls-tools cache info --json
    """
    found = _cache(invocation).info()
    document = {
        "root": str(found.root),
        "format_version": found.format_version,
        "entries": found.entries,
        "versions": found.versions,
        "size_bytes": found.size_bytes,
        "temporary_bytes": found.temporary_bytes,
    }
    invocation.console.result(document, [f"{k}: {v}" for k, v in document.items()])


@cache.command()
@click.option("--all-versions", is_flag=True, help="Old versions too.")
@shared_options(server=False)
def ls(invocation: Invocation, *, all_versions: bool) -> None:
    """List the entries: size, reference, path.

    \b
    Examples:
      ls-tools cache ls
      ls-tools cache ls --all-versions --json
    """
    found = list(_cache(invocation).entries(all_versions=all_versions))
    lines = [f"{x.size_bytes}\t{x.meta.reference}\t{x.path}" for x in found]
    total = sum(x.size_bytes for x in found)
    document = {"entries": [describe(x) for x in found], "size_bytes": total}
    invocation.console.result(document, lines)


@cache.command()
@click.option("--repair", is_flag=True, help="Remove what is damaged.")
@shared_options(server=False)
def verify(invocation: Invocation, *, repair: bool) -> int:
    """Read every file again and compare it with what was fetched.

    Exits with 1 where damage was found and is still there.

    \b
    Examples:
      ls-tools cache verify
      ls-tools cache verify --repair --json
    """
    store = _cache(invocation)
    problems = store.verify(progress=invocation.progress, repair=repair)
    document = {
        "checked": store.info().versions,
        "problems": [
            {
                "path": str(x.path),
                "key": x.key,
                "reason": x.reason,
                "detail": x.detail,
                "removed": x.removed,
            }
            for x in problems
        ],
    }
    lines = [f"{x.reason}\t{x.path}\t{x.detail}" for x in problems]
    invocation.console.result(document, lines)
    invocation.console.note(f"{len(problems)} problems found.")
    return DAMAGED if any(not x.removed for x in problems) else 0


@cache.command()
@click.argument("references", metavar="REF|KEY...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every entry.")
@click.option("--force", is_flag=True, help="Even what a program is using.")
@shared_options()
def rm(
    invocation: Invocation,
    *,
    references: tuple[str, ...],
    everything: bool,
    force: bool,
) -> None:
    """Remove entries, by reference or by key.

    What a running program holds a lease on stays, unless forced.

    \b
    Examples:
      ls-tools cache rm https://example.com/cat.jpg
      ls-tools cache rm --all
    """
    if everything == bool(references):
        msg = "Give references, or --all." if not references else "Give one of both."
        raise UsageError(msg, hint="See ls-tools cache ls for what is there.")
    store = _cache(invocation)
    if everything:
        removed = store.clear(force=force)
    else:
        keys = [_selector(invocation, reference) for reference in references]
        removed = sum(store.remove(key, force=force) for key in keys)
    invocation.console.result({"removed": removed}, [f"{removed} removed"])


@cache.command()
@click.option(
    "--max-size",
    "max_bytes",
    callback=_read_as(parse_size),
    metavar="SIZE",
    help="Come down to this size: 50GB, 512MiB.",
)
@click.option(
    "--older-than",
    "max_age_s",
    callback=_read_as(parse_duration_s),
    metavar="AGE",
    help="What was not used for so long: 30d, 12h.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@shared_options(server=False)
def prune(
    invocation: Invocation,
    *,
    max_bytes: int | None,
    max_age_s: float | None,
    dry_run: bool,
) -> None:
    """Remove what is needed least: old versions first, then by last use.

    Given neither limit, old versions go, and what exceeds the limits set by
    LS_TOOLS_CACHE_MAX_SIZE and the like. What is leased, pinned or was used in
    the last minutes stays.

    \b
    Examples:
      ls-tools cache prune --max-size 50GB
      ls-tools cache prune --older-than 30d --dry-run
    """
    done = _cache(invocation).prune(
        max_bytes=max_bytes, max_age_s=max_age_s, dry_run=dry_run
    )
    removed = [_describe_pruned(version) for version in done.removed]
    document = {
        "dry_run": dry_run,
        "removed": removed,
        "removed_bytes": done.removed_bytes,
        "kept": done.kept,
        "kept_bytes": done.kept_bytes,
        "needed": done.needed,
        "recent": done.recent,
    }
    lines = [f"{x['size_bytes']}\t{x['used_at']}\t{x['reference']}" for x in removed]
    invocation.console.result(document, lines)
    verb = "would go" if dry_run else "removed"
    invocation.console.note(
        f"{len(removed)} files of {done.removed_bytes} bytes {verb}, {done.kept} of "
        f"{done.kept_bytes} bytes stay ({done.needed} in use, {done.recent} used "
        "lately)."
    )


@cache.command()
@click.argument("reference", metavar="REF", required=False)
@shared_options()
def path(invocation: Invocation, *, reference: str | None) -> None:
    """Print the cache folder, or the path of one cached reference.

    \b
    Examples:
      ls-tools cache path
      ls-tools cache path /data/upload/1/3e539fb4-cat.jpg
    """
    store = _cache(invocation)
    found = store.root
    if reference is not None:
        entry = store.lookup(_selector(invocation, reference))
        if entry is None or not store.touch(entry):
            msg = "The reference is not in the cache."
            raise NotCachedError(msg, hint="Fetch it with ls-tools resolve.")
        found = entry.path
    invocation.console.result({"path": str(found)}, [str(found)])


@cache.command(name="import-legacy")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--refs-from",
    type=click.File(encoding="utf-8"),
    required=True,
    help="File of the references that may be in it, one a line; - for stdin.",
)
@shared_options()
def import_legacy(invocation: Invocation, *, folder: Path, refs_from: Any) -> None:
    """Take over the files of an old cache (named HASH__NAME).

    The hash in an old name is too short to tell the reference, so the
    references are needed to know what is what.

    \b
    Examples:
      ls-tools cache import-legacy ~/.cache/label-studio --refs-from refs.txt
      ls-tools cache import-legacy old/ --refs-from - --json < refs.txt
    """
    from ls_tools.resolver import Resolver
    from ls_tools.resolver.legacy import legacy_urls

    wanted = read_lines(refs_from)
    with Resolver(invocation.settings) as resolver:
        pairs = [
            (url, resolver.cache_request(reference))
            for reference in wanted
            for url in legacy_urls(reference, invocation.settings.url)
        ]
        done = resolver.cache.import_legacy(folder, pairs)
    document = {
        "imported": [describe(entry) for entry in done.imported],
        "skipped": [{"path": str(x.path), "reason": x.reason} for x in done.skipped],
    }
    lines = [
        *(f"imported\t{entry.path}" for entry in done.imported),
        *(f"{x.reason}\t{x.path}" for x in done.skipped),
    ]
    invocation.console.result(document, lines)


def describe(entry: Entry) -> dict[str, Any]:
    """A cache entry as JSON documents show it."""
    meta = entry.meta
    return {
        "key": entry.key,
        "version": entry.version,
        "reference": meta.reference,
        "path": str(entry.path),
        "size_bytes": entry.size_bytes,
        "sha256": meta.sha256,
        "source": meta.source,
        "created_at": meta.created_at.isoformat(),
        "checked_at": meta.checked_at.isoformat(),
        "used_at": _time(entry.used_at_s),
    }


def _describe_pruned(version: PrunedVersion) -> dict[str, Any]:
    return {
        "key": version.key,
        "version": version.version,
        "reference": version.reference,
        "size_bytes": version.size_bytes,
        "used_at": _time(version.used_at_s),
    }


def _time(epoch_s: float) -> str:
    epoch_s = min(max(epoch_s, 0.0), _YEAR_9999_S)
    return datetime.fromtimestamp(epoch_s, timezone.utc).isoformat(timespec="seconds")


def _cache(invocation: Invocation) -> Cache:
    from ls_tools.cache import Cache, default_cache_dir

    settings = invocation.settings
    return Cache(settings.cache_dir or default_cache_dir(), settings.cache_limits)


def _selector(invocation: Invocation, reference: str) -> str:
    """The cache key of a reference; keys stand for themselves."""
    from ls_tools.cache.layout import is_key
    from ls_tools.resolver import Resolver

    if is_key(reference):
        return reference
    with Resolver(invocation.settings) as resolver:
        return resolver.cache_request(reference).key
