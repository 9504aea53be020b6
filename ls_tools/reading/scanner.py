"""Element bounds of a file that is not quite JSON, without decoding any of it.

Looks at strings and brackets only, so that what is wrong inside one element
harms no other. Knows no tasks.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from ls_tools.reading.excerpts import excerpt
from ls_tools.reading.foreign import not_an_export

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.errors import NotAnExportError

_RUN = re.compile(
    rb'[^"\[\]{}]*(?:"[^"\\]*(?:\\.[^"\\]*){0,32}"[^"\[\]{}]*){0,256}', re.DOTALL
)
"""Strings and what stands between them, up to a bracket. The counts bound the
memory that the regular expression takes; what they cut off is resumed."""
_STRING = re.compile(rb'"[^"\\]*')
_STRING_REST = re.compile(rb'(?:\\.[^"\\]*){1,1000}', re.DOTALL)
_SCALAR = re.compile(rb'[^,"]*(?:"[^"\\]*(?:\\.[^"\\]*){0,32}"[^,"]*){0,9}', re.DOTALL)
SEPARATOR = re.compile(rb"[\s,]*")
"""What stands between the entries of a list."""

_QUOTE = ord('"')
_CLOSERS = {ord("["): ord("]"), ord("{"): ord("}")}
_OPEN_LIST = ord("[")
_CLOSE_LIST = ord("]")


class Spans:
    """Parts of a buffer, 16 bytes of memory each."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._starts = array("Q")
        self._ends = array("Q")

    def append(self, start: int, end: int) -> None:
        """Add the part from ``start`` up to ``end``."""
        self._starts.append(start)
        self._ends.append(end)

    def bounds(self, first: int, end: int) -> tuple[bytes, bytes]:
        """Where the parts from ``first`` up to ``end`` begin and end, packed."""
        return self._starts[first:end].tobytes(), self._ends[first:end].tobytes()

    @classmethod
    def unpack(cls, data: memoryview, starts: bytes, ends: bytes) -> Spans:
        """The parts that ``bounds`` packed."""
        spans = cls(data)
        spans._starts.frombytes(starts)
        spans._ends.frombytes(ends)
        return spans

    def find(self, start: int) -> int:
        """How many parts end at or before ``start``."""
        return bisect_right(self._ends, start)

    def start_of(self, index: int) -> int:
        """Where a part begins in the buffer, in bytes."""
        return self._starts[index]

    def __len__(self) -> int:
        """The number of parts."""
        return len(self._starts)

    def __getitem__(self, index: int) -> memoryview:
        """One part."""
        return self._data[self._starts[index] : self._ends[index]]

    def __iter__(self) -> Iterator[memoryview]:
        """Every part."""
        for start, end in zip(self._starts, self._ends, strict=True):
            yield self._data[start:end]


def scan_elements(
    data: memoryview, name: str, start: int = 0, *, count: int = 0
) -> Spans:
    """Find the elements of a list, or of lists and objects one after another.

    Args:
        data: The file.
        name: Its name, for the error.
        start: Where its text begins.
        count: Number of elements before that, for the error.

    Returns:
        The bounds of each object at the top, and of each entry of each list at
        the top.

    Raises:
        NotAnExportError: The brackets do not match, or the text ends before
            they are closed.
    """
    return _Scanner(data, name, start, count).run()


class _Scanner:
    def __init__(self, data: memoryview, name: str, start: int, count: int) -> None:
        self._data = data
        self._count = count
        self._name = name
        self._spans = Spans(data)
        self._last_end = start
        self._is_in_list = False

    def run(self) -> Spans:
        pos, size = self._last_end, len(self._data)
        while (pos := self._next(pos)) < size:
            char = self._data[pos]
            if char == _QUOTE:
                pos = self._string_end(pos)
                continue
            self._note_gap(pos)
            if char == _OPEN_LIST and not self._is_in_list:
                self._is_in_list, pos = True, pos + 1
            elif char in _CLOSERS:
                pos = self._element_end(pos)
            elif char == _CLOSE_LIST and self._is_in_list:
                self._is_in_list, pos = False, pos + 1
            else:
                raise self._mismatch(pos, None)
            self._last_end = pos
        if self._is_in_list:
            raise self._truncated(None)
        self._note_gap(size)
        return self._spans

    def _next(self, pos: int) -> int:
        found = _RUN.match(self._data, pos)
        return found.end() if found else pos

    def _element_end(self, start: int) -> int:
        data, match, size = self._data, _RUN.match, len(self._data)
        closers = bytearray()
        pos = start
        while pos < size:
            char = data[pos]
            if char == _QUOTE:
                pos = self._string_end(pos)
            else:
                if char in _CLOSERS:
                    closers.append(_CLOSERS[char])
                elif closers.pop() != char:
                    raise self._mismatch(pos, start)
                pos += 1
                if not closers:
                    self._spans.append(start, pos)
                    return pos
            pos = match(data, pos).end()  # type: ignore[union-attr]  # always matches
        raise self._truncated(start)

    def _string_end(self, pos: int) -> int:
        found = _STRING.match(self._data, pos)
        while found:
            pos = found.end()
            found = _STRING_REST.match(self._data, pos)
        return pos + 1

    def _note_gap(self, end: int) -> None:
        """Between two elements stands nothing but a comma, or scalars."""
        pos = self._last_end
        while pos < end:
            found = SEPARATOR.match(self._data, pos, end)
            pos = found.end() if found else end
            found = _SCALAR.match(self._data, pos, end)
            scalar_end = found.end() if found and found.end() > pos else end
            if pos < scalar_end:
                self._spans.append(pos, scalar_end)
            pos = scalar_end

    def _truncated(self, start: int | None) -> NotAnExportError:
        error = not_an_export(
            self._name,
            f"it ends {self._where(start)}",
            offset=len(self._data),
            found="end of file",
            hint="The file is cut off: download it again.",
        )
        error.data["tasks_before"] = self._count + len(self._spans)
        return error

    def _mismatch(self, pos: int, start: int | None) -> NotAnExportError:
        what = f"its brackets do not match {self._where(start)}"
        found = excerpt(self._data[pos : pos + 30])
        return not_an_export(self._name, what, offset=pos, found=found)

    def _where(self, start: int | None) -> str:
        count = self._count + len(self._spans)
        if start is None:
            return f"after {count} tasks"
        return f"inside task {count}, which starts at byte {start}"
