"""What a task goes by when tasks are shared out: tasks of one key stay together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.output.fingerprints import fingerprint
from ls_tools.output.identities import IdentityReader
from ls_tools.output.manifest import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ls_tools.locator import Locator
    from ls_tools.models import Task

_LONGEST_CHARACTERS = 200
_encode = msgspec.json.Encoder(order="sorted").encode


class SplitKeys:
    """Finds the keys of tasks.

    The key is the value of the field that tasks are split by; where there is
    none, the task's first medium, so that no medium is in two splits; where it
    has none, its id; at last a digest of its data. Nothing else decides: not the
    place in the export, nor what other tasks there are.

    Args:
        references_of: The media references of a task.
        locate: Parses a reference.
        by: Key of the task data; None for none.
    """

    def __init__(
        self,
        references_of: Callable[[Task], Sequence[str]],
        locate: Callable[[str], Locator],
        *,
        by: str | None = None,
    ) -> None:
        self._references_of = references_of
        self._identities = IdentityReader(locate)
        self._by = by

    def key(self, task: Task) -> str:
        """The key of a task: without secrets, and not long."""
        by = self._by
        if by is not None and (value := task.data.get(by)) is not None:
            return _bounded(f"{by}={_text(value)}")
        references = self._references_of(task)
        if references:
            return self._medium_key(references[0])
        if task.id is not None:
            return _bounded(f"task:{task.id}")
        return f"data:{fingerprint(_text(task.data)):016x}"

    def lacks_field(self, task: Task) -> bool:
        """Whether tasks are split by a field, which this one has not."""
        return self._by is not None and task.data.get(self._by) is None

    def _medium_key(self, reference: str) -> str:
        identity = self._identities.read(reference).identity
        shown = without_secrets(identity)
        if shown != identity:
            shown = f"{shown}#{fingerprint(identity):016x}"
        return _bounded(f"media:{shown}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


def _bounded(key: str) -> str:
    """``key``, or its beginning and a fingerprint where it is long or odd."""
    if len(key) <= _LONGEST_CHARACTERS and key.isascii():
        return key
    text = key.encode("utf-8", "replace").decode()
    if len(text) <= _LONGEST_CHARACTERS and text == key:
        return key
    return f"{text[:_LONGEST_CHARACTERS]}#{fingerprint(key):016x}"
