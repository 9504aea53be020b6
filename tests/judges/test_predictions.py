"""What models and their libraries give becomes predictions as it is."""

from __future__ import annotations

import json
from typing import Any

from ls_tools.geometry import Box, Keypoint, Polygon, Size
from ls_tools.predictions import PredictionBuilder
from ls_tools.rle import brush_mask

CONFIG = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="car"/></RectangleLabels>
  <BrushLabels name="mask" toName="image"><Label value="car"/></BrushLabels>
  <PolygonLabels name="outline" toName="image"><Label value="car"/></PolygonLabels>
  <KeyPointLabels name="point" toName="image"><Label value="car"/></KeyPointLabels>
</View>"""
TEXT_CONFIG = """<View><Text name="text" value="$text"/>
  <Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
</View>"""


def values(build: PredictionBuilder) -> list[dict[str, Any]]:
    """The values of a prediction, through JSON."""
    made = json.loads(json.dumps(build.prediction(score=0.5)))
    return [result["value"] for result in made["result"]]


def test_tensors_of_torch_are_taken(judge: Any) -> None:
    torch = judge("torch")
    build = PredictionBuilder(CONFIG, size=Size(100, 50))
    boxes = torch.tensor([[10.0, 5.0, 30.0, 20.0]])
    scores = torch.tensor([0.75])
    masks = torch.zeros((1, 1, 50, 100))
    masks[0, 0, 10:20, 30:60] = 0.9
    for row, score, mask in zip(boxes, scores, masks, strict=True):
        build.rectangle(Box.from_ltrb(row), "car", score=score)
        build.brush(mask[0] > 0.5, "car", score=score)
    corners = torch.tensor([[0, 0], [50, 0], [50, 25]])
    build.polygon(Polygon(tuple(map(tuple, corners))), "car")
    build.keypoint(Keypoint(*torch.tensor([25.0, 25.0])), "car")
    box, brush, polygon, point = values(build)
    assert [box[k] for k in ("x", "y", "width", "height")] == [10, 10, 20, 30]
    assert brush_mask(brush["rle"], (100, 50)).sum() == 10 * 30 * 255
    assert polygon["points"] == [[0, 0], [50, 0], [50, 50]]
    assert (point["x"], point["y"]) == (25, 50)


def test_detections_of_supervision_are_taken(judge: Any) -> None:
    supervision, numpy = judge("supervision"), judge("numpy")
    masks = numpy.zeros((1, 50, 100), dtype=bool)
    masks[0, 10:20, 30:60] = True
    found = supervision.Detections(
        xyxy=numpy.asarray([[30, 10, 60, 20]], dtype="float32"),
        mask=masks,
        confidence=numpy.asarray([0.5], dtype="float32"),
        data={"class_name": numpy.asarray(["car"])},
    )
    build = PredictionBuilder(CONFIG, size=Size(100, 50))
    for xyxy, mask, score, _, _, data in found:
        build.rectangle(Box.from_ltrb(xyxy), str(data["class_name"]), score=score)
        build.brush(mask, data["class_name"], score=score)
    box, brush = values(build)
    assert [box[k] for k in ("x", "y", "width", "height")] == [30, 20, 30, 20]
    assert brush["brushlabels"] == ["car"]


def test_results_of_ultralytics_are_taken(judge: Any) -> None:
    results, torch = judge("ultralytics.engine.results"), judge("torch")
    image = judge("numpy").zeros((50, 100, 3), dtype="uint8")
    found = results.Results(
        image,
        path="a.jpg",
        names={0: "car"},
        boxes=torch.tensor([[10.0, 5.0, 30.0, 20.0, 0.75, 0.0]]),
        obb=torch.tensor([[50.0, 25.0, 20.0, 10.0, torch.pi / 2, 0.5, 0.0]]),
    )
    build = PredictionBuilder(CONFIG, size=Size(100, 50))
    for row, score, number in zip(
        found.boxes.xyxy, found.boxes.conf, found.boxes.cls, strict=True
    ):
        build.rectangle(Box.from_ltrb(row), found.names[int(number)], score=score)
    for row in found.obb.xywhr:
        angle_deg = torch.rad2deg(row[4])
        build.rectangle(Box.from_centre(row[:4], angle_deg), "car")
    upright, turned = values(build)
    assert [upright[k] for k in ("x", "y", "width", "height")] == [10, 10, 20, 30]
    assert abs(turned["rotation"] - 90) < 1e-4
    # Turned by a quarter about its centre, its first corner is at the top right.
    assert abs(turned["x"] - 55) < 1e-4
    assert abs(turned["y"] - 30) < 1e-4


def test_entities_of_spacy_are_taken(judge: Any) -> None:
    spacy = judge("spacy")
    doc = spacy.blank("en")("👋 Ada Lovelace lived in London.")
    doc.ents = [
        spacy.tokens.Span(doc, 1, 3, "PER"),
        spacy.tokens.Span(doc, 5, 6, "LOC"),
    ]
    build = PredictionBuilder(TEXT_CONFIG, text=doc.text)
    for entity in doc.ents:
        build.span((entity.start_char, entity.end_char), entity.label_)
    assert [value["text"] for value in values(build)] == ["Ada Lovelace", "London"]
