"""One flat record per annotation: task data, answers by control, who and when.

The ground of JSON_MIN, CSV and TSV. Answers collapse as Label Studio's own
exports do: a single choice or text stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.models import Annotation, Number, Result, Task
    from ls_tools.output.items import Item
    from ls_tools.output.tally import Tally

RESERVED = frozenset(
    {
        "id",
        "annotator",
        "annotation_id",
        "created_at",
        "updated_at",
        "lead_time",
        "agreement",
        "history",
    }
)
"""Keys that a record uses itself; data and controls of these names move."""

CHAT_TYPES = frozenset({"chat", "chatmessage"})
KeyAsked: TypeAlias = tuple[str, str]
"""What is given a key: ``answer``, ``transcript`` or ``data``, and its name."""

_COLLAPSING = {"choices": "choices", "textarea": "text"}


class RecordKeys:
    """The keys of records: every name gets one of its own, and keeps it.

    A name keeps its spelling where that is free, first come, first served;
    else it moves, so that nothing overwrites anything.

    Args:
        controls: Names of controls that come first.

    Attributes:
        moved: Old and new spelling of each name that moved.
        asked: What was given a key, in order; that is what keys depend on.
    """

    def __init__(self, controls: Iterable[str] = ()) -> None:
        self.moved: list[tuple[str, str]] = []
        self.asked: list[KeyAsked] = []
        self._taken = set(RESERVED)
        self._answers: dict[str, str] = {}
        self._transcripts: dict[str, str] = {}
        self._data: dict[str, str] = {}
        for name in controls:
            self.of_answer(name)

    def of_answer(self, control: str) -> str:
        """The key of what a control gave."""
        key = self._answers.get(control)
        if key is None:
            key = self._answers[control] = self._claim(control, "_result_")
            self.asked.append(("answer", control))
        return key

    def of_transcript(self, control: str) -> str:
        """The key of a chat control's messages as text."""
        key = self._transcripts.get(control)
        if key is None:
            key = self._claim(f"{control}_transcript", "_chat_")
            self._transcripts[control] = key
            self.asked.append(("transcript", control))
        return key

    def of_data(self, name: str) -> str:
        """The key of a value of the task data."""
        key = self._data.get(name)
        if key is None:
            key = self._data[name] = self._claim(name, "_data_")
            self.asked.append(("data", name))
        return key

    def give(self, asked: Iterable[KeyAsked]) -> None:
        """Give names their keys, in this order."""
        give = {
            "answer": self.of_answer,
            "transcript": self.of_transcript,
            "data": self.of_data,
        }
        for kind, name in asked:
            give[kind](name)

    def warn(self, tally: Tally) -> None:
        """Tell the reader of the Report what moved."""
        for old, new in self.moved:
            tally.warn(f"{old!r} is written as {new!r}: its name is taken.")

    def _claim(self, name: str, prefix: str) -> str:
        free = name
        while free in self._taken:
            free = prefix + free
        self._taken.add(free)
        if free != name:
            self.moved.append((name, free))
        return free


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row: a task, and one of its annotations where it has any.

    Attributes:
        data: The task data by key.
        answers: Results by the name of the control that made them, in file order.
        facts: Id, annotator, times and the like, in their order.
        history: The annotation's history as JSON; empty where there is none.
    """

    data: dict[str, Any]
    answers: dict[str, list[Result]]
    facts: dict[str, Any]
    history: bytes = b""


def build_record(item: Item, keys: RecordKeys) -> Record:
    """The record of one item.

    Args:
        item: A task and the annotation selected, if any.
        keys: The keys of all records of the output.
    """
    answers: dict[str, list[Result]] = {}
    for result in item.annotation.result if item.annotation else ():
        if result.from_name:
            answers.setdefault(result.from_name, []).append(result)
    return Record(
        data={keys.of_data(name): value for name, value in item.task.data.items()},
        answers=answers,
        facts=annotation_facts(item.task, item.annotation),
        history=history_of(item.annotation),
    )


def count_regions(item: Item, tally: Tally) -> None:
    """Count the regions of a record: written are those that a control made."""
    for region in item.regions:
        dropped = [result for result in region.results if not result.from_name]
        if not dropped:
            tally.regions_written += 1
        elif len(dropped) < len(region.results):
            tally.wrote()
            reason = "a result without from_name dropped"
            tally.degrade(reason, task_id=item.task.id, region_id=region.id)
        else:
            reason = f"not expressible: {dropped[0].type or 'unnamed result'}"
            tally.skip(reason, task_id=item.task.id, region_id=region.id)


def annotation_facts(task: Task, annotation: Annotation | None) -> dict[str, Any]:
    """What a record says about its annotation, ``agreement`` only where known."""
    facts: dict[str, Any] = {} if task.id is None else {"id": task.id}
    facts["annotator"] = annotator_of(annotation)
    for name in ("annotation_id", "created_at", "updated_at", "lead_time"):
        source = "id" if name == "annotation_id" else name
        facts[name] = getattr(annotation, source) if annotation else None
    if task.agreement is not None:
        facts["agreement"] = task.agreement
    return facts


def history_of(annotation: Annotation | None) -> bytes:
    """The history of an annotation as JSON; empty where there is none."""
    history = annotation.history if annotation else None
    text = b"" if history is None else bytes(history)
    return b"" if text in {b"null", b"[]", b"{}"} else text


def annotator_of(annotation: Annotation | None) -> int | str | None:
    """Email where the export holds the user, else the id as it stands."""
    who = annotation.completed_by if annotation else None
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return who if who is None or isinstance(who, int) else str(who)


def collapse(results: Iterable[Result]) -> bytes:
    """The answer of one control as JSON, as Label Studio's exports have it.

    One choice or one text becomes the string itself; a control that gave one
    such answer holds it directly, every other a list.
    """
    answers: list[bytes] = []
    last = ""
    for result in results:
        answers.append(collapse_result(result))
        last = result.type
    if last in _COLLAPSING and len(answers) == 1:
        return answers[0]
    return b"[" + b",".join(answers) + b"]"


def collapse_result(result: Result) -> bytes:
    """One result as JSON: its value, with the picture's size where known."""
    key = _COLLAPSING.get(result.type)
    if key is not None:
        value = msgspec.json.decode(result.value)
        listed = value.get(key) if isinstance(value, dict) else None
        if isinstance(listed, str):
            return msgspec.json.encode(listed)
        if isinstance(listed, list) and len(listed) == 1:
            return msgspec.json.encode(listed[0])
    elif result.type in CHAT_TYPES:
        value = msgspec.json.decode(result.value)
        if isinstance(value, dict):
            return msgspec.json.encode(value.get("chatmessage", value))
    return _with_size(result)


def _with_size(result: Result) -> bytes:
    body = bytes(result.value).strip()
    size = _size_fields(result.original_width, result.original_height)
    if not size or not body.startswith(b"{"):
        return body
    inner = body[:-1].rstrip()
    return inner + (b"" if inner == b"{" else b",") + size + b"}"


@lru_cache(maxsize=1024, typed=True)
def _size_fields(width: Number, height: Number) -> bytes:
    fields = (("original_width", width), ("original_height", height))
    known = {name: size for name, size in fields if size is not None}
    return msgspec.json.encode(known)[1:-1]


def chat_transcript(results: Iterable[Result]) -> str:
    """The messages of a chat control, one ``role: content`` a line."""
    lines: list[str] = []
    for result in results:
        value = msgspec.json.decode(result.value)
        message = value.get("chatmessage", value) if isinstance(value, dict) else None
        if isinstance(message, dict):
            role, content = (str(message.get(k, "")) for k in ("role", "content"))
            lines.append(": ".join(x for x in (role, content) if x))
    return "\n".join(lines)
