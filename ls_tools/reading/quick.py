"""Decoding a few fields of a task, whatever generation of export it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from ls_tools.models import Task
from ls_tools.reading.elements import read_task
from ls_tools.reading.wire import UNDECODABLE

if TYPE_CHECKING:
    from ls_tools.settings import Bounds

S = TypeVar("S", bound=msgspec.Struct)


class QuickDecoder(Generic[S]):
    """Decodes elements into a struct that names fields of a task."""

    def __init__(self, struct_type: type[S]) -> None:
        # The extra field tells old exports, whose annotations are elsewhere.
        old = msgspec.field(default=msgspec.UNSET, name="completions")
        kind = msgspec.Raw | msgspec.UnsetType
        extended = msgspec.defstruct(
            struct_type.__name__,
            [("old_annotations_", kind, old)],
            bases=(struct_type,),
            kw_only=True,
        )
        self._decode: Any = msgspec.json.Decoder(extended).decode

    def decode(
        self, element: msgspec.Raw | memoryview | bytes, bounds: Bounds
    ) -> S | None:
        """The struct of one task; None where it cannot be read."""
        try:
            value: Any = self._decode(element)
        except UNDECODABLE:
            value = None
        if value is not None and value.old_annotations_ is msgspec.UNSET:
            return value  # type: ignore[no-any-return]  # a subclass of S
        task = read_task(element, bounds=bounds)
        if not isinstance(task, Task):
            return None
        try:
            return self._decode(_normal_json(task))  # type: ignore[no-any-return]
        except UNDECODABLE:
            return None


def _normal_json(task: Task) -> bytes:
    names = ("id", "data", "annotations", "predictions", "drafts", "meta", "project")
    fields = {name: getattr(task, name) for name in names}
    return msgspec.json.encode({k: v for k, v in fields.items() if v is not None})
