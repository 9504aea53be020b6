"""Which values of task data are the media that a format places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ls_tools.label_config import LabelConfig, MediaObject
    from ls_tools.output.names import HasData


class TaskMedia:
    """Finds the media references of tasks.

    Args:
        config: The label config.
        tags: Object tags whose media count; all that show files where empty.
    """

    def __init__(self, config: LabelConfig, tags: Collection[str] = ()) -> None:
        self._keys = _keys_of(config.objects_of(*tags) if tags else _showing(config))

    @classmethod
    def files(cls, config: LabelConfig, first: Collection[str]) -> TaskMedia:
        """All media that are files, whatever the format places.

        Args:
            config: The label config.
            first: Object tags whose media come first.
        """
        found, tags = cls(config), {tag.lower() for tag in first}
        shown = sorted(_showing(config), key=lambda one: one.tag.lower() not in tags)
        found._keys = _keys_of(shown)
        return found

    def __call__(self, task: HasData) -> list[str]:
        """The distinct references of ``task``, in the order of the config."""
        found: dict[str, None] = {}
        data = task.data
        for key in self._keys:
            value = data.get(key)
            if isinstance(value, list):
                found.update((one, None) for one in value if isinstance(one, str))
            elif isinstance(value, str):
                found[value] = None
        found.pop("", None)
        return list(found)


def _showing(config: LabelConfig) -> list[MediaObject]:
    """The objects that show files."""
    return [shown for shown in config.objects.values() if shown.shows_files]


def _keys_of(objects: Iterable[MediaObject]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.data_key for one in objects if one.data_key))
