"""JSON_MIN: one flat object per annotation, answers under their control's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import DivisibleFormat, NoOptions, Writing
from ls_tools.output import JSON_ARRAY, RecordFiles
from ls_tools.output.records import RecordKeys, build_record, collapse, count_regions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Output
    from ls_tools.output.records import KeyAsked


class JsonMinFormat(DivisibleFormat):
    """``result.json``: a JSON array, one record a line."""

    name: ClassVar[str] = "json_min"
    aliases: ClassVar[tuple[str, ...]] = ("JSON_MIN", "min")
    summary: ClassVar[str] = "one flat JSON object per annotation"
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    def begin(
        self, config: LabelConfig, output: Output, options: NoOptions, survey: None
    ) -> Writing:
        """Begin ``result.json``, or a file per split."""
        del options, survey
        return _Records(output, RecordKeys(config.controls))


class _Records(Writing):
    """Records being written."""

    def __init__(self, output: Output, keys: RecordKeys) -> None:
        self._tally = output.tally
        self._files = RecordFiles(output, "json", JSON_ARRAY)
        self._keys = keys

    def add(self, items: Iterable[Item]) -> None:
        """Write a record for each item."""
        for item in items:
            self._files.write(_spell(item, self._keys), item)
            count_regions(item, self._tally)

    def finish(self) -> None:
        """Complete the files."""
        self._files.finish()
        self._keys.warn(self._tally)

    def names(self) -> Sequence[KeyAsked]:
        """What was asked a key for."""
        return self._keys.asked

    def learn(self, names: Sequence[KeyAsked]) -> None:
        """Give these their keys."""
        self._keys.give(names)


def _spell(item: Item, keys: RecordKeys) -> bytes:
    record = build_record(item, keys)
    fields = dict(record.data)
    if "id" in record.facts:
        fields["id"] = record.facts["id"]  # before the answers
    for control, results in record.answers.items():
        fields[keys.of_answer(control)] = msgspec.Raw(collapse(results))
    fields.update(record.facts)
    return _encode(fields)


_encode = msgspec.json.Encoder().encode
