"""JSON and JSONL: the tasks as they stand in the input, to the byte."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import DivisibleFormat, NoOptions, Writing
from ls_tools.output import JSON_ARRAY, Layout, RecordFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Output
    from ls_tools.selection import Selection


class JsonFormat(DivisibleFormat):
    """``result.json``: a JSON array, one task a line."""

    name: ClassVar[str] = "json"
    aliases: ClassVar[tuple[str, ...]] = ("JSON",)
    summary: ClassVar[str] = "the tasks as exported, in one JSON array"
    default_selection: ClassVar[str] = "all"
    keeps_cancelled: ClassVar[bool] = True
    keeps_unlabeled: ClassVar[bool] = True

    def begin(
        self, config: LabelConfig, output: Output, options: NoOptions, survey: None
    ) -> Writing:
        """Begin ``result.json``, or a file per split."""
        del config, options, survey
        return _Tasks(output, RecordFiles(output, "json", JSON_ARRAY), bytes)


class JsonLinesFormat(JsonFormat):
    """``result.jsonl``: one task a line, nothing between."""

    name: ClassVar[str] = "jsonl"
    aliases: ClassVar[tuple[str, ...]] = ("ndjson",)
    summary: ClassVar[str] = "the tasks as exported, one JSON object a line"

    def begin(
        self, config: LabelConfig, output: Output, options: NoOptions, survey: None
    ) -> Writing:
        """Begin ``result.jsonl``, or a file per split."""
        del config, options, survey
        return _Tasks(output, RecordFiles(output, "jsonl", Layout()), _on_one_line)


class _Tasks(Writing):
    """Tasks being written."""

    def __init__(
        self, output: Output, files: RecordFiles, spell: Callable[[bytes], bytes]
    ) -> None:
        self._tally = output.tally
        self._selection = output.selection
        self._files = files
        self._spell = spell

    def add(self, items: Iterable[Item]) -> None:
        """Write each task once, with what was not selected taken out."""
        for _, group in groupby(items, key=lambda item: item.task.index):
            of_task = list(group)
            self._tally.wrote(sum(len(item.regions) for item in of_task))
            task = _task_bytes(self._selection, of_task)
            self._files.write(self._spell(task), of_task[0])

    def finish(self) -> None:
        """Complete the files."""
        self._files.finish()


def _on_one_line(task: bytes) -> bytes:
    if b"\n" in task or b"\r" in task:
        task = msgspec.json.format(task, indent=-1)
    return task + b"\n"


def _task_bytes(selection: Selection, of_task: list[Item]) -> bytes:
    task = of_task[0].task
    candidates = selection.candidates(task)
    chosen = {id(item.annotation) for item in of_task if item.annotation is not None}
    kept = {place for place, a in enumerate(candidates) if id(a) in chosen}
    if len(kept) == len(candidates):
        return bytes(task.raw)
    fields = _decode_fields(task.raw)
    for key in _KEYS.get(selection.policy, ("annotations", "completions")):
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
