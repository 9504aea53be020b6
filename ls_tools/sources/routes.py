"""Which sources serve which kind of reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from ls_tools.errors import UnknownFormatError
from ls_tools.locator import Kind
from ls_tools.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ls_tools.locator import Locator
    from ls_tools.settings import Cloud
    from ls_tools.sources.protocol import Services, Source, SourceFactory

SOURCES: Registry[SourceFactory] = Registry(
    "source",
    {
        "uploads": "ls_tools.sources.uploads:UploadsSource",
        "local_files": "ls_tools.sources.local_files:LocalFilesSource",
        "server": "ls_tools.sources.server:ServerSource",
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
    "s3": ("presign",),
    "gs": ("presign",),
    "azure": ("presign",),
    "path": ("paths",),
}
_CLOUDS: frozenset[str] = frozenset({"resolve", "s3", "gs", "azure"})
_THROUGH_SERVER = "presign"


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
    for kind in kinds:
        others = tuple(n for n in _ROUTES.get(kind.lower(), ()) if n != name)
        _ROUTES[kind.lower()] = (name, *others)


def schemes() -> tuple[str, ...]:
    """The URL schemes that sources were registered for."""
    return tuple(kind for kind in _ROUTES if kind not in get_args(Kind))


class Sources:
    """The sources of one resolver, made on first use."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._made: dict[str, Source] = {}

    def route(self, locator: Locator) -> Iterator[tuple[str, Source]]:
        """The sources for ``locator`` by name, in the order to try them.

        Raises:
            UnknownFormatError: There is none.
        """
        kind = locator.scheme if locator.kind == "other" else locator.kind
        names = _ROUTES.get(kind, ())
        if kind in _CLOUDS:
            names = _choose(names, self._services.settings.cloud)
        if not names:
            msg = f"No source for {locator.canonical} is installed."
            raise UnknownFormatError(msg, hint="Use cloud='server', with a task id.")
        for name in names:
            yield name, self._make(name)

    def _make(self, name: str) -> Source:
        if name not in self._made:
            return self._made.setdefault(name, SOURCES.load(name)(self._services))
        return self._made[name]


def _choose(names: tuple[str, ...], cloud: Cloud) -> tuple[str, ...]:
    if cloud == "auto":
        return names
    is_wanted = cloud == "server"
    return tuple(name for name in names if (name == _THROUGH_SERVER) is is_wanted)
