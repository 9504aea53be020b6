"""Which values of task data are the media that a format places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from ls_tools.label_config import LabelConfig
    from ls_tools.output.names import HasData

MEDIA_TAGS = frozenset({"Image", "BitMask", "Audio", "AudioPlus", "Video", "Pdf"})
"""Object tags that show a file."""


class TaskMedia:
    """Finds the media references of tasks.

    Args:
        config: The label config.
        tags: Object tags whose media count; all that show a file where empty.
    """

    def __init__(self, config: LabelConfig, tags: Collection[str] = ()) -> None:
        objects = config.objects_of(*(tags or MEDIA_TAGS))
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
