"""``get_local_path`` and its plural: one call, settings from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ls_tools.resolver.resolver import Resolver
from ls_tools.settings import Settings, environment_fingerprint

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ls_tools.progress import Progress
    from ls_tools.resolver.values import MediaRequest, Resolved
    from ls_tools.settings import Token

_RESOLVERS_LIMIT = 16


class _Call(NamedTuple):
    """Everything that decides which resolver answers."""

    cache_dir: str | os.PathLike[str] | None
    project_dir: str | os.PathLike[str] | None
    hostname: str | None
    image_dir: str | os.PathLike[str] | None
    access_token: Token | None
    environment: tuple[object, ...]


_resolvers: dict[tuple[object, ...], Resolver] = {}


def get_local_path(  # noqa: PLR0913, PLR0917 -- the signature that callers rely on
    url: str,
    cache_dir: str | os.PathLike[str] | None = None,
    project_dir: str | os.PathLike[str] | None = None,
    hostname: str | None = None,
    image_dir: str | os.PathLike[str] | None = None,
    access_token: Token | None = None,
    download_resources: bool = True,  # noqa: FBT001, FBT002 -- likewise
    task_id: int | None = None,
) -> str:
    """The local path of what a task data value refers to.

    A file that is on this machine already is used where it is: an upload below
    the upload folder, a local file below ``LOCAL_FILES_DOCUMENT_ROOT``.
    Everything else is fetched once and kept in the cache.

    Args:
        url: The task data value.
        cache_dir: The cache folder; made when missing. ``LS_TOOLS_CACHE_DIR``,
            or the user's cache folder.
        project_dir: Folder whose ``upload`` is the upload folder.
        hostname: Server URL. ``LABEL_STUDIO_URL``, ``LABEL_STUDIO_HOST``.
        image_dir: The upload folder: files lie in it as ``<project>/<name>``.
            ``LS_UPLOAD_DIR``, or that of a Label Studio of this user.
        access_token: Token for the server. ``LABEL_STUDIO_API_KEY``,
            ``LABEL_STUDIO_ACCESS_TOKEN``.
        download_resources: False fetches and creates nothing; what is not here
            yet gets a path that does not exist.
        task_id: Task whose storage serves a bucket reference.

    Returns:
        An absolute path that ends in the original file name.

    Raises:
        FileNotFoundError: There is no such file, or no server or token.
        ValueError: A reference or an argument makes no sense.
        LsToolsError: It cannot be had; the above are subclasses.
    """
    resolver = _resolver_for(cache_dir, project_dir, hostname, image_dir, access_token)
    if download_resources:
        return str(resolver.path(url, task_id=task_id))
    return str(resolver.expected_path(url))


def get_local_paths(
    references: Iterable[str | MediaRequest],
    *,
    settings: Settings | None = None,
    task_id: int | None = None,
    project_id: int | None = None,
    progress: Progress | None = None,
) -> list[Resolved]:
    """Resolve many references at once.

    Args:
        references: Task data values, or requests with ids of their own.
        settings: What to resolve with; from the environment where None.
        task_id: Task whose storage serves bucket references.
        project_id: Likewise, of a project.
        progress: Told about each file.

    Returns:
        One result per reference, in the order given. A failed one has its error
        in it and stops no other; each distinct reference is resolved once.
    """
    if settings is None and progress is None:
        resolver = _resolver_for(None, None, None, None, None)
        return resolver.paths(references, task_id=task_id, project_id=project_id)
    with Resolver(settings, progress=progress) as resolver:
        return resolver.paths(references, task_id=task_id, project_id=project_id)


def _resolver_for(
    cache_dir: str | os.PathLike[str] | None,
    project_dir: str | os.PathLike[str] | None,
    hostname: str | None,
    image_dir: str | os.PathLike[str] | None,
    access_token: Token | None,
) -> Resolver:
    """The resolver of these arguments in this environment, made once."""
    call = (
        cache_dir,
        project_dir,
        hostname,
        image_dir,
        access_token,
        environment_fingerprint(),
    )
    resolver = _resolvers.get(call)
    if resolver is None:
        if len(_resolvers) >= _RESOLVERS_LIMIT:
            _resolvers.clear()
        made = Resolver(_settings_for(_Call(*call)))
        resolver = _resolvers.setdefault(call, made)
    return resolver


def _settings_for(call: _Call) -> Settings:
    settings = Settings.from_env(
        url=call.hostname or None,
        token=call.access_token or None,
        cache_dir=Path(call.cache_dir) if call.cache_dir else None,
        upload_dir=_given_upload_dir(call),
    )
    if settings.upload_dir is not None:
        return settings
    return settings.evolve(upload_dir=_own_upload_dir())


def _given_upload_dir(call: _Call) -> Path | None:
    if call.image_dir:
        return Path(call.image_dir)
    return Path(call.project_dir) / "upload" if call.project_dir else None


def _own_upload_dir() -> Path | None:
    """The upload folder of a Label Studio that this user runs, if there is one."""
    import platformdirs

    data = Path(platformdirs.user_data_dir("label-studio", appauthor=False))
    folder = data / "media" / "upload"
    return folder if folder.is_absolute() and folder.is_dir() else None
