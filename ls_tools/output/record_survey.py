"""Which columns a table of records has, found before its first row is written.

Surveys of parts of the items may be made in several processes and merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from ls_tools.output.records import CHAT_TYPES, RecordKeys, history_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

    from ls_tools.models import Result
    from ls_tools.output.items import Item

ALWAYS = ("annotation_id", "annotator", "created_at", "lead_time", "updated_at")
"""Columns that are there whatever the items hold."""

_MOST_KNOWN = 1000
_answer_of = attrgetter("from_name", "type")


def _names() -> dict[str, None]:
    return {}


@dataclass(slots=True, kw_only=True)
class RecordSurvey:
    """What some items hold that makes columns, in the order of the items.

    Surveys of consecutive parts of the items, merged in their order, are the
    survey of all of them.

    Attributes:
        data: Names of task data.
        controls: Names of controls that gave an answer.
        chats: Those of them that gave messages.
        facts: What records say of their task and annotation.
    """

    data: dict[str, None] = field(default_factory=_names)
    controls: dict[str, None] = field(default_factory=_names)
    chats: dict[str, None] = field(default_factory=_names)
    facts: set[str] = field(default_factory=lambda: set(ALWAYS))
    _known: set[tuple[str, str]] = field(default_factory=set, init=False, repr=False)

    @classmethod
    def of(cls, items: Iterable[Item]) -> Self:
        """The survey of some items."""
        survey = cls()
        for item in items:
            survey.add(item)
        return survey

    def add(self, item: Item) -> None:
        """Take down the item that comes next."""
        task, annotation = item.task, item.annotation
        if not self.data.keys() >= task.data.keys():
            self.data |= dict.fromkeys(task.data)
        if task.id is not None:
            self.facts.add("id")
        if task.agreement is not None:
            self.facts.add("agreement")
        if annotation is None:
            return
        if not self._known.issuperset(map(_answer_of, annotation.result)):
            self._add_answers(annotation.result)
        if history_of(annotation):
            self.facts.add("history")

    def _add_answers(self, results: Iterable[Result]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        for result in results:
            self._known.add(_answer_of(result))
            if result.from_name:
                self.controls[result.from_name] = None
                if result.type in CHAT_TYPES:
                    self.chats[result.from_name] = None

    def merge(self, later: RecordSurvey) -> None:
        """Add the survey of the items that come next."""
        self.data |= later.data
        self.controls |= later.controls
        self.chats |= later.chats
        self.facts |= later.facts

    def columns(self) -> tuple[list[str], RecordKeys]:
        """The columns of the table, and the keys that its records go by."""
        keys = RecordKeys(self.controls)
        columns = self.facts.union(
            map(keys.of_answer, self.controls),
            map(keys.of_transcript, self.chats),
            map(keys.of_data, self.data),
        )
        return sorted(columns), keys
