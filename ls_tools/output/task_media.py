"""Which values of task data are the media that a format places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from ls_tools.label_config import LabelConfig
    from ls_tools.output.names import HasData


class TaskMedia:
    """Finds the media references of tasks.

    Args:
        config: The label config.
        tags: Object tags whose media count; all that show files where empty.
    """

    def __init__(self, config: LabelConfig, tags: Collection[str] = ()) -> None:
        showing = (shown for shown in config.objects.values() if shown.shows_files)
        objects = config.objects_of(*tags) if tags else showing
        keys = (shown.data_key for shown in objects)
        self._keys = tuple(dict.fromkeys(key for key in keys if key))

    def __call__(self, task: HasData) -> list[str]:
        """The distinct references of ``task``, in the order of the config."""
        found: dict[str, None] = {}
        for key in self._keys:
            value = task.data.get(key)
            for reference in value if isinstance(value, list) else (value,):
                if isinstance(reference, str) and reference:
                    found[reference] = None
        return list(found)
