"""Which control of a label config takes a region or an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.errors import UsageError
from ls_tools.label_config import Control

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.label_config import LabelConfig

IMAGES = ("image",)
TEXTS = ("text", "hypertext")
SOUNDS = ("audio", "audioplus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A control, and the names of a result of it."""

    control: Control
    from_name: str
    to_name: str

    @classmethod
    def nothing(cls) -> Picked:
        """A control without a name."""
        return cls(control=Control(name="", tag=""), from_name="", to_name="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a control is to be.

    Attributes:
        tags: One of these, in lower case.
        labels: It has all of them.
        objects: It is about one of these, in lower case; none for any.
        name: It has this name; None for any.
        to_name: It is about this object; None for any.
        per_region: It asks about single regions, or it does not; None for any.
    """

    tags: tuple[str, ...]
    labels: Sequence[str] = ()
    objects: tuple[str, ...] = ()
    name: str | None = None
    to_name: str | None = None
    per_region: bool | None = None


def pick_control(config: LabelConfig, wanted: Wanted) -> Picked:
    """The one control that fits.

    Raises:
        UsageError: None fits, or more than one; says what there is.
    """
    found = [
        picked
        for picked in _right_tags(config, wanted)
        if _has_labels(picked.control, wanted.labels)
    ]
    if not found:
        raise _nothing_fits(config, wanted)
    if len(found) > 1:
        names = ", ".join(f"{one.from_name} on {one.to_name}" for one in found)
        msg = f"Several controls of the label config fit: {names}."
        raise UsageError(msg, hint="Say which: name=… or on(to_name=…).")
    return found[0]


def has_tag(config: LabelConfig, tag: str) -> bool:
    """Whether there is a control of a tag, in lower case."""
    return any(control.result_type == tag for control in config.controls.values())


def _has_labels(control: Control, labels: Iterable[str]) -> bool:
    """Whether a control has all of some labels; one that gets them late has any."""
    return _is_dynamic(control) or set(labels) <= {x.name for x in control.labels}


def _right_tags(config: LabelConfig, wanted: Wanted) -> list[Picked]:
    """The controls that fit but for their labels."""
    if wanted.name is not None:
        control = config.control(wanted.name)
        named = [] if control is None else [(wanted.name, control)]
    else:
        named = list(config.controls.items())
    return [
        Picked(control=control, from_name=name, to_name=to_name)
        for name, control in named
        if control.result_type in wanted.tags
        if wanted.per_region in {None, is_set(control, "perRegion")}
        for to_name in _objects_of(control, wanted)
        if not wanted.objects or _tag_of(config, to_name) in wanted.objects
    ]


def _objects_of(control: Control, wanted: Wanted) -> tuple[str, ...]:
    """The names of its objects that fit; in a Repeater, the one that is asked for."""
    if wanted.to_name is None:
        return control.to_names
    repeated = any("{{" in name for name in control.to_names)
    return (wanted.to_name,) if repeated or wanted.to_name in control.to_names else ()


def _tag_of(config: LabelConfig, to_name: str) -> str:
    shown = config.objects.get(to_name)
    if shown is None:  # in a Repeater: the names differ by a number only
        tags = {shown.tag.lower() for n, shown in config.objects.items() if "{{" in n}
        return tags.pop() if len(tags) == 1 else ""
    return shown.tag.lower()


def is_set(control: Control, attribute: str) -> bool:
    """Whether an attribute of a control, written in any case, is ``true``."""
    return attribute_of(control, attribute).lower() == "true"


def attribute_of(control: Control, name: str) -> str:
    """An attribute of a control, written in any case; empty where it has none."""
    for key, text in control.attributes.items():
        if key.lower() == name.lower():
            return text
    return ""


def _is_dynamic(control: Control) -> bool:
    """Whether its labels come with the task, or from elsewhere."""
    is_late = attribute_of(control, "value").startswith("$")
    return is_late or bool(attribute_of(control, "apiUrl"))


def _nothing_fits(config: LabelConfig, wanted: Wanted) -> UsageError:
    near = _right_tags(config, wanted)
    if near and wanted.labels:
        known = {label.name for picked in near for label in picked.control.labels}
        unknown = [label for label in wanted.labels if label not in known]
        asked = ", ".join(repr(label) for label in unknown or wanted.labels)
        there = "; ".join(_describe(picked) for picked in near)
        what = "the label" if unknown else "all of"
        msg = f"No control has {what} {asked}. There are: {there}."
        hint = "Labels are taken as the label config has them, by their alias if any."
        return UsageError(msg, hint=hint)
    tags = " or ".join(wanted.tags)
    if wanted.per_region is not None:
        tags += " with perRegion" if wanted.per_region else " without perRegion"
    where = f" on {wanted.to_name}" if wanted.to_name else ""
    called = f" called {wanted.name}" if wanted.name else ""
    there = ", ".join(f"{c.tag} ({name})" for name, c in config.controls.items())
    msg = f"The label config has no {tags}{called}{where}. It has: {there or 'nothing'}"
    return UsageError(f"{msg}.")


def _describe(picked: Picked) -> str:
    labels = ", ".join(label.name for label in picked.control.labels)
    return f"{labels or 'no label'} ({picked.from_name})"
