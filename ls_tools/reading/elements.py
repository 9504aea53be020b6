"""One entry of an input in, one Task or the Problem that it is none out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ls_tools.models import Problem, Task
from ls_tools.reading.excerpts import excerpt
from ls_tools.reading.nesting import is_deeper_than
from ls_tools.reading.wire import UNDECODABLE, build_task, decode_task
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    import msgspec

NOT_A_TASK = "not a task"
UNREADABLE = "unreadable task"


def read_task(
    element: msgspec.Raw | memoryview | bytes,
    index: int = 0,
    *,
    bounds: Bounds | None = None,
    source: str = "",
) -> Task | Problem:
    """Read one task from its JSON.

    Args:
        element: The text of one task.
        index: Its position in the input, from 0.
        bounds: Size and depth that a task may have.
        source: Name of the file, for Problems.

    Returns:
        The task, or the Problem where it cannot be read at all. Raises nothing
        whatever the data.
    """
    bounds = bounds or _BOUNDS
    if len(element) > bounds.task_bytes:
        return _lost(UNREADABLE, "larger than allowed", index, source)
    raw = bytes(element)
    if is_deeper_than(raw, bounds.nesting):
        return _lost(UNREADABLE, "nested deeper than allowed", index, source)
    try:
        if not raw.isascii():
            raw.decode()
        wire = decode_task(raw)
    except UNDECODABLE:
        return _read_odd(raw, Problem(reason="", source=source, index=index))
    if wire.data is None:
        return _read_odd(raw, Problem(reason="", source=source, index=index))
    return build_task(wire, raw, index)


_BOUNDS = Bounds()


def _lost(reason: str, detail: str, index: int, source: str) -> Problem:
    return Problem(reason=reason, detail=detail, index=index, source=source, tasks=1)


def _read_odd(raw: bytes, where: Problem) -> Task | Problem:
    """Read what the fast path refused: repaired, checked, field by field."""
    # Most exports hold nothing of the kind.
    from ls_tools.reading.foreign import find_fault
    from ls_tools.reading.grouping import assemble_task, is_annotation
    from ls_tools.reading.repair import repair
    from ls_tools.reading.tolerant import read_tolerantly

    lost = replace(where, tasks=1)
    try:
        raw, repairs = repair(raw)
    except UNDECODABLE as exc:
        return replace(lost, reason=UNREADABLE, detail=_describe(exc, raw))
    if is_annotation(raw):
        raw = assemble_task([raw])
    if fault := find_fault(raw):
        return replace(lost, reason=NOT_A_TASK, detail=fault)
    wire, notes = read_tolerantly(raw, where)
    notes += [replace(where, reason=why, task_id=wire.id) for why in repairs]
    return build_task(wire, raw, where.index or 0, tuple(notes))


def _describe(exc: Exception, raw: bytes) -> str:
    if isinstance(exc, RecursionError):
        return "nested deeper than allowed"
    pos: int = getattr(exc, "pos", 0)
    place = len(raw.decode("utf-8", "replace")[:pos].encode())
    found = excerpt(raw[place : place + 30])
    return f"malformed JSON at byte {place} of the task, found {found!r}"
