"""The builder takes the control that fits, or says what there is."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from typing import Any

import pytest

import ls_tools.predictions
from ls_tools.errors import LabelConfigError, UsageError
from ls_tools.geometry import Box, Ellipse, Keypoint, Polygon, Size
from ls_tools.label_config import parse_label_config
from ls_tools.predictions import Clip, Keyframe, PredictionBuilder

BOX = Box(20, 10, 40, 20)
SIZE = Size(200, 100)
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="cars" toName="image">
    <Label value="Car"/><Label value="Lorry" alias="truck"/>
  </RectangleLabels>
  <RectangleLabels name="people" toName="image">
    <Label value="Person"/>
  </RectangleLabels>
  <PolygonLabels name="roofs" toName="image"><Label value="Roof"/></PolygonLabels>
  <Labels name="any" toName="image"><Label value="Thing"/></Labels>
  <Rectangle name="box" toName="image"/>
  <Ellipse name="oval" toName="image"/>
  <KeyPoint name="dot" toName="image"/>
  <Choices name="scene" toName="image">
    <Choice value="day"/><Choice value="night"/>
  </Choices>
  <Choices name="side" toName="image" perRegion="true" choice="multiple">
    <Choice value="left"/><Choice value="day"/>
  </Choices>
  <TextArea name="note" toName="image"/>
  <Rating name="stars" toName="image" maxRating="3"/>
  <Number name="count" toName="image" min="1" max="many"/>
  <Taxonomy name="kind" toName="image">
    <Choice value="Animal"><Choice value="Cat"/></Choice>
  </Taxonomy>
  <Taxonomy name="late" toName="image" apiUrl="https://x.example/tree.json"/>
  <DateTime name="when" toName="image"/>
</View>"""


@pytest.fixture
def build() -> PredictionBuilder:
    return PredictionBuilder(CONFIG, size=SIZE)


def test_the_control_that_has_the_label_is_taken(build: PredictionBuilder) -> None:
    assert build.rectangle(BOX, "Car")["from_name"] == "cars"
    assert build.rectangle(BOX, "Person")["from_name"] == "people"
    assert build.rectangle(BOX, ["Car", "truck"])["from_name"] == "cars"
    assert build.rectangle(BOX)["from_name"] == "box"
    assert {r["to_name"] for r in build.prediction()["result"]} == {"image"}  # type: ignore[typeddict-item]


def test_a_parsed_label_config_does_as_well() -> None:
    config = parse_label_config(CONFIG)
    made = PredictionBuilder(config, size=SIZE).rectangle(BOX, "Car")
    assert made == PredictionBuilder(CONFIG, size=SIZE).rectangle(BOX, "Car")
    with pytest.raises(LabelConfigError):
        PredictionBuilder("<View>")


def test_a_label_that_no_control_has_is_refused(build: PredictionBuilder) -> None:
    with pytest.raises(UsageError) as caught:
        build.rectangle(BOX, "Lorry")
    said = "No control has the label 'Lorry'. There are: Car, truck (cars); Person"
    assert str(caught.value).startswith(said)
    with pytest.raises(UsageError, match="No control has all of 'Car', 'Person'"):
        build.rectangle(BOX, ["Car", "Person"])
    assert build.prediction()["result"] == []


def test_a_shape_that_no_control_takes_is_refused(build: PredictionBuilder) -> None:
    with pytest.raises(UsageError, match=r"has no brushlabels. It has: .*\(cars\)"):
        build.brush([[True]], "Road")
    with pytest.raises(UsageError, match="has no polygonlabels called cars"):
        build.polygon(Polygon(((0, 0), (1, 1), (0, 1))), "Car", name="cars")
    with pytest.raises(UsageError, match="has no rating with perRegion"):
        build.rating(1, region=build.rectangle(BOX, "Car"))
    with pytest.raises(UsageError, match="It has: nothing"):
        PredictionBuilder("<View/>").choices("a")


def test_labels_beside_a_tool_make_two_results_of_one_region(
    build: PredictionBuilder,
) -> None:
    region = build.rectangle(BOX, "Thing", score=0.5)
    build.ellipse(Ellipse(100, 50, 20, 20), "Thing")
    build.keypoint(Keypoint(5, 5), "Thing")
    found: list[Any] = build.prediction()["result"]
    assert [(r["from_name"], r["type"]) for r in found] == [
        ("box", "rectangle"),
        ("any", "labels"),
        ("oval", "ellipse"),
        ("any", "labels"),
        ("dot", "keypoint"),
        ("any", "labels"),
    ]
    assert found[0] == region
    assert found[1]["id"] == region["id"]
    assert found[1]["value"] == {**region["value"], "labels": ["Thing"]}
    assert found[1]["score"] == 0.5
    assert found[1]["original_width"] == 200


def test_labels_without_the_tool_are_refused() -> None:
    config = CONFIG.replace('<Rectangle name="box" toName="image"/>', "")
    with pytest.raises(UsageError, match="No control has the label 'Thing'"):
        PredictionBuilder(config, size=SIZE).rectangle(BOX, "Thing")


def test_where_several_controls_fit_one_is_to_be_named() -> None:
    config = CONFIG.replace("Person", "Car")
    build = PredictionBuilder(config, size=SIZE)
    with pytest.raises(UsageError, match="fit: cars on image, people on image"):
        build.rectangle(BOX, "Car")
    assert build.rectangle(BOX, "Car", name="people")["from_name"] == "people"


def test_answers_go_to_the_controls_that_ask_for_them(build: PredictionBuilder) -> None:
    car = build.rectangle(BOX, "Car")
    assert build.choices("day")["from_name"] == "scene"
    side = build.choices(["left", "day"], region=car)
    assert (side["from_name"], side["id"]) == ("side", car["id"])
    assert build.textarea("hi")["from_name"] == "note"
    assert build.rating(3)["value"] == {"rating": 3}
    assert build.number(7)["value"] == {"number": 7}
    assert build.datetime("2024")["value"] == {"datetime": "2024"}
    assert build.taxonomy([["Animal", "Cat"]], name="kind")["from_name"] == "kind"
    assert build.taxonomy([["No", "matter"]])["from_name"] == "late"


def test_answers_that_the_control_does_not_allow_are_refused(
    build: PredictionBuilder,
) -> None:
    with pytest.raises(UsageError, match=r'takes one choice.*choice="multiple"'):
        build.choices(["day", "night"])
    with pytest.raises(UsageError, match="stars goes up to 3, not 4"):
        build.rating(4)
    with pytest.raises(UsageError, match="count goes from 1 to inf, not 0"):
        build.number(0)
    with pytest.raises(UsageError, match="No control has the label 'Dog'"):
        build.taxonomy([["Animal", "Dog"]], name="kind")


def test_relations_and_scores_are_part_of_the_prediction(
    build: PredictionBuilder,
) -> None:
    car, person = build.rectangle(BOX, "Car"), build.rectangle(BOX, "Person")
    relation = build.relation(person, car, "in")
    made = build.prediction(score=0.25, model_version="v1")
    assert made["result"] == [car, person, relation]
    assert (made["score"], made["model_version"]) == (0.25, "v1")
    assert json.loads(json.dumps(made)) == made


def test_the_same_calls_make_the_same_prediction() -> None:
    made = []
    for _ in range(2):
        build = PredictionBuilder(CONFIG, size=SIZE)
        build.rectangle(BOX, "Car")
        build.rectangle(BOX, "Car")
        made.append(build.prediction())
    assert made[0] == made[1]
    ids = [result.get("id") for result in made[0]["result"]]
    assert len(set(ids)) == 2


def test_several_images_have_their_places_and_sizes() -> None:
    config = """<View><Image name="pages" valueList="$pages"/>
      <RectangleLabels name="box" toName="pages"><Label value="Car"/></RectangleLabels>
      <Choices name="page" toName="pages" perItem="true"><Choice value="a"/></Choices>
      <Choices name="set" toName="pages"><Choice value="b"/></Choices></View>"""
    build = PredictionBuilder(config)
    second = build.on(item_index=1, size=Size(400, 100))
    box = second.rectangle(BOX, "Car")
    assert (box["item_index"], box["value"]["x"]) == (1, 5.0)
    assert second.choices("a")["item_index"] == 1
    assert "item_index" not in second.choices("b")
    assert len(build.prediction()["result"]) == 3


def test_several_objects_are_told_apart_by_their_names() -> None:
    config = """<View><Image name="left" value="$l"/><Image name="right" value="$r"/>
      <Text name="text" value="$t"/>
      <Labels name="any" toName="left,right,text"><Label value="Thing"/></Labels>
      <Rectangle name="l" toName="left"/><Rectangle name="r" toName="right"/></View>"""
    build = PredictionBuilder(config, size=SIZE, text="abc")
    with pytest.raises(UsageError, match=r"any on left, any on right.*on\(to_name"):
        build.rectangle(BOX, "Thing")
    right = build.on(to_name="right").rectangle(BOX, "Thing")
    assert (right["from_name"], right["to_name"]) == ("r", "right")
    assert build.span((0, 1), "Thing")["to_name"] == "text"
    with pytest.raises(UsageError, match="has no rectanglelabels or labels on text"):
        build.on(to_name="text").rectangle(BOX, "Thing")


def test_repeated_controls_are_named_with_their_numbers() -> None:
    config = """<View><Repeater on="$images" indexFlag="{{idx}}">
      <Image name="page_{{idx}}" value="$images[{{idx}}].url"/>
      <RectangleLabels name="box_{{idx}}" toName="page_{{idx}}"><Label value="Car"/>
      </RectangleLabels></Repeater></View>"""
    build = PredictionBuilder(config, size=SIZE).on(to_name="page_3")
    box = build.rectangle(BOX, "Car", name="box_3")
    assert (box["from_name"], box["to_name"]) == ("box_3", "page_3")


def test_spans_go_to_texts_documents_and_paragraphs() -> None:
    config = """<View><Text name="text" value="$t"/><HyperText name="page" value="$h"/>
      <Paragraphs name="talk" value="$p"/>
      <Labels name="ner" toName="text"><Label value="PER"/></Labels>
      <HyperTextLabels name="html" toName="page"><Label value="LOC"/></HyperTextLabels>
      <ParagraphLabels name="said" toName="talk"><Label value="Hi"/></ParagraphLabels>
      </View>"""
    build = PredictionBuilder(config, text="Ada in London")
    assert build.span((0, 3), "PER")["type"] == "labels"
    document = build.span((7, 13), "LOC")
    assert document["type"] == "hypertextlabels"
    assert document["value"]["globalOffsets"] == {"start": 7, "end": 13}
    assert build.paragraph(1, "Hi", offsets=(0, 3))["value"]["text"] == "Ada"


def test_sounds_series_and_videos_have_their_methods() -> None:
    config = """<View><Audio name="audio" value="$a"/><Video name="video" value="$v"/>
      <TimeSeries name="series" value="$s"/>
      <Labels name="who" toName="audio"><Label value="A"/></Labels>
      <Labels name="what" toName="video"><Label value="Man"/></Labels>
      <VideoRectangle name="box" toName="video"/>
      <TimelineLabels name="when" toName="video"><Label value="rain"/></TimelineLabels>
      <TimeSeriesLabels name="t" toName="series"><Label value="Run"/></TimeSeriesLabels>
      </View>"""
    build = PredictionBuilder(config, size=SIZE)
    assert build.segment((0, 1.5), "A", channel=1)["value"]["channel"] == 1
    frames = [Keyframe(frame=1, box=BOX)]
    clip = Clip(frames_count=20)
    assert build.video_rectangle(clip, frames, "Man")["value"]["labels"] == ["Man"]
    assert "labels" not in build.video_rectangle(clip, frames)["value"]
    assert build.timeline([(1, 2)], "rain")["from_name"] == "when"
    assert build.time_range((1, 2), "Run")["from_name"] == "t"
    with pytest.raises(UsageError, match="No control has the label 'A'"):
        build.video_rectangle(clip, frames, "A")
    with pytest.raises(UsageError, match="No control has the label 'Man'"):
        build.segment((0, 1), "Man")


def test_labels_that_come_with_the_task_are_not_checked() -> None:
    config = """<View><Image name="image" value="$image"/>
      <RectangleLabels name="box" toName="image" value="$options"/></View>"""
    made = PredictionBuilder(config, size=SIZE).rectangle(BOX, "Whatever")
    assert made["value"]["rectanglelabels"] == ["Whatever"]


def test_an_unknown_word_is_a_type_error(build: PredictionBuilder) -> None:
    with pytest.raises(TypeError, match="area"):
        PredictionBuilder(CONFIG, area=SIZE)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="area"):
        build.on(area=SIZE)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="confidence"):
        build.rectangle(BOX, "Car", confidence=1)  # type: ignore[call-arg]


def test_the_examples_in_the_docstrings_are_true() -> None:
    attempted = 0
    for module in pkgutil.iter_modules(ls_tools.predictions.__path__):
        if module.name != "masks":  # which needs NumPy
            name = f"ls_tools.predictions.{module.name}"
            outcome = doctest.testmod(importlib.import_module(name))
            assert not outcome.failed
            attempted += outcome.attempted
    assert attempted > 10
