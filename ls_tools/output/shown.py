"""Which media a task shows under one kind of object tag, and which a result is on.

Knows no format and no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from ls_tools.output.reasons import not_expressible

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result, Task

Place: TypeAlias = tuple[str, int]
"""Name of an object tag, and the place in its list of media."""


class Medium(msgspec.Struct):
    """One recording or video of a task.

    Attributes:
        reference: As in the task data.
        position: Its place among the media of its task.
        places: Where the task shows it.
    """

    reference: str
    position: int
    places: list[Place] = msgspec.field(default_factory=list)


_Kind = TypeVar("_Kind", bound=Medium)


class Shown:
    """Finds the media that tasks show under some object tags.

    Args:
        config: The label config.
        tags: The object tags.
        missing: The reason of a result whose medium is not in the task data.
    """

    def __init__(
        self, config: LabelConfig, tags: Collection[str], *, missing: str
    ) -> None:
        self._config = config
        self._objects = config.objects_of(*tags)
        self._missing = missing

    def media(self, task: Task, kind: type[_Kind]) -> list[_Kind]:
        """The distinct media of a task, in the order of the config.

        Args:
            task: The task.
            kind: What is made of each; all that it adds has a default.
        """
        found: dict[str, _Kind] = {}
        for shown in self._objects:
            references = task.data.get(shown.data_key or "")
            if not isinstance(references, list):
                references = [references]
            for index, reference in enumerate(references):
                if isinstance(reference, str) and reference:
                    if reference not in found:
                        found[reference] = kind(reference, len(found))
                    found[reference].places.append((shown.name, index))
        return list(found.values())

    def places(self, media: Sequence[_Kind]) -> dict[Place, _Kind]:
        """Media by where they are shown."""
        places = {place: medium for medium in media for place in medium.places}
        if len(media) == 1:
            places["", 0] = media[0]  # as in old data
        return places

    def find(self, result: Result, places: Mapping[Place, _Kind]) -> _Kind | str:
        """The medium that a result is on, or the reason why there is none."""
        medium = places.get((result.to_name, result.item_index or 0))
        if medium is not None:
            return medium
        shown = self._config.objects.get(result.to_name)
        if shown is not None and shown not in self._objects:
            return not_expressible(f"{self.tag_of(result)} on {shown.tag}")
        return self._missing

    def tag_of(self, result: Result) -> str:
        """The tag of the control that made a result."""
        control = self._config.control(result.from_name)
        return control.tag if control else result.type or "unknown"
