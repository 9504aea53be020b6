"""Tasks whose JSON is valid and whose fields are not what they should be.

Takes each field for itself, keeps what can be read and notes the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from ls_tools.models import Annotation, Number, Problem, Result
from ls_tools.reading import coercion
from ls_tools.reading.excerpts import excerpt, json_kind
from ls_tools.reading.wire import (
    Completion,
    WireTask,
    decode_annotation,
    decode_any,
    decode_completion,
    decode_entries,
    decode_fields,
    decode_result,
)

_Fields: TypeAlias = Mapping[str, msgspec.Raw]
_Coerce: TypeAlias = Callable[[Any], Any]

_BY_TYPE: tuple[tuple[Any, _Coerce], ...] = (
    (str, coercion.to_text),
    (str | None, coercion.to_text),
    (bool, coercion.to_flag),
    (int | None, coercion.to_integer),
    (Number, coercion.to_number),
    (int | str | None, coercion.to_id),
    (list[str] | None, coercion.to_texts),
)
_BY_NAME: dict[str, _Coerce] = {
    "created_at": coercion.to_moment,
    "updated_at": coercion.to_moment,
}
_NOUNS = {
    "annotations": "annotation",
    "completions": "annotation",
    "predictions": "prediction",
    "drafts": "draft",
}
_NESTED = frozenset({*_NOUNS, "result"})


def read_tolerantly(raw: bytes, where: Problem) -> tuple[WireTask, list[Problem]]:
    """Read a task whose fields do not all have the right type.

    Args:
        raw: Valid JSON.
        where: A Problem that tells the place; the template of those returned.

    Returns:
        What could be read, and what could not.

    Raises:
        msgspec.DecodeError: ``raw`` is not an object.
    """
    fields = decode_fields(raw)
    notes: list[Problem] = []
    values = _read_plain(_TASK_FIELDS, fields, where, notes)
    wire = WireTask(**values)
    where = replace(where, task_id=wire.id)
    for name in _NOUNS:
        is_outdone = name == "completions" and wire.annotations
        if name in fields and not is_outdone:
            setattr(wire, name, _read_entries(name, fields[name], where, notes))
    return wire, [replace(note, task_id=wire.id) for note in notes]


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field of a struct is read."""

    name: str
    decode: Callable[[msgspec.Raw], Any]
    coerce: _Coerce


def _refuse(value: Any) -> Any:
    msg = f"no sense in {value!r}"
    raise ValueError(msg)


def _plain_fields(struct: type[msgspec.Struct]) -> dict[str, _Field]:
    return {
        info.encode_name: _Field(
            name=info.name,
            decode=msgspec.json.Decoder(info.type).decode,
            coerce=_BY_NAME.get(info.name) or _coercion_for(info.type),
        )
        for info in msgspec.structs.fields(struct)
        if info.name not in _NESTED
    }


def _coercion_for(kind: Any) -> _Coerce:
    return next((coerce for known, coerce in _BY_TYPE if known == kind), _refuse)


_TASK_FIELDS = _plain_fields(WireTask)
_ANNOTATION_FIELDS = _plain_fields(Annotation)
_COMPLETION_FIELDS = _plain_fields(Completion)
_RESULT_FIELDS = _plain_fields(Result)


def _read_plain(
    plan: Mapping[str, _Field],
    fields: _Fields,
    where: Problem,
    notes: list[Problem],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, raw in fields.items():
        field = plan.get(key)
        if field is None:
            continue
        try:
            found = _read_field(field, raw)
        except (ValueError, OverflowError):
            reason = f"unreadable field: {key}"
            notes.append(replace(where, reason=reason, detail=excerpt(raw)))
        else:
            if found is not None:
                values[field.name] = found
    return values


def _read_field(field: _Field, raw: msgspec.Raw) -> Any:
    """The value of one field; None, which every field has as default, if null."""
    try:
        return field.decode(raw)
    except msgspec.ValidationError:
        value = decode_any(raw)
    return None if value is None else field.coerce(value)


def _read_entries(
    name: str, raw: msgspec.Raw, where: Problem, notes: list[Problem]
) -> list[Any]:
    """Read ``annotations``, ``completions``, ``predictions`` or ``drafts``."""
    noun = _NOUNS[name]
    where = replace(where, kind=f"{noun}s")
    read: list[Any] = []
    full = 0
    for entry in _list_of(raw, "result", f"{name} is not a list", where, notes):
        found = _read_entry(name, entry, replace(where, position=full), notes)
        if isinstance(found, Annotation):
            full += 1
        if found is not None:
            read.append(found)
    return read


def _list_of(
    raw: msgspec.Raw, mark: str, reason: str, where: Problem, notes: list[Problem]
) -> list[msgspec.Raw]:
    """The entries of a list; an object with the key ``mark`` stands for one entry."""
    try:
        return decode_entries(raw)
    except msgspec.DecodeError:
        kind = json_kind(raw)
    if kind == "null":
        return []
    if kind == "object" and mark in decode_fields(raw):
        return [raw]
    lost = {"regions": 1} if mark == "value" else {"annotations": 1}
    notes.append(replace(where, reason=reason, detail=excerpt(raw), **lost))
    return []


def _read_entry(
    name: str, raw: msgspec.Raw, where: Problem, notes: list[Problem]
) -> Annotation | int | str | None:
    is_old = name == "completions"
    try:
        return decode_completion(raw) if is_old else decode_annotation(raw)
    except msgspec.DecodeError:
        kind = json_kind(raw)
    if kind == "object":
        return _read_annotation(raw, where, notes, is_old=is_old)
    is_bare = kind in {"number", "string"}
    if is_bare and name in {"predictions", "drafts"}:
        return str(decode_any(raw))
    noun = _NOUNS[name]
    reason = f"{noun} exported as bare id" if is_bare else f"{noun} is not an object"
    lost = replace(where, reason=reason, detail=excerpt(raw), annotations=1)
    notes.append(replace(lost, position=None))
    return None


def _read_annotation(
    raw: msgspec.Raw, where: Problem, notes: list[Problem], *, is_old: bool
) -> Annotation:
    fields = decode_fields(raw)
    mine: list[Problem] = []
    plan = _COMPLETION_FIELDS if is_old else _ANNOTATION_FIELDS
    values = _read_plain(plan, fields, where, mine)
    result = fields.get("result")
    if result is not None:
        values["result"] = _read_results(result, where, mine)
    annotation = Completion(**values) if is_old else Annotation(**values)
    notes.extend(replace(note, annotation_id=annotation.id) for note in mine)
    return annotation


def _read_results(
    raw: msgspec.Raw, where: Problem, notes: list[Problem]
) -> list[Result]:
    entries = _list_of(raw, "value", "result is not a list", where, notes)
    found = (_read_result(entry, where, notes) for entry in entries)
    return [result for result in found if result is not None]


def _read_result(
    raw: msgspec.Raw, where: Problem, notes: list[Problem]
) -> Result | None:
    try:
        return decode_result(raw)
    except msgspec.DecodeError:
        kind = json_kind(raw)
    if kind != "object":
        reason = "result entry is not an object"
        notes.append(replace(where, reason=reason, detail=excerpt(raw), regions=1))
        return None
    mine: list[Problem] = []
    result = Result(**_read_plain(_RESULT_FIELDS, decode_fields(raw), where, mine))
    notes.extend(replace(note, region_id=result.id) for note in mine)
    return result
