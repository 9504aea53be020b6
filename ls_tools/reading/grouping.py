"""Annotations that hold their task, as target storages store them, regrouped."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.reading.spool import Spool
from ls_tools.reading.wire import UNDECODABLE, decode_any, decode_entries, decode_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self


class _Probe(msgspec.Struct, kw_only=True):
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    task: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    annotations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    completions: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    predictions: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_probe = msgspec.json.Decoder(_Probe).decode


def is_annotation(element: msgspec.Raw | memoryview | bytes) -> bool:
    """Whether this is an annotation, prediction or draft rather than a task."""
    try:
        probe = _probe(element)
    except UNDECODABLE:
        return False
    parts = (probe.data, probe.annotations, probe.completions, probe.predictions)
    if any(part is not msgspec.UNSET for part in parts):
        return False
    holds_task = isinstance(probe.task, msgspec.Raw) and _starts_object(probe.task)
    return holds_task or probe.result is not msgspec.UNSET


def _starts_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


def task_key(raw: bytes) -> int | str | None:
    """Id of the task that an annotation belongs to; None where it does not say."""
    task = decode_fields(raw).get("task")
    if task is not None and _starts_object(task):
        task = decode_fields(task).get("id")
    value: Any = None if task is None else decode_any(task)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return value


def assemble_task(annotations: Sequence[bytes]) -> bytes:
    """One task, as an export has it, from annotations of it; valid JSON.

    The task is the one that the first of them holds.
    """
    task: dict[str, msgspec.Raw] = {}
    parts: dict[str, list[Any]] = {"annotations": []}
    for raw in annotations:
        fields = decode_fields(raw)
        held = fields.get("task")
        if held is not None and _starts_object(held):
            task = task or decode_fields(held)
            fields["task"] = decode_fields(held).get("id", msgspec.Raw(b"null"))
        elif held is not None:
            task.setdefault("id", held)
        parts.setdefault(_kind_of(fields), []).append(fields)
    for kind, entries in parts.items():
        task[kind] = msgspec.Raw(msgspec.json.encode(_held(task, kind) + entries))
    return msgspec.json.encode(task)


def _kind_of(fields: dict[str, msgspec.Raw]) -> str:
    if "was_postponed" in fields:
        return "drafts"
    is_prediction = "model_version" in fields and "completed_by" not in fields
    return "predictions" if is_prediction else "annotations"


def _held(task: dict[str, msgspec.Raw], kind: str) -> list[msgspec.Raw]:
    """Entries of that kind that the task brought along; annotations are replaced."""
    if kind == "annotations" or kind not in task:
        return []
    try:
        return decode_entries(task[kind])
    except msgspec.DecodeError:
        return []


class AnnotationGroups:
    """Annotations set aside on disk until all are known; a context manager.

    Args:
        limit_bytes: Most bytes to set aside.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._spool = Spool("The input", limit_bytes)
        self._bounds = array("Q", [0])
        self._groups: dict[object, array[int]] = {}

    def add(self, raw: bytes) -> None:
        """Set aside one annotation, which must be valid JSON."""
        place = len(self._bounds) - 1
        key: object = task_key(raw)
        if key is None:
            key = (place,)  # a task of its own
        self._groups.setdefault(key, array("Q")).append(place)
        self._spool.write(raw)
        self._bounds.append(self._bounds[-1] + len(raw))

    def tasks(self) -> Iterator[bytes]:
        """The tasks, in the order in which their first annotations came."""
        data = self._spool.map()
        for places in self._groups.values():
            yield assemble_task(
                [bytes(data[self._bounds[p] : self._bounds[p + 1]]) for p in places]
            )

    def __enter__(self) -> Self:
        """The groups, to be closed on leaving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the disk space."""
        self._spool.close()
