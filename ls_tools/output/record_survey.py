"""Which columns a table of records has, found before its first row is written.

Surveys of parts of the items may be made in several processes and merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.output.records import (
    CHAT_TYPES,
    RecordKeys,
    annotation_facts,
    history_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

    from ls_tools.output.items import Item

ALWAYS = ("annotation_id", "annotator", "created_at", "lead_time", "updated_at")
"""Columns that are there whatever the items hold."""


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

    @classmethod
    def of(cls, items: Iterable[Item]) -> Self:
        """The survey of some items."""
        survey = cls()
        for item in items:
            survey.add(item)
        return survey

    def add(self, item: Item) -> None:
        """Take down the item that comes next."""
        self.data.update(dict.fromkeys(item.task.data))
        self.facts.update(annotation_facts(item.task, None))
        for result in item.annotation.result if item.annotation else ():
            if result.from_name:
                self.controls[result.from_name] = None
                if result.type in CHAT_TYPES:
                    self.chats[result.from_name] = None
        if history_of(item.annotation):
            self.facts.add("history")

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
