"""JSON and JSONL: the tasks as they stand in the input, to the byte."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import Format, NoOptions
from ls_tools.output import JSON_ARRAY, Layout, RecordFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output
    from ls_tools.output.items import Item


class JsonFormat(Format):
    """``result.json``: a JSON array, one task a line."""

    name: ClassVar[str] = "json"
    aliases: ClassVar[tuple[str, ...]] = ("JSON",)
    summary: ClassVar[str] = "the tasks as exported, in one JSON array"
    default_selection: ClassVar[str] = "all"
    keeps_cancelled: ClassVar[bool] = True
    keeps_unlabeled: ClassVar[bool] = True

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: NoOptions
    ) -> None:
        """Write ``result.json``, or a file per split."""
        del config, options
        with RecordFiles(output, "json", JSON_ARRAY) as files:
            for task, item in _tasks(items, output):
                files.write(task, item)


class JsonLinesFormat(JsonFormat):
    """``result.jsonl``: one task a line, nothing between."""

    name: ClassVar[str] = "jsonl"
    aliases: ClassVar[tuple[str, ...]] = ("ndjson",)
    summary: ClassVar[str] = "the tasks as exported, one JSON object a line"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: NoOptions
    ) -> None:
        """Write ``result.jsonl``, or a file per split."""
        del config, options
        with RecordFiles(output, "jsonl", Layout()) as files:
            for task, item in _tasks(items, output):
                files.write(_on_one_line(task) + b"\n", item)


def _on_one_line(task: bytes) -> bytes:
    if b"\n" in task or b"\r" in task:
        return msgspec.json.format(task, indent=-1)
    return task


def _tasks(items: Items, output: Output) -> Iterator[tuple[bytes, Item]]:
    """Each task once, as it stands or with what was not selected taken out."""
    for _, group in groupby(items, key=lambda item: item.task.index):
        of_task = list(group)
        output.tally.wrote(sum(len(item.regions) for item in of_task))
        yield _task_bytes(items, of_task), of_task[0]


def _task_bytes(items: Items, of_task: list[Item]) -> bytes:
    task = of_task[0].task
    candidates = items.selection.candidates(task)
    chosen = {id(item.annotation) for item in of_task if item.annotation is not None}
    kept = {place for place, a in enumerate(candidates) if id(a) in chosen}
    if len(kept) == len(candidates):
        return bytes(task.raw)
    fields = _decode_fields(task.raw)
    for key in _KEYS.get(items.selection.policy, ("annotations", "completions")):
        if found := _objects(fields.get(key)):
            left = [raw for place, raw in enumerate(found) if place in kept]
            fields[key] = msgspec.Raw(msgspec.json.encode(left))
            break
    return msgspec.json.encode(fields)


_KEYS = {"predictions": ("predictions",), "drafts": ("drafts",)}
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _objects(entries: msgspec.Raw | None) -> list[msgspec.Raw]:
    """What reading takes for annotations: bare ids are none."""
    text = bytes(entries or b"")
    if text.startswith(b"{"):
        return [msgspec.Raw(text)]
    if not text.startswith(b"["):
        return []
    listed = msgspec.json.decode(text, type=list[msgspec.Raw])
    return [raw for raw in listed if bytes(raw).startswith(b"{")]
