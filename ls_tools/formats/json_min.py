"""JSON_MIN: one flat object per annotation, answers under their control's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import Format, NoOptions
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
        """Write ``result.json``."""
        del options
        keys = RecordKeys(config.controls)
        joint = b"[\n"
        with output.open("result.json") as file:
            for item in items:
                file.write(joint + _encode(build_record(item, keys), keys))
                count_regions(item, output.tally)
                joint = b",\n"
            file.write(b"\n]\n" if joint == b",\n" else b"[]\n")
        keys.warn(output.tally)


def _encode(record: Record, keys: RecordKeys) -> bytes:
    answers = {
        keys.of_answer(name): msgspec.Raw(collapse(results))
        for name, results in record.answers.items()
    }
    facts = dict(record.facts)
    ordered = {"id": facts.pop("id")} if "id" in facts else {}
    return msgspec.json.encode({**record.data, **ordered, **answers, **facts})
