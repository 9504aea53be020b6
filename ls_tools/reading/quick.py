"""Decoding a few fields of a task, whatever generation of export it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from ls_tools.models import Task
from ls_tools.reading.elements import read_task
from ls_tools.reading.nesting import is_deeper_than
from ls_tools.reading.wire import UNDECODABLE

if TYPE_CHECKING:
    from ls_tools.settings import Bounds

S = TypeVar("S", bound=msgspec.Struct)

_PROBES = ("data", "completions")


class QuickDecoder(Generic[S]):
    """Decodes elements into a struct that names fields of a task.

    Args:
        struct_type: A struct whose fields all have defaults.
        bounds: Size and depth that a task may have.
    """

    def __init__(self, struct_type: type[S], bounds: Bounds) -> None:
        names = {i.encode_name: i.name for i in msgspec.structs.fields(struct_type)}
        extended = msgspec.defstruct(
            struct_type.__name__,
            [_probe_field(key) for key in _PROBES if key not in names],
            bases=(struct_type,),
            kw_only=True,
        )
        self._decode: Any = msgspec.json.Decoder(extended).decode
        self._extended: Any = extended
        self._data, self._completions = (names.get(key, f"{key}_") for key in _PROBES)
        blank = extended()
        self._no_data = getattr(blank, self._data)
        self._no_completions = getattr(blank, self._completions)
        self._bounds = bounds

    def decode(self, element: msgspec.Raw | memoryview | bytes) -> S | None:
        """The struct of one task; None for what ``read_task`` would not read."""
        raw, bounds = bytes(element), self._bounds
        if len(raw) <= bounds.task_bytes and not is_deeper_than(raw, bounds.nesting):
            value: Any = self._try_decode(raw)
            # A task for sure, with its annotations where they belong.
            if (
                value is not None
                and getattr(value, self._data) != self._no_data
                and getattr(value, self._completions) == self._no_completions
            ):
                return value  # type: ignore[no-any-return]  # a subclass of S
        task = read_task(raw, bounds=bounds)
        if not isinstance(task, Task):
            return None
        return self._try_decode(_normal_json(task)) or self._extended()

    def _try_decode(self, raw: bytes) -> S | None:
        try:
            return self._decode(raw)  # type: ignore[no-any-return]  # a subclass of S
        except UNDECODABLE:
            return None


def _probe_field(key: str) -> tuple[str, Any, Any]:
    kind = msgspec.Raw | msgspec.UnsetType
    return f"{key}_", kind, msgspec.field(default=msgspec.UNSET, name=key)


def _normal_json(task: Task) -> bytes:
    names = ("id", "data", "annotations", "predictions", "drafts", "meta", "project")
    fields = {name: getattr(task, name) for name in names}
    return msgspec.json.encode({k: v for k, v in fields.items() if v is not None})
