"""One flat record per annotation: task data, answers by control, who and when.

The ground of JSON_MIN, CSV and TSV. Answers collapse as Label Studio's own
exports do: a single choice or text stands for itself.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ls_tools.models import Annotation, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.models import Number, Task
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
_REWRITTEN = CHAT_TYPES.union(_COLLAPSING)
_LOOSE = frozenset(b" \t\r\n{")
_NO_HISTORY = frozenset({b"null", b"[]", b"{}"})
_NOBODY = Annotation()
_control_of = attrgetter("from_name")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


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


class Record(msgspec.Struct, frozen=True, kw_only=True):
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
    return Record(
        data={keys.of_data(name): value for name, value in item.task.data.items()},
        answers=_answers_of(item.annotation) if item.annotation else {},
        facts=annotation_facts(item.task, item.annotation),
        history=history_of(item.annotation),
    )


def _answers_of(annotation: Annotation) -> dict[str, list[Result]]:
    results = annotation.result
    controls = set(map(_control_of, results))
    if len(controls) == 1 and "" not in controls:
        return {controls.pop(): results}
    answers: dict[str, list[Result]] = {}
    for result in results:
        if result.from_name:
            answers.setdefault(result.from_name, []).append(result)
    return answers


def count_regions(item: Item, tally: Tally) -> None:
    """Count the regions of a record: written are those that a control made."""
    if item.annotation and all(map(_control_of, item.annotation.result)):
        tally.regions_written += len(item.regions)
        return
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
    made = annotation or _NOBODY
    facts: dict[str, Any] = {} if task.id is None else {"id": task.id}
    facts["annotator"] = annotator_of(annotation)
    facts["annotation_id"] = made.id
    facts["created_at"] = made.created_at
    facts["updated_at"] = made.updated_at
    facts["lead_time"] = made.lead_time
    if task.agreement is not None:
        facts["agreement"] = task.agreement
    return facts


def history_of(annotation: Annotation | None) -> bytes:
    """The history of an annotation as JSON; empty where there is none."""
    text = bytes(annotation.history) if annotation else b""
    return b"" if text in _NO_HISTORY else text


def annotator_of(annotation: Annotation | None) -> int | str | None:
    """Email where the export holds the user, else the id as it stands."""
    who = annotation.completed_by if annotation else None
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return who if who is None or isinstance(who, int) else str(who)


def collapse(results: Sequence[Result]) -> bytes:
    """The answer of one control as JSON, as Label Studio's exports have it.

    One choice or one text becomes the string itself; a control that gave one
    such answer holds it directly, every other a list. Of a message there is what
    was said, of a shape its value with the picture's size where known.
    """
    answers = [
        (_rewrite(result) if result.type in _REWRITTEN else None) or _with_size(result)
        for result in results
    ]
    if len(answers) == 1 and results[0].type in _COLLAPSING:
        return answers[0]
    return b"[" + b",".join(answers) + b"]"


def read_json(text: msgspec.Raw | bytes) -> Any:
    """What JSON holds; None where it cannot be decoded."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _rewrite(result: Result) -> bytes | None:
    """What stands for a value, as JSON; None where that is the value itself."""
    value = read_json(result.value)
    if not isinstance(value, dict):
        return None
    if result.type in CHAT_TYPES:
        return _encode(value.get("chatmessage", value))
    listed = value.get(_COLLAPSING[result.type])
    if isinstance(listed, str):
        return _encode(listed)
    if isinstance(listed, list) and len(listed) == 1:
        return _encode(listed[0])
    return None


def _with_size(result: Result) -> bytes:
    body = bytes(result.value)
    end = _end_with_size(result.original_width, result.original_height)
    if not end or not body.startswith(b"{"):
        return body
    if body[-2] in _LOOSE:
        inner = body[:-1].rstrip()
        return inner + (end[1:] if inner == b"{" else end)
    return body[:-1] + end


@lru_cache(maxsize=1024, typed=True)
def _end_with_size(width: Number, height: Number) -> bytes:
    """How an object ends to which the size is added; empty where unknown."""
    fields = (("original_width", width), ("original_height", height))
    known = {name: size for name, size in fields if size is not None}
    return b"," + _encode(known)[1:] if known else b""


def chat_transcript(results: Iterable[Result]) -> str:
    """The messages of a chat control, one ``role: content`` a line."""
    lines: list[str] = []
    for result in results:
        value = read_json(result.value)
        message = value.get("chatmessage", value) if isinstance(value, dict) else None
        if isinstance(message, dict):
            role, content = (str(message.get(k, "")) for k in ("role", "content"))
            lines.append(": ".join(x for x in (role, content) if x))
    return "\n".join(lines)
