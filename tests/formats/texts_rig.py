"""Builds small text projects and converts them, through the public call."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ls_tools import Report, Settings, convert

ADA = "Ada Lovelace met Charles Babbage in London."

NER = """
<View>
  <Text name="text" value="$text"/>
  <Labels name="ner" toName="text">
    <Label value="PER"/><Label value="LOC"/><Label value="ORG"/>
  </Labels>
  <Labels name="roles" toName="text"><Label value="Hero"/></Labels>
  <Choices name="mood" toName="text">
    <Choice value="good"/><Choice value="bad"/>
  </Choices>
  <TextArea name="note" toName="text" perRegion="true"/>
</View>"""

DIALOGUE = """
<View>
  <Paragraphs name="talk" value="$talk" nameKey="who" textKey="said"/>
  <ParagraphLabels name="parts" toName="talk"><Label value="PER"/></ParagraphLabels>
</View>"""

PAGE = """
<View>
  <HyperText name="page" value="$page"/>
  <HyperTextLabels name="parts" toName="page"><Label value="PER"/></HyperTextLabels>
</View>"""

_IDS = itertools.count(1)


def span(
    text: str, part: str, *labels: str, at: int = 0, **fields: Any
) -> dict[str, Any]:
    """A result that labels the part of a text that begins at or after ``at``."""
    start = text.index(part, at)
    value = {"start": start, "end": start + len(part), "text": part}
    return result(
        "ner", "labels", {**value, "labels": list(labels or ("PER",))}, **fields
    )


def result(control: str, kind: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"r{next(_IDS)}",
        "from_name": control,
        "to_name": "text",
        "type": kind,
        "value": value,
        **fields,
    }


def choice(*chosen: str, **fields: Any) -> dict[str, Any]:
    return result("mood", "choices", {"choices": list(chosen)}, **fields)


def task(text: Any, *results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    number = next(_IDS)
    made = {"id": number, "result": list(results)}
    return {"id": number, "data": {"text": text}, "annotations": [made], **fields}


@dataclass(frozen=True)
class Written:
    """What a conversion left behind."""

    report: Report
    root: Path

    def text(self, relative: str = "result.conll") -> str:
        return (self.root / relative).read_bytes().decode()

    @property
    def losses(self) -> dict[str, int]:
        found = (*self.report.skipped, *self.report.degraded)
        return {loss.reason: loss.count for loss in found}


def convert_texts(
    folder: Path,
    to: str,
    tasks: list[dict[str, Any]],
    *,
    xml: str | None = NER,
    settings: Settings | None = None,
    **options: Any,
) -> Written:
    source, config = folder / "export.json", folder / "config.xml"
    source.write_text(json.dumps(tasks), encoding="utf-8")
    if xml is not None:
        config.write_text(xml, encoding="utf-8")
        options["config"] = config
    settings = settings or Settings(cache_dir=folder / "cache", mode="offline")
    out = folder / "out"
    report = convert(source, to, out, settings=settings, **options)
    report.check()
    return Written(report, out)


def sentences_of(body: str) -> list[list[tuple[str, str]]]:
    """Tokens and tags by sentence, as the grammar of the format has them."""
    found: list[list[tuple[str, str]]] = [[]]
    for line in body.split("\n"):
        if not line:
            found.append([])
        elif line != "-DOCSTART- -X- O O":
            token, second, third, tag = line.split(" ")
            assert (second, third) == ("-X-", "_")
            assert token.split() == [token]
            found[-1].append((token, tag))
    return [sentence for sentence in found if sentence]


def entities_of(body: str) -> list[tuple[str, str]]:
    """Tokens and label of each BIO span."""
    found: list[tuple[list[str], str]] = []
    for sentence in sentences_of(body):
        for token, tag in sentence:
            if tag.startswith("B-"):
                found.append(([token], tag[2:]))
            elif tag != "O":
                assert tag == f"I-{found[-1][1]}"
                found[-1][0].append(token)
    return [(" ".join(tokens), label) for tokens, label in found]
