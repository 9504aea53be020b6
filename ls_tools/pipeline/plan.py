"""What a conversion is asked to do, checked before anything is read.

Knows the options of the formats and nothing of their work.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ls_tools.errors import UsageError
from ls_tools.formats import describe_options
from ls_tools.output import ClassPolicy, MediaPolicy, NameStyle, Split

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from ls_tools.formats import Format, OptionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What to write, and how.

    Attributes:
        to: Name of the format, or one of its aliases.
        out: Folder to write.
        select: Which annotations count, as ``Selection.parse`` takes it; the
            format's own default where None.
        classes: What pins, orders and renames the classes.
        media: Put media beside the labels; None means ``none`` unless the
            format's name asks for images.
        include_unlabeled: Write tasks without a selected annotation too.
        names: How media files are named.
        clip: Clip shapes to the picture.
        split: How tasks are shared out among training, validation and test;
            not at all where None.
        limit: Read only so many tasks.
        dry_run: Report, but write and fetch nothing.
        strict: Raise LossError, and publish nothing, where anything is lost.
        options: The format's own options by name; those that belong to
            another format are refused.
    """

    to: str
    out: Path
    select: str | None = None
    classes: ClassPolicy = field(default_factory=ClassPolicy)
    media: MediaPolicy | None = None
    include_unlabeled: bool = False
    names: NameStyle = "original"
    clip: bool = True
    split: Split | None = None
    limit: int | None = None
    dry_run: bool = False
    strict: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values that make no sense.

        Raises:
            UsageError: A field has such a value.
        """
        for name, (fits, meaning) in _FIELDS.items():
            value = getattr(self, name)
            if not fits(value):
                msg = f"{value!r} is no value of {name!r}."
                raise UsageError(msg, hint=f"Use {meaning}.")

    @classmethod
    def of(cls, to: str, out: str | os.PathLike[str], **options: Any) -> Conversion:
        """A Conversion from keywords: its own fields, then the format's options.

        ``split`` may be text, as ``Split.parse`` takes it.

        Raises:
            UsageError: A value makes no sense. What is no keyword at all is
                refused by ``build_options``.
        """
        own = {item.name for item in dataclasses.fields(cls)}
        fields = {k: v for k, v in options.items() if k in own}
        if isinstance(fields.get("split"), str):
            fields["split"] = Split.parse(fields["split"])
        rest = {k: v for k, v in options.items() if k not in own}
        if rest:
            fields["options"] = {**fields.get("options", {}), **rest}
        return cls(to=to, out=Path(out), **fields)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str | None) -> tuple[Callable[[Any], bool], str]:
    named = ", ".join(word for word in words if word)
    return lambda value: any(value == word for word in words), f"one of {named}"


_FLAG = (_is_flag, "True or False")
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "to": (lambda value: isinstance(value, str), "the name of a format"),
    "select": (
        lambda value: value is None or isinstance(value, str),
        "the name of a policy, such as latest",
    ),
    "classes": (
        lambda value: isinstance(value, ClassPolicy),
        "a ClassPolicy: ClassPolicy(pinned=Path('classes.txt'))",
    ),
    "media": _one_of(*get_args(MediaPolicy), None),
    "include_unlabeled": _FLAG,
    "names": _one_of(*get_args(NameStyle)),
    "clip": _FLAG,
    "split": (
        lambda value: value is None or isinstance(value, Split),
        "a Split: Split(fractions={'train': 0.8, 'val': 0.2})",
    ),
    "limit": (
        lambda value: value is None or (_is_whole(value) and value >= 0),
        "a whole number that is not negative",
    ),
    "dry_run": _FLAG,
    "strict": _FLAG,
}


def build_options(target: Format, given: Mapping[str, Any]) -> Any:
    """The options value of a format.

    Raises:
        UsageError: An option is not one of this format's, or has a value of
            another type or that is not among its choices.
    """
    known = {info.name: info for info in describe_options(target)}
    for name, value in given.items():
        if name not in known:
            msg = f"The format {target.name} has no option {name!r}."
            own = ", ".join(known) or "none"
            common = ", ".join(x for x in _FIELDS if x != "to")
            hint = f"Its own: {own}. Those of every format: {common}."
            raise UsageError(msg, hint=hint)
        _check_option(known[name], value)
    return target.options_type(**given)


def _check_option(info: OptionInfo, value: Any) -> None:
    fits, meaning = _OPTION_TYPES[info.type]
    if info.choices:
        fits, meaning = _one_of(*info.choices)
    if not fits(value):
        msg = f"{value!r} is no value of {info.name!r}."
        raise UsageError(msg, hint=f"Use {meaning}.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


_OPTION_TYPES: dict[type[Any], tuple[Callable[[Any], bool], str]] = {
    bool: _FLAG,
    int: (_is_whole, "a whole number"),
    float: (_is_number, "a number"),
    str: (lambda value: isinstance(value, str), "text"),
}
