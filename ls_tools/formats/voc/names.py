"""Names that XML and the lines of VOC's lists can hold."""

from __future__ import annotations

import re
from html import escape  # that of xml.sax imports a client for HTTP
from typing import TYPE_CHECKING

from ls_tools.output.class_map import is_one_line
from ls_tools.output.distinct import DistinctNames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.output import ClassMap, Output

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LABEL_MAP = "# label:color_rgb:parts:actions\n"


def is_xml(value: str) -> bool:
    """Whether XML can hold every character."""
    return _NOT_XML.search(value) is None


def xml_text(value: str) -> str:
    """``value`` as the text of an element; what XML cannot hold is replaced."""
    return escape(_NOT_XML.sub("\ufffd", value), quote=False)


class ClassNames:
    """Class names as they can stand in XML and on a line of ``labelmap.txt``.

    Args:
        classes: The classes.
        output: Its tally is told of names that had to change.

    Attributes:
        given: The names of classes by id, in the order in which they were given.
    """

    def __init__(self, classes: ClassMap, output: Output) -> None:
        self._classes = classes
        self._tally = output.tally
        self._names: dict[int, str] = {}
        self._distinct = DistinctNames(numbered="{} ({})")
        self.given: list[tuple[int, str]] = []
        self._highest = -1
        self._learn()

    def name_of(self, class_id: int) -> str:
        """The name of a class, which no other class has."""
        name = self._names.get(class_id)
        if name is None:
            self._learn()
            name = self._names[class_id]
        return name

    def give(self, names: Iterable[tuple[int, str]]) -> None:
        """Give classes these names, unless they have one."""
        for class_id, name in names:
            if class_id not in self._names:
                self._names[class_id] = name
                self._distinct.taken.add(name)
                self.given.append((class_id, name))

    def label_map(self) -> str:
        """The lines of ``labelmap.txt``, one for each class that fits on one."""
        self._learn()
        lines = [_LABEL_MAP]
        for _, name in sorted(self._names.items()):
            if ":" in name or name.startswith("#"):
                self._tally.warn(f"The class {name!r} has no line in labelmap.txt.")
            else:
                lines.append(f"{name}:::\n")
        return "".join(lines)

    def _learn(self) -> None:
        """Name the classes that came since; those named before keep theirs."""
        since = self._classes.entries_after(self._highest)
        lines = [line for _, line in since]
        if not all(map(is_one_line, lines)):
            lines = self._classes.line_names()[-len(since) :]
        for (class_id, _), line in zip(since, lines, strict=True):
            self._highest = class_id
            if class_id in self._names:
                continue
            name = self._distinct.give(_NOT_XML.sub("\ufffd", line))
            if name != line:
                self._tally.warn(f"The class {line!r} is written as {name!r}.")
            self._names[class_id] = name
            self.given.append((class_id, name))
