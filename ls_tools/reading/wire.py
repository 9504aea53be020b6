"""Tasks as they stand in a file, decoded in one go where nothing is odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from ls_tools.models import Annotation, Problem, Result, Task

if TYPE_CHECKING:
    from typing_extensions import Buffer

T = TypeVar("T")


class Completion(Annotation, kw_only=True):
    """An annotation as Label Studio wrote it before 1.0."""

    skipped: bool = False


class WireTask(msgspec.Struct, kw_only=True):
    """A task with every spelling of its parts that exports use."""

    id: int | str | None = None
    data: dict[str, Any] | None = None
    annotations: list[Annotation] | None = None
    completions: list[Completion] | None = None
    predictions: list[Annotation | int | str] | None = None
    drafts: list[Annotation | int | str] | None = None
    meta: Any = None
    file_upload: str | int | None = None
    project: int | str | None = None
    agreement: Any = None


UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding text that is no JSON raises, bad UTF-8 and deep nesting included."""

Decode: TypeAlias = Callable[["Buffer | str"], T]

decode_task: Decode[WireTask] = msgspec.json.Decoder(WireTask).decode
decode_annotation: Decode[Annotation] = msgspec.json.Decoder(Annotation).decode
decode_completion: Decode[Completion] = msgspec.json.Decoder(Completion).decode
decode_result: Decode[Result] = msgspec.json.Decoder(Result).decode
decode_fields: Decode[dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
).decode
decode_entries: Decode[list[msgspec.Raw]] = msgspec.json.Decoder(
    list[msgspec.Raw]
).decode
decode_any: Decode[Any] = msgspec.json.Decoder().decode


def build_task(
    wire: WireTask, raw: bytes, index: int, problems: tuple[Problem, ...] = ()
) -> Task:
    """The Task of what was decoded: where every way of reading meets."""
    annotations = wire.annotations or []
    if not annotations and wire.completions:
        annotations = [_from_completion(item) for item in wire.completions]
    predictions, bare_predictions = _part_bare(wire.predictions)
    drafts, bare_drafts = _part_bare(wire.drafts)
    return Task(
        id=wire.id,
        data=wire.data or {},
        annotations=annotations,
        predictions=predictions,
        drafts=drafts,
        bare_predictions=bare_predictions,
        bare_drafts=bare_drafts,
        meta=wire.meta,
        file_upload=wire.file_upload,
        project=wire.project,
        agreement=wire.agreement,
        index=index,
        raw=raw,
        problems=problems,
    )


def _from_completion(item: Completion) -> Annotation:
    names = Annotation.__struct_fields__
    annotation = Annotation(**{name: getattr(item, name) for name in names})
    annotation.was_cancelled = item.was_cancelled or item.skipped
    return annotation


def _part_bare(
    entries: list[Annotation | int | str] | None,
) -> tuple[list[Annotation], int]:
    if not entries:
        return [], 0
    full = [entry for entry in entries if isinstance(entry, Annotation)]
    return full, len(entries) - len(full)
