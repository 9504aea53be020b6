"""From what a task shows, and what is to be added, to the target of a result. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict

from ls_tools.predictions.controls import (
    Picked,
    Wanted,
    has_tag,
    is_set,
    pick_control,
)
from ls_tools.predictions.results import Mark, Target

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ls_tools.geometry import Size
    from ls_tools.label_config import LabelConfig
    from ls_tools.predictions.results import Result


class Shown(TypedDict, total=False):
    """What a task shows.

    Attributes:
        to_name: The object tag, where the label config has several that fit.
        size: Of the image or video, in pixels, EXIF orientation applied; a
            pair is width and height, as Pillow has it.
        text: The text, or of a paragraph, the utterance.
        duration_s: Of the audio or video, in seconds.
        item_index: Which image of a list of images, from 0.
    """

    to_name: str | None
    size: Size | tuple[float, float] | None
    text: str | None
    duration_s: float | None
    item_index: int | None


class How(Mark, total=False):
    """What may be said of any result besides its place and its labels.

    Attributes:
        name: The control tag, where the label config has several that fit.
    """

    name: str | None


@dataclass(frozen=True, slots=True)
class Aim:
    """Finds targets.

    Attributes:
        config: The label config.
        shown: What the task shows.
    """

    config: LabelConfig
    shown: Shown

    def __post_init__(self) -> None:
        self.target(Picked.nothing())  # a TypeError for a word that is unknown

    def find(self, wanted: Wanted) -> tuple[Target, Picked]:
        """The target of a result, and its control.

        Raises:
            UsageError: No control fits, or more than one.
        """
        if wanted.to_name is None:
            wanted = replace(wanted, to_name=self.shown.get("to_name"))
        picked = pick_control(self.config, wanted)
        return self.target(picked), picked

    def find_answer(
        self, wanted: Wanted, region: Result | None
    ) -> tuple[Target, Picked]:
        """The target of an answer: about a region, an image of a list, or all.

        Raises:
            UsageError: No control fits, or more than one.
        """
        asked = replace(wanted, per_region=region is not None)
        target, picked = self.find(asked)
        if not is_set(picked.control, "perItem"):
            target = replace(target, item_index=None)
        return target, picked

    def target(self, picked: Picked) -> Target:
        """The target that a control makes with what is shown."""
        shown: dict[str, Any] = {**self.shown}
        shown.pop("to_name", None)
        return Target(from_name=picked.from_name, to_name=picked.to_name, **shown)

    def has_tool(self, tag: str) -> bool:
        """Whether the label config has a tool without labels: ``Rectangle``."""
        return has_tag(self.config, tag)

    def is_hypertext(self, picked: Picked) -> bool:
        """Whether a control is about a document, not about a plain text."""
        shown = self.config.objects.get(picked.to_name)
        return shown is not None and shown.tag.lower() == "hypertext"


def split(name: str | None = None, **mark: Unpack[Mark]) -> tuple[str | None, Mark]:
    """The name of a control, and the rest."""
    return name, mark
