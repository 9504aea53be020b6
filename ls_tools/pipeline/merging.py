"""One label config of several, each task still read by its own.

Where one name means different things in two configs, the later one gets another
name, in the config and in the results of its input: formats see one project.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ls_tools.label_config import Control, Label, LabelConfig, MediaObject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ls_tools.models import Problem, Result, Task
    from ls_tools.reading.several import Tasks

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What one input's tasks need to be read by the merged config.

    Attributes:
        own: The config of the input.
        controls: New names of its controls, by the old ones.
        objects: Likewise of its objects.
        hidden: Keys of task data that only other inputs show: what is there is
            no medium of this input's tasks.
    """

    own: LabelConfig
    controls: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.controls or self.objects or self.hidden)

    def hide(self, data: dict[str, Any]) -> dict[str, Any]:
        """Task data without what is no medium of this input."""
        if self.hidden.isdisjoint(data):
            return data
        return {key: value for key, value in data.items() if key not in self.hidden}

    def rename(self, result: Result) -> None:
        """Give a result the names of the merged config."""
        control = self.own.control(result.from_name or "")
        if control is not None and control.name in self.controls:
            ending = self.controls[control.name].removeprefix(control.name)
            result.from_name = f"{result.from_name}{ending}"
        if result.to_name in self.objects:
            result.to_name = self.objects[result.to_name]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedConfig:
    """The config of a dataset.

    Attributes:
        config: All controls and objects.
        adoptions: What the tasks of each input need.
        disagreements: What the configs contradict each other in, as sentences.
    """

    config: LabelConfig
    adoptions: tuple[Adoption, ...]
    disagreements: tuple[str, ...] = ()


class AdoptedTasks:
    """The tasks of one input, as the merged config reads them.

    Args:
        tasks: The input.
        adoption: What has to be done.
    """

    def __init__(self, tasks: Tasks, adoption: Adoption) -> None:
        self._tasks = tasks
        self._adoption = adoption

    @property
    def problems(self) -> list[Problem]:
        """What the last pass could not read."""
        return self._tasks.problems

    @property
    def count(self) -> int | None:
        """Number of entries that a pass goes through."""
        return self._tasks.count

    def __iter__(self) -> Iterator[Task]:
        """A pass over all tasks."""
        adoption = self._adoption
        for task in self._tasks:
            task.data = adoption.hide(task.data)
            if adoption.controls or adoption.objects:
                for one in (*task.annotations, *task.predictions, *task.drafts):
                    for result in one.result:
                        adoption.rename(result)
            yield task

    def scan(self, struct_type: type[S]) -> Iterator[S]:
        """A quick pass; data are hidden in it, results keep their names."""
        for value in self._tasks.scan(struct_type):
            data = getattr(value, "data", None)
            if isinstance(data, dict):
                value.data = self._adoption.hide(data)  # type: ignore[attr-defined]
            yield value


def merge_configs(
    configs: Sequence[LabelConfig],
    *,
    controls: Collection[str],
    objects: Collection[str],
) -> MergedConfig:
    """Merge the configs of several inputs, in their order.

    Controls of one name and tag are one, with the labels of all. What a format
    does not interpret keeps its name, whatever it means.

    Args:
        configs: One per input.
        controls: Tags of the controls that the format interprets.
        objects: Tags of the objects that it shows; empty for any.
    """
    if all(config == configs[0] for config in configs):
        adoptions = tuple(Adoption(own=config) for config in configs)
        return MergedConfig(config=configs[0], adoptions=adoptions)
    merging = _Merging(may_rename=bool(controls))
    adopted = [merging.add(config) for config in configs]
    if controls:
        shown = [_keys_of(config, objects) for config in configs]
        every = frozenset().union(*shown)
        adopted = [
            replace(adoption, hidden=every - own)
            for adoption, own in zip(adopted, shown, strict=True)
        ]
    return MergedConfig(
        config=LabelConfig(
            controls=merging.controls,
            objects=merging.objects,
            inferred=any(config.inferred for config in configs),
        ),
        adoptions=tuple(adopted),
        disagreements=tuple(_disagreements(configs, controls)),
    )


class _Merging:
    """Merges configs one after the other."""

    def __init__(self, *, may_rename: bool) -> None:
        self.controls: dict[str, Control] = {}
        self.objects: dict[str, MediaObject] = {}
        self._may_rename = may_rename

    def add(self, config: LabelConfig) -> Adoption:
        """Take in a config; what was renamed is in the answer."""
        objects: dict[str, str] = {}
        for shown in config.objects.values():
            name = self._add_object(shown)
            if name != shown.name:
                objects[shown.name] = name
        controls: dict[str, str] = {}
        for control in config.controls.values():
            to_names = tuple(objects.get(x, x) for x in control.to_names)
            name = self._add_control(replace(control, to_names=to_names))
            if name != control.name:
                controls[control.name] = name
        return Adoption(own=config, controls=controls, objects=objects)

    def _add_object(self, shown: MediaObject) -> str:
        for name in _spellings(shown.name):
            there = self.objects.get(name)
            if there is None:
                self.objects[name] = replace(shown, name=name)
            if there is None or _is_same(there, shown) or not self._may_rename:
                return name
        raise AssertionError(shown)  # pragma: no cover -- spellings never end

    def _add_control(self, control: Control) -> str:
        for name in _spellings(control.name):
            there = self.controls.get(name)
            if there is None:
                self.controls[name] = replace(control, name=name)
                return name
            is_same = there.result_type == control.result_type
            if is_same or not self._may_rename:
                self.controls[name] = _joined(there, control)
                return name
        raise AssertionError(control)  # pragma: no cover -- likewise


def _spellings(name: str) -> Iterator[str]:
    """The name, and what it may become."""
    yield name
    number = 2
    while True:
        yield f"{name} ({number})"
        number += 1


def _is_same(one: MediaObject, other: MediaObject) -> bool:
    return (one.tag.lower(), one.value, one.value_list, one.shows_files) == (
        other.tag.lower(),
        other.value,
        other.value_list,
        other.shows_files,
    )


def _joined(one: Control, other: Control) -> Control:
    """A control with the labels and objects of both, the first one's first."""
    labels = {label.name: label for label in (*other.labels, *one.labels)}
    names = dict.fromkeys(label.name for label in (*one.labels, *other.labels))
    return replace(
        one,
        to_names=tuple(dict.fromkeys((*one.to_names, *other.to_names))),
        labels=tuple(labels[name] for name in names),
    )


def _keys_of(config: LabelConfig, tags: Collection[str]) -> frozenset[str]:
    """The keys of task data that a config shows, by objects with these tags."""
    shown = config.objects_of(*tags) if tags else config.objects.values()
    return frozenset(one.data_key for one in shown if one.data_key)


def _disagreements(
    configs: Iterable[LabelConfig], controls: Collection[str]
) -> Iterator[str]:
    """Where the configs give one label several categories."""
    categories: dict[str, int] = {}
    for label in _labels(configs, controls):
        if label.category is None:
            continue
        first = categories.setdefault(label.name, label.category)
        if first != label.category:
            yield (
                f"The label configs give {label.name!r} the categories {first} and "
                f"{label.category}; {first} counts."
            )


def _labels(
    configs: Iterable[LabelConfig], controls: Collection[str]
) -> Iterator[Label]:
    for config in configs:
        for control in config.controls_of(*controls):
            yield from control.labels
