"""Sharing out the tasks of each class by themselves.

Where a class has few tasks, chance alone would give it too many or none in a
split. Here the tasks of a class are put in the order of their fingerprints and cut
at the fractions, so that each split gets its share to within one task.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from ls_tools.output.fingerprints import (
    FINGERPRINT_BITS,
    Fingerprints,
    fingerprint,
    in_order,
)
from ls_tools.output.split import SPLITS
from ls_tools.output.split_table import SplitTable
from ls_tools.output.splits import Shares
from ls_tools.regions import labels_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ls_tools.models import Result
    from ls_tools.output.class_map import ClassMap
    from ls_tools.output.items import Item
    from ls_tools.output.splits import Splitter

_UNLABELED = ""
_NO_CLASSES: frozenset[str] = frozenset()


class ClassFinder:
    """Finds the classes of items.

    Args:
        classes: Renames and drops labels.
        controls: Tags of the controls that count; all where empty.
    """

    def __init__(self, classes: ClassMap, controls: Collection[str]) -> None:
        self._classes = classes
        self._types = frozenset(tag.lower() for tag in controls)

    def classes_of(self, item: Item) -> set[str]:
        """The names of the classes of an item."""
        results = item.annotation.result if item.annotation else ()
        found = (
            self._classes.name_of(label)
            for result in results
            if not self._types or result.type in self._types
            for label in (*labels_of(result), *_choices_of(result))
        )
        return {name for name in found if name is not None}


def _choices_of(result: Result) -> Sequence[str]:
    if result.type != "choices":
        return ()
    try:
        return _decode_choices(result.value).choices
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()


class _Choices(msgspec.Struct):
    choices: list[str] = msgspec.field(default_factory=list)


_decode_choices = msgspec.json.Decoder(_Choices).decode


def draw_by_class(
    items: Iterable[Item], splitter: Splitter, finder: ClassFinder
) -> SplitTable:
    """Share out all keys of a pass, those of each class by themselves.

    A key that has several classes goes with its rarest one; what has none is a
    class of its own. What is settled stays, and counts.

    Args:
        items: Everything that will be written.
        splitter: What the keys of tasks are, and what is settled.
        finder: What the classes of items are.
    """
    entries = array("Q")
    for stratum, numbers in _strata(items, splitter, finder).items():
        entries.extend(_share_out(stratum, in_order(numbers), splitter))
    return SplitTable(entries)


def _strata(
    items: Iterable[Item], splitter: Splitter, finder: ClassFinder
) -> dict[str, Fingerprints]:
    """The fingerprints of all keys by the class that each goes with."""
    classes_of = _classes_by_key(items, splitter, finder)
    sizes = Counter(name for names in classes_of.values() for name in names)
    strata: dict[str, Fingerprints] = {}
    for number, names in classes_of.items():
        rarest = min(names, key=lambda name: (sizes[name], name), default=_UNLABELED)
        strata.setdefault(rarest, array("Q")).append(number)
    return strata


def _classes_by_key(
    items: Iterable[Item], splitter: Splitter, finder: ClassFinder
) -> dict[int, frozenset[str]]:
    """The classes of every key; equal sets are one object."""
    found: dict[int, frozenset[str]] = {}
    sets: dict[frozenset[str], frozenset[str]] = {}
    for item in items:
        number = splitter.number_of(item.task)
        names = found.get(number, _NO_CLASSES).union(finder.classes_of(item))
        found[number] = sets.setdefault(names, names)
    return found


def _share_out(
    stratum: str, numbers: Sequence[int], splitter: Splitter
) -> Iterator[int]:
    """The entries of one class's keys that are not settled."""
    settled = Counter(map(splitter.settled.find, numbers))
    fractions = _open_fractions(splitter.split.fractions, settled, len(numbers))
    free = [x for x in numbers if splitter.settled.find(x) is None]
    shares, offset = Shares(fractions), fingerprint(stratum)
    for place, number in enumerate(free):
        position = ((place << FINGERPRINT_BITS) + offset) // len(free)
        yield SplitTable.entry(number, shares.split_of(position))


def _open_fractions(
    fractions: Mapping[str, float], settled: Mapping[str | None, int], count: int
) -> Mapping[str, float]:
    """How the keys that are not settled make up for those that are."""
    missing = {
        name: max(0.0, count * fractions.get(name, 0.0) - settled.get(name, 0))
        for name in SPLITS
    }
    total = sum(missing.values())
    if not total:
        return fractions
    return {name: number / total for name, number in missing.items()}
