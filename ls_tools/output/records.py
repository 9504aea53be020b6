"""One flat record per annotation: task data, answers by control, who and when.

The ground of JSON_MIN, CSV and TSV. Answers collapse as Label Studio's own
exports do: a single choice or text stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ls_tools.models import Annotation, Result, Task
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
_COLLAPSING = {"choices": "choices", "textarea": "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row: a task, and one of its annotations where it has any.

    Attributes:
        data: The task data, under keys that collide with nothing.
        answers: Results by the control that made them, in file order.
        moved: Old and new name of each key that had to move.
        facts: Id, annotator, times and the like, in their order.
        history: The annotation's history as JSON; empty where there is none.
    """

    data: dict[str, Any]
    answers: dict[str, list[Result]]
    facts: dict[str, Any]
    moved: dict[str, str] = field(default_factory=dict)
    history: bytes = b""


def build_record(item: Item, controls: Collection[str]) -> Record:
    """The record of one item.

    Args:
        item: A task and the annotation selected, if any.
        controls: Names of the controls of the whole export: a data key of one
            of these names moves in every record alike.
    """
    moved: dict[str, str] = {}
    answers: dict[str, list[Result]] = {}
    for result in item.annotation.result if item.annotation else ():
        if result.from_name:
            name = _free_name(result.from_name, "_result_", RESERVED, moved)
            answers.setdefault(name, []).append(result)
    taken = RESERVED.union(controls, answers)
    data = {
        _free_name(key, "_data_", taken, moved): value
        for key, value in item.task.data.items()
    }
    return Record(
        data=data,
        answers=answers,
        facts=annotation_facts(item.task, item.annotation),
        moved=moved,
        history=_history(item.annotation),
    )


def count_record(item: Item, record: Record, tally: Tally) -> None:
    """Count the regions of a record: written are those that a control made."""
    task_id = item.task.id
    for region in item.regions:
        named = sum(1 for result in region.results if result.from_name)
        if not named:
            reason = f"not expressible: {region.results[0].type or 'unnamed result'}"
            tally.skip(reason, task_id=task_id, region_id=region.id)
            continue
        tally.wrote()
        if named < len(region.results):
            reason = "a result without from_name dropped"
            tally.degrade(reason, task_id=task_id, region_id=region.id)
    for old, new in record.moved.items():
        tally.warn(f"{old!r} is written as {new!r}: its name is taken.")


def _free_name(
    name: str, prefix: str, taken: Collection[str], moved: dict[str, str]
) -> str:
    free = name
    while free in taken:
        free = prefix + free
    if free != name:
        moved[name] = free
    return free


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


def _history(annotation: Annotation | None) -> bytes:
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
    parts = [
        b'"%s":%s' % (name, msgspec.json.encode(size))
        for name, size in (
            (b"original_width", result.original_width),
            (b"original_height", result.original_height),
        )
        if size is not None
    ]
    if not parts or not body.startswith(b"{"):
        return body
    inner = body[:-1].rstrip()
    joint = b"" if inner == b"{" else b","
    return inner + joint + b",".join(parts) + b"}"


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
