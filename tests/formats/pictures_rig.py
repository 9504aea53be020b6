"""Builds small image projects and converts them, through the public call."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.output import Report, Split
from ls_tools.pipeline import convert
from ls_tools.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE = {"original_width": 200, "original_height": 100}

BOXES = """
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="rect" toName="img">
    <Label value="Car"/><Label value="Person"/>
  </RectangleLabels>
</View>"""

SHAPES = """
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="rect" toName="img"><Label value="Car"/></RectangleLabels>
  <PolygonLabels name="poly" toName="img"><Label value="Roof"/></PolygonLabels>
  <EllipseLabels name="oval" toName="img"><Label value="Eye"/></EllipseLabels>
  <Choices name="quality" toName="img">
    <Choice value="blurry"/><Choice value="sharp"/>
  </Choices>
</View>"""

PAINTED = SHAPES.replace(
    "</View>",
    '<BrushLabels name="brush" toName="img"><Label value="Sky"/></BrushLabels></View>',
)
"""Converting by it needs the extra vision."""

PLAIN = """
<View>
  <Image name="img" value="$image"/>
  <Labels name="label" toName="img"><Label value="Car"/><Label value="Red"/></Labels>
  <Rectangle name="rect" toName="img"/>
  <Polygon name="poly" toName="img"/>
  <Ellipse name="oval" toName="img"/>
  <TextArea name="text" toName="img" perRegion="true"/>
</View>"""

_IDS = itertools.count(1)


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    rotation: float = 0,
    *labels: str,
    **fields: Any,
) -> dict[str, Any]:
    value = {
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "rotation": rotation,
        "rectanglelabels": list(labels or ("Car",)),
    }
    return result("rect", "rectanglelabels", value, **fields)


def polygon(*points: tuple[float, float], **fields: Any) -> dict[str, Any]:
    value = {"points": points, "closed": True, "polygonlabels": ["Roof"]}
    return result("poly", "polygonlabels", value, **fields)


def ellipse(
    x: float, y: float, radius_x: float, radius_y: float, rotation: float = 0
) -> dict[str, Any]:
    value = {
        "x": x,
        "y": y,
        "radiusX": radius_x,
        "radiusY": radius_y,
        "rotation": rotation,
        "ellipselabels": ["Eye"],
    }
    return result("oval", "ellipselabels", value)


def choice(name: str) -> dict[str, Any]:
    value = {"choices": [name]}
    return {**result("quality", "choices", value), "original_width": None}


def result(control: str, kind: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"r{next(_IDS)}",
        "from_name": control,
        "to_name": "img",
        "type": kind,
        "image_rotation": 0,
        "value": value,
        **SIZE,
        **fields,
    }


def annotation(*results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    number = next(_IDS)
    when = f"2026-01-02T03:04:05.{number % 1_000_000:06}Z"
    return {
        "id": number,
        "result": list(results),
        "created_at": when,
        "updated_at": when,
        **fields,
    }


def task(
    number: int, *annotations: dict[str, Any], image: Any = None, **data: Any
) -> dict[str, Any]:
    data = {"image": image or f"/data/upload/1/im{number}.jpg", **data}
    return {"id": number, "data": data, "annotations": list(annotations)}


@dataclass(frozen=True)
class Converted:
    """What a conversion left behind."""

    report: Report
    root: Path
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def text(self, relative: str) -> str:
        return (self.root / relative).read_text(encoding="utf-8")

    def json(self, relative: str) -> Any:
        return json.loads(self.text(relative))

    def skipped(self) -> dict[str, int]:
        return {loss.reason: loss.count for loss in self.report.skipped}

    def degraded(self) -> dict[str, int]:
        return {loss.reason: loss.count for loss in self.report.degraded}


def convert_tasks(
    folder: Path,
    to: str,
    tasks: list[dict[str, Any]],
    *,
    xml: str = BOXES,
    settings: Settings | None = None,
    **options: Any,
) -> Converted:
    source, config = folder / "export.json", folder / "config.xml"
    source.write_text(json.dumps(tasks), encoding="utf-8")
    config.write_text(xml, encoding="utf-8")
    settings = settings or Settings(cache_dir=folder / "cache", mode="offline")
    report = convert(
        source, to, folder / "out", config=config, settings=settings, **options
    )
    report.check()
    return Converted(report, folder / "out", tasks)


def split_by_parity(folder: Path, numbers: Iterable[int]) -> Split:
    """Tasks of odd numbers are for training, the others for validation."""
    keys = [f"media:/data/upload/1/im{number}.jpg" for number in numbers]
    file = folder / "splits.json"
    tasks = {"train": keys[::2], "val": keys[1::2]}
    document = {"fractions": {"train": 0.5, "val": 0.5}, "tasks": tasks}
    file.write_text(json.dumps(document), encoding="utf-8")
    return Split(keep=file)
