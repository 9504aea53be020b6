"""JSON_MIN: one flat object per annotation, answers under their control's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import Format, NoOptions
from ls_tools.output import JSON_ARRAY, RecordFiles
from ls_tools.output.records import RecordKeys, build_record, collapse, count_regions

if TYPE_CHECKING:
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output
    from ls_tools.output.records import Record


class JsonMinFormat(Format):
    """``result.json``: a JSON array, one record a line."""

    name: ClassVar[str] = "json_min"
    aliases: ClassVar[tuple[str, ...]] = ("JSON_MIN", "min")
    summary: ClassVar[str] = "one flat JSON object per annotation"
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: NoOptions
    ) -> None:
        """Write ``result.json``, or a file per split."""
        del options
        keys = RecordKeys(config.controls)
        with RecordFiles(output, "json", JSON_ARRAY) as files:
            for item in items:
                files.write(_encode(build_record(item, keys), keys), item)
                count_regions(item, output.tally)
        keys.warn(output.tally)


def _encode(record: Record, keys: RecordKeys) -> bytes:
    answers = {
        keys.of_answer(name): msgspec.Raw(collapse(results))
        for name, results in record.answers.items()
    }
    facts = dict(record.facts)
    ordered = {"id": facts.pop("id")} if "id" in facts else {}
    return msgspec.json.encode({**record.data, **ordered, **answers, **facts})
