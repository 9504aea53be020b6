"""The media of one task, found by its label config or by form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ls_tools.errors import NotAnExportError
from ls_tools.locator import iter_references
from ls_tools.models import Task
from ls_tools.resolver.resolver import Resolver
from ls_tools.resolver.values import id_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ls_tools.label_config import LabelConfig, MediaObject
    from ls_tools.settings import Bounds, Settings

_Chosen = dict[str, tuple[Any, list[str]]]

_INLINE = "data:"


def resolve_task(
    task: Task | Mapping[str, Any],
    label_config: LabelConfig | str | None = None,
    *,
    settings: Settings | None = None,
    resolver: Resolver | None = None,
) -> dict[str, Any]:
    """Resolve the media of one task.

    Args:
        task: A task, as a ``Task`` or as the server and ML backends give it; a
            mapping without ``data`` is taken for task data itself.
        label_config: Tells which values are media; without it those are that
            have the form of a reference.
        settings: What to resolve with; from the environment where None.
        resolver: Resolves instead of one made from ``settings``.

    Returns:
        Local paths by key of the task data. A value that is a list or an object
        keeps its shape, with each reference in it replaced by its path.

    Raises:
        NotAnExportError: ``task`` is no task.
        LabelConfigError: ``label_config`` does not parse.
        LsToolsError: A file cannot be had; all were tried, this is the first.
    """
    if isinstance(label_config, str):
        from ls_tools.label_config import parse_label_config

        label_config = parse_label_config(label_config)
    task = _as_mapping(task)
    if resolver is not None:
        return _resolve(resolver, task, label_config)
    with Resolver(settings) as made:
        return _resolve(made, task, label_config)


def _resolve(
    resolver: Resolver, task: Mapping[str, Any], config: LabelConfig | None
) -> dict[str, Any]:
    data = _choose(task["data"], config, resolver.settings.bounds)
    wanted = dict.fromkeys(item for _, found in data.values() for item in found)
    results = resolver.paths(
        wanted, task_id=id_number(task.get("id")), project_id=_project(task)
    )
    paths: dict[str, str] = {}
    for one in results:
        if one.error is not None:
            raise one.error
        paths[one.reference] = one.path or ""
    return {key: _substitute(value, paths) for key, (value, _) in data.items()}


def _as_mapping(task: Any) -> Mapping[str, Any]:
    if isinstance(task, Task):
        return {"id": task.id, "data": task.data, "project": task.project}
    is_task = isinstance(task, Mapping)
    data = task.get("data", task) if is_task else task
    if is_task and isinstance(data, dict):
        return {**task, "data": data}
    msg = f"The data of a task is an object, not {type(data).__name__}."
    raise NotAnExportError(msg, hint="Pass one task, not a list of them.")


def _project(task: Mapping[str, Any]) -> int | None:
    project = task.get("project")
    return id_number(project.get("id") if isinstance(project, dict) else project)


def _choose(
    data: Mapping[str, Any], config: LabelConfig | None, bounds: Bounds
) -> _Chosen:
    """The values that hold media by key, each with the references in it."""
    find = partial(
        iter_references, limit=bounds.references_per_value, nesting=bounds.nesting
    )
    if config is None:
        found = {key: list(find(value)) for key, value in data.items()}
    else:
        keys = [_data_key(x) for x in config.objects.values() if x.shows_files]
        found = {key: list(_iter_texts(data.get(key), find)) for key in keys if key}
    return {key: (data[key], items) for key, items in found.items() if items}


def _data_key(shown: MediaObject) -> str:
    """The key of the task data itself: ``images`` of ``images[{{idx}}].url``."""
    return re.split(r"[.\[]", shown.data_key or "")[0]


def _iter_texts(value: Any, find: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    """Every text in a value that is media, inline data excepted."""
    if isinstance(value, str):
        if value and not value.startswith(_INLINE):
            yield value
    elif isinstance(value, (list, tuple, dict)):
        yield from find(value)


def _substitute(value: Any, paths: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return paths.get(value, value)
    if isinstance(value, dict):
        return {key: _substitute(item, paths) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_substitute(item, paths) for item in value]
    return value
