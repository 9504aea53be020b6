"""What the projects of every control share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]

SIZE = (96, 64)
FRAME = {
    "original_width": SIZE[0],
    "original_height": SIZE[1],
    "image_rotation": 0,
}

DESCRIPTION = """
  <Choices name="scene" toName="media" choice="multiple">
    <Choice value="day"/><Choice value="night"/>
  </Choices>
  <Taxonomy name="place" toName="media">
    <Choice value="Asia"><Choice value="Tōkyō 東京"/></Choice><Choice value="Africa"/>
  </Taxonomy>
  <Rating name="stars" toName="media"/>
  <Number name="count" toName="media"/>
  <DateTime name="when" toName="media"/>
  <TextArea name="note" toName="media" maxSubmissions="2"/>"""
PER_REGION = """
  <Choices name="side" toName="media" perRegion="true">
    <Choice value="left"/><Choice value="right"/>
  </Choices>
  <TextArea name="says" toName="media" perRegion="true"/>
  <Rating name="worth" toName="media" perRegion="true"/>
  <Number name="age" toName="media" perRegion="true"/>
  <Taxonomy name="kind" toName="media" perRegion="true">
    <Choice value="thing"><Choice value="car"/></Choice>
  </Taxonomy>
  <DateTime name="since" toName="media" perRegion="true"/>"""
RELATIONS = '<Relations><Relation value="on"/><Relation value="behind"/></Relations>'


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlProject:
    """What to put into a server for one object tag.

    Attributes:
        config: The label config.
        data: The data of each of its tasks.
        results: All that one annotation says.
    """

    config: str
    data: Mapping[str, Any]
    results: Sequence[Result]


def region(key: str, name: str, kind: str, value: Result, **fields: Any) -> Result:
    """A result that the labeling page made by hand; ``key`` is the region's id."""
    return {
        "id": key,
        "from_name": name,
        "to_name": "media",
        "type": kind,
        "origin": "manual",
        **fields,
        "value": value,
    }


def relation(
    source: str, target: str, *labels: str, direction: str = "right"
) -> Result:
    """A relation between two regions."""
    ends = {"from_id": source, "to_id": target, "type": "relation"}
    return {**ends, "direction": direction, "labels": list(labels)}


def described() -> list[Result]:
    """What was said of the whole task, by every control that can."""
    return [
        region("scene", "scene", "choices", {"choices": ["day", "night"]}),
        region(
            "place",
            "place",
            "taxonomy",
            {"taxonomy": [["Asia", "Tōkyō 東京"], ["Africa"]]},
        ),
        region("stars", "stars", "rating", {"rating": 4}),
        region("count", "count", "number", {"number": 2.5}),
        region("when", "when", "datetime", {"datetime": "2026-01-02"}),
        region("note", "note", "textarea", {"text": ["a note", 'say "hi", ü']}),
    ]


def asked(where: Result) -> list[Result]:
    """What was said of one region, by every control that can."""

    def answer(name: str, kind: str, value: Result) -> Result:
        geometry = {
            key: found
            for key, found in where["value"].items()
            if not key.endswith("labels")
        }
        return {
            **where,
            "from_name": name,
            "type": kind,
            "value": {**geometry, **value},
        }

    return [
        answer("side", "choices", {"choices": ["left"]}),
        answer("says", "textarea", {"text": ["B-42 é"]}),
        answer("worth", "rating", {"rating": 3}),
        answer("age", "number", {"number": 7}),
        answer("kind", "taxonomy", {"taxonomy": [["thing", "car"]]}),
        answer("since", "datetime", {"datetime": "2026-01-02"}),
    ]
