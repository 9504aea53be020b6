"""Class names and ids: which label is which number, and why it stays so.

Knows no format; files are read by ``ls_tools.output.class_files``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from ls_tools.errors import UsageError
from ls_tools.output.distinct import DistinctNames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ls_tools.label_config import Control, Label, LabelConfig
    from ls_tools.output.tally import Tally

ClassOrder = Literal["config", "alphabetical"]
ClassIds = Literal["contiguous", "category", "none"]

DROPPED = "label dropped by the rename file"
"""The reason to skip a region whose label ``index_of`` gives None for."""

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPolicy:
    """What the user says about classes.

    Attributes:
        pinned: A file of class names: txt, json or data.yaml. Its ids hold.
        order: Order of the classes that no file pins.
        rename: A json or csv file that renames, merges or drops labels. The
            names in ``pinned`` are the new ones.
    """

    pinned: Path | None = None
    order: ClassOrder = "config"
    rename: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScope:
    """What a format says about classes.

    Attributes:
        tags: Control tags whose labels become classes, in any case.
        objects: Object tags that those controls annotate; empty for any.
        ids: ``contiguous`` numbers from 0, ordered by the ``category``
            attribute where labels have one; ``category`` takes that attribute
            as the id, and the lowest free id for labels without one; ``none``
            is for formats without classes.
    """

    tags: frozenset[str]
    objects: frozenset[str] = frozenset()
    ids: ClassIds = "contiguous"


class ClassMap:
    """Labels to class ids.

    Labels that are not in it are appended when they are first asked for.

    Attributes:
        met: Labels in no control that were asked for, in order; that is what the
            ids of such labels depend on.
    """

    def __init__(self, scope: ClassScope, tally: Tally) -> None:
        self.met: list[str] = []
        self._scope = scope
        self._tally = tally
        self._renames: Mapping[str, str | None] = {}
        self._ids: dict[str, int | None] = {}
        self._by_name: dict[str, int] = {}
        self._by_id: dict[int, str] = {}
        self._categories: dict[str, int] = {}
        self._taken: set[int] = set()
        self._next_free = 0
        self._highest = -1

    @classmethod
    def build(
        cls,
        config: LabelConfig,
        scope: ClassScope,
        policy: ClassPolicy,
        tally: Tally,
    ) -> ClassMap:
        """The classes of a label config.

        Args:
            config: The label config.
            scope: Which of its controls count, from the format.
            policy: What the user wants.
            tally: Where duplicates and appended labels are reported.

        Raises:
            UsageError: A file of the policy cannot be used.
        """
        classes = cls(scope, tally)
        if policy.rename is not None:
            from ls_tools.output.class_files import read_renames

            classes._renames = read_renames(policy.rename)
        labels = [
            label for control in _controls_in(config, scope) for label in control.labels
        ]
        classes._read_categories(labels)
        if policy.pinned is not None:
            classes._pin(policy.pinned)
        if scope.ids != "none":
            classes._number(classes._ordered_names(labels, policy))
        classes._learn(labels)
        classes._warn_of_unused_renames()
        return classes

    def __len__(self) -> int:
        """How many classes there are by now."""
        return len(self._by_name)

    def index_of(self, label: str) -> int | None:
        """The class id of a label as it stands in a result.

        A label that is in no control is appended and reported.

        Returns:
            The id; None where the rename file drops the label.
        """
        try:
            return self._ids[label]
        except KeyError:
            return self._meet(label)

    def index_of_unlabelled(self, name: str, what: str) -> int | None:
        """The class id of what carries no label; the class is made when need be.

        Args:
            name: The name of the class, which the rename file may change.
            what: What is written as it, for the Report: ``"Loose keypoints"``.

        Returns:
            The id; None where the rename file drops the name.
        """
        if name not in self._ids:
            self._meet(name, what=what)
        return self._ids[name]

    def learn(self, labels: Iterable[str]) -> None:
        """Take labels for asked for, in this order, without a word in the Report."""
        for label in labels:
            if label not in self._ids:
                self._note(label)

    def name_of(self, label: str) -> str | None:
        """The class name of a label, renaming applied; None where dropped."""
        name = self._renames.get(label, label)
        return None if name is None else _encodable(name)

    def entries(self) -> list[tuple[int, str]]:
        """Every class as (id, name), by id. Complete after the counted pass."""
        return sorted((number, name) for name, number in self._by_name.items())

    def name_by_id(self, class_id: int) -> str:
        """The name of a class that ``index_of`` gave the id of."""
        return self._by_id[class_id]

    def entries_after(self, class_id: int) -> list[tuple[int, str]]:
        """The classes appended since one was the last, as (id, name), by id.

        Takes time for these alone: a class that is appended has the highest id.

        Args:
            class_id: The highest id at that time; -1 for all classes.
        """
        newest_first = reversed(self._by_name.items())
        later = takewhile(lambda entry: entry[1] > class_id, newest_first)
        return sorted((number, name) for name, number in later)

    def names(self) -> list[str]:
        """The class names by id."""
        return [name for _, name in self.entries()]

    def line_names(self) -> list[str]:
        """The class names by id, each safe to stand on a line of its own.

        Control characters and line breaks become spaces, spaces at the ends go,
        an empty name becomes ``_``; what was changed is reported. The names
        stay distinct.
        """
        safe: dict[str, None] = {}
        distinct = DistinctNames(self._by_name, numbered="{} ({})")
        for name in self.names():
            line = _one_line(name)
            if line != name:
                line = distinct.give(line)
                self._tally.warn(f"The class {_shown(name)} is written as {line!r}.")
            safe[line] = None
        return list(safe)

    def _read_categories(self, labels: list[Label]) -> None:
        for label in labels:
            name = self.name_of(label.name)
            if name is not None and label.category is not None and label.category >= 0:
                self._categories.setdefault(name, label.category)

    def _pin(self, path: Path) -> None:
        from ls_tools.output.class_files import read_classes

        pinned = read_classes(path)
        if self._scope.ids == "contiguous" and list(pinned) != list(range(len(pinned))):
            msg = f"The classes file {path} leaves out ids below {max(pinned)}."
            hint = "This format needs ids that run from 0 without a gap."
            raise UsageError(msg, hint=hint, path=str(path))
        for number, name in pinned.items():
            self._assign(_encodable(name), number)

    def _ordered_names(self, labels: list[Label], policy: ClassPolicy) -> list[str]:
        """The classes to number after the pinned ones, in their order."""
        names: dict[str, None] = {}
        for label in labels:
            name = self.name_of(label.name)
            if name is not None and name not in self._by_name:
                names[name] = None
        if policy.pinned is not None:
            for name in names:
                self._tally.warn(f"The classes file does not name {_shown(name)}.")
        if policy.order == "alphabetical":
            return sorted(names)
        if self._scope.ids == "contiguous":
            last = max(self._categories.values(), default=0) + 1
            return sorted(names, key=lambda name: self._categories.get(name, last))
        return list(names)

    def _number(self, names: list[str]) -> None:
        if self._scope.ids == "category":
            for name in names:
                number = self._categories.get(name)
                if number is not None and number not in self._taken:
                    self._assign(name, number)
        for name in names:
            if name not in self._by_name:
                self._assign(name, self._lowest_free())
                self._warn_of_lost_category(name)

    def _warn_of_lost_category(self, name: str) -> None:
        category = self._categories.get(name)
        if self._scope.ids == "category" and category is not None:
            self._tally.warn(
                f"The category {category} of {_shown(name)} belongs to another "
                f"class; it became class {self._by_name[name]}."
            )

    def _learn(self, labels: list[Label]) -> None:
        """Take down the id of every spelling that results may use."""
        for label in labels:
            self._ids[label.name] = self._known_id(label.name)
        for label in labels:
            self._ids.setdefault(label.value, self._ids[label.name])

    def _known_id(self, label: str) -> int | None:
        name = self.name_of(label)
        return None if name is None else self._by_name.get(name)

    def _meet(self, label: str, *, what: str = "") -> int | None:
        known = len(self._by_name)
        number = self._note(label)
        if len(self._by_name) > known:
            name = _shown(self.name_of(label) or "")
            told = f"The label {name} is not in the label config; it became"
            if what:
                told = f"{what} belong to no label: {name} became"
            self._tally.warn(f"{told} class {number}.")
        return number

    def _note(self, label: str) -> int | None:
        """The class id of a label that was not asked for before."""
        name = self.name_of(label)
        if name is not None and name not in self._by_name:
            self._assign(name, self._highest + 1)
        self.met.append(label)
        self._ids[label] = number = self._known_id(label)
        return number

    def _assign(self, name: str, number: int) -> None:
        self._by_name[name] = number
        self._by_id[number] = name
        self._taken.add(number)
        self._highest = max(self._highest, number)

    def _lowest_free(self) -> int:
        while self._next_free in self._taken:
            self._next_free += 1
        return self._next_free

    def _warn_of_unused_renames(self) -> None:
        for old in self._renames:
            if old not in self._ids:
                self._tally.warn(
                    f"The rename file names {_shown(old)}, which is not in the "
                    "label config."
                )


def _controls_in(config: LabelConfig, scope: ClassScope) -> Iterator[Control]:
    """The controls whose labels are classes: right tag, on a right object."""
    tags = {tag.lower() for tag in scope.tags}
    objects = {tag.lower() for tag in scope.objects}
    for control in config.controls.values():
        known = [config.objects[n] for n in control.to_names if n in config.objects]
        fits = not objects or not known or any(o.tag.lower() in objects for o in known)
        if control.tag.lower() in tags and fits:
            yield control


def _encodable(name: str) -> str:
    """``name`` without lone surrogates, which no file can hold."""
    return name.encode("utf-8", "replace").decode()


def is_one_line(name: str) -> bool:
    """Whether a class name can stand on a line of its own as it is."""
    return _one_line(name) == name


def _one_line(name: str) -> str:
    breaks = "\u2028\u2029"
    line = "".join(
        " " if c in breaks or c < " " or "\x7f" <= c <= "\x9f" else c for c in name
    )
    return line.strip() or "_"


def _shown(label: str) -> str:
    cut = len(label) > _SHOWN_CHARACTERS
    return repr(label[:_SHOWN_CHARACTERS] + "…" if cut else label)
