"""Which sources serve which kind of reference."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, get_args

from ls_tools.errors import MissingDependencyError, NotFoundError, UnknownFormatError
from ls_tools.locator import Kind, store_kind
from ls_tools.registry import Registry
from ls_tools.sources.lazy import LazySource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ls_tools.locator import Locator
    from ls_tools.settings import Cloud
    from ls_tools.sources.protocol import Services, Source, SourceFactory
    from ls_tools.transfer import Fetched, Sink, Validator

SOURCES: Registry[SourceFactory] = Registry(
    "source",
    {
        "uploads": "ls_tools.sources.uploads:UploadsSource",
        "local_files": "ls_tools.sources.local_files:LocalFilesSource",
        "server": "ls_tools.sources.server:ServerSource",
        "s3": "ls_tools.sources.buckets.direct:s3_source",
        "gcs": "ls_tools.sources.buckets.direct:gcs_source",
        "azure": "ls_tools.sources.buckets.direct:azure_source",
        "presign": "ls_tools.sources.presign:PresignSource",
        "external": "ls_tools.sources.external:ExternalSource",
        "paths": "ls_tools.sources.paths:PathsSource",
    },
)

_ROUTES: dict[str, tuple[str, ...]] = {
    "upload": ("uploads",),
    "storage_proxy": ("uploads",),
    "local_file": ("local_files",),
    "server_path": ("server",),
    "resolve": ("presign",),
    "http": ("external",),
    "s3": ("s3", "presign"),
    "gs": ("gcs", "presign"),
    "azure": ("azure", "presign"),
    "path": ("paths",),
}
_KINDS = frozenset(get_args(Kind))
_THROUGH_SERVER = "presign"
_lazy = {"s3", "gcs", "azure"}
"""Sources that are made at their first fetch, with what they import."""


def register_source(
    name: str,
    target: str | SourceFactory,
    *,
    kinds: Collection[str],
    replace: bool = False,
) -> None:
    """Add a source, tried before those already there for the same kinds.

    Args:
        name: Its name, which the cache records.
        target: A factory that takes Services, or ``"module:attribute"`` of it.
        kinds: Kinds of Locator, or URL schemes that ls_tools does not know.
        replace: Take the place of a source with this name.

    Raises:
        UsageError: The name is taken and ``replace`` is not given.
    """
    SOURCES.register(name, target, replace=replace)
    _lazy.discard(name)
    for kind in kinds:
        others = tuple(n for n in _ROUTES.get(kind.lower(), ()) if n != name)
        _ROUTES[kind.lower()] = (name, *others)


def schemes() -> tuple[str, ...]:
    """The URL schemes that sources were registered for."""
    return tuple(kind for kind in _ROUTES if kind not in _KINDS)


class Sources:
    """The sources of one resolver, made on first use."""

    def __init__(self, services: Services) -> None:
        from ls_tools.sources.buckets.choice import Choice

        self._services = services
        self._made: dict[str, Source] = {}
        self._choice = Choice()

    def route(self, locator: Locator) -> list[tuple[str, Source]]:
        """The sources for ``locator`` by name, in the order to try them.

        Raises:
            UnknownFormatError: There is none.
        """
        names = self._names(locator)
        if not names:
            msg = f"No source for {locator.canonical} is installed."
            raise UnknownFormatError(msg, hint="Use cloud='server', with a task id.")
        return [(name, self._make(name)) for name in names]

    def fetch(
        self, locator: Locator, sink: Sink, validator: Validator | None
    ) -> Fetched:
        """Fetch from the first source that has it, as ``Source.fetch`` does.

        Raises:
            LsToolsError: No source has it, or the fetch failed.
        """
        from ls_tools.sources.buckets.choice import Ways

        route = self.route(locator)
        if len(route) == 1:
            return route[0][1].fetch(locator, sink, validator=validator)
        attempts = [
            partial(_attempt, name, source, locator, sink, validator)
            for name, source in route
        ]
        begin_again = partial(sink.truncate, 0)
        store = store_kind(locator)
        if store is None or route[-1][0] != _THROUGH_SERVER:
            return _first_of(attempts, begin_again)
        return self._choice.fetch(
            Ways(
                store=store,
                bucket=locator.bucket or "",
                canonical=locator.canonical,
                direct=partial(_first_of, attempts[:-1], begin_again),
                server=attempts[-1],
                begin_again=begin_again,
            )
        )

    def _names(self, locator: Locator) -> tuple[str, ...]:
        kind = locator.scheme if locator.kind == "other" else locator.kind
        own, store = _ROUTES.get(kind, ()), store_kind(locator)
        if store is None and kind != "resolve":
            return own
        settings = self._services.settings
        names = (*own, *(n for n in _ROUTES.get(store or "", ()) if n not in own))
        return _choose(names, settings.cloud_of(locator.bucket or ""))

    def _make(self, name: str) -> Source:
        if name not in self._made:
            make = partial(_load, name, self._services)
            source = LazySource(make) if name in _lazy else make()
            return self._made.setdefault(name, source)
        return self._made[name]


def _load(name: str, services: Services) -> Source:
    return SOURCES.load(name)(services)


def _choose(names: tuple[str, ...], cloud: Cloud) -> tuple[str, ...]:
    """Those that are wanted, the one through the server last."""
    if _THROUGH_SERVER not in names:
        return () if cloud == "server" else names
    if cloud == "server":
        return (_THROUGH_SERVER,)
    direct = tuple(name for name in names if name != _THROUGH_SERVER)
    return direct if cloud == "direct" else (*direct, _THROUGH_SERVER)


def _first_of(
    attempts: Sequence[Callable[[], Fetched]], begin_again: Callable[[], object]
) -> Fetched:
    """What the first attempt gives that finds something; the last one decides."""
    first, *others = attempts
    if not others:
        return first()
    try:
        return first()
    except (NotFoundError, MissingDependencyError):
        begin_again()
    return _first_of(others, begin_again)


def _attempt(
    name: str,
    source: Source,
    locator: Locator,
    sink: Sink,
    validator: Validator | None,
) -> Fetched:
    fetched = source.fetch(locator, sink, validator=validator)
    return replace(fetched, source=name)
