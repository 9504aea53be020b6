"""Predictions built from pixels, seconds and offsets: a real server takes them, checks
them, and gives them back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Client, SnapshotFilter, read_tasks
from ls_tools.geometry import Box, Ellipse, EncodedMask, Keypoint, Polygon, Size
from ls_tools.predictions import (
    Clip,
    Keyframe,
    PredictionBuilder,
    document_text,
    predicted_task,
)
from ls_tools.regions import Drawing, group_regions, read_drawing
from ls_tools.rle import brush_mask
from ls_tools.settings import Settings
from services.api import Api
from services.label_studio import StartLabelStudio
from services.sites import Site

np = pytest.importorskip("numpy")

# Label Studio 1.23 has the check, and logs what it finds unless this is on.
CHECKED = {"fflag_feat_utc_210_prediction_validation_15082025": "true"}
SIZE = Size(641, 379)
TEXT = "Ada 👩‍👩‍👧 met 查尔斯 in London."
HTML = """<style>p { color: red }</style>
<div>
  <p>Ada 👋<br>Love<b>lace</b></p><p>in London &amp; Paris</p>
</div>"""
BOX = Box(17.3, 40.1, 211.7, 99.9)
TURNED = Box(400.0, 200.0, 80.5, 33.25, 330.0)
TRIANGLE = Polygon(((1.5, 2.25), (300.1, 7.7), (150.05, 378.9)))
OVAL = Ellipse(320.5, 189.5, 100.1, 50.2, 30.0)
DOT = Keypoint(640.5, 0.25, 3.0)

_ANSWERS = """
  <Choices name="scene" toName="media" choice="multiple">
    <Choice value="day"/><Choice value="night" alias="dark"/>
  </Choices>
  <Taxonomy name="place" toName="media">
    <Choice value="Asia"><Choice value="Tōkyō 東京"/></Choice><Choice value="Africa"/>
  </Taxonomy>
  <Rating name="stars" toName="media"/>
  <Number name="count" toName="media" max="10"/>
  <DateTime name="when" toName="media"/>
  <TextArea name="note" toName="media"/>
  <TextArea name="says" toName="media" perRegion="true"/>
  <Choices name="side" toName="media" perRegion="true"><Choice value="left"/></Choices>
  <Relations><Relation value="on"/></Relations>"""
_LABELS = '<Label value="Car"/><Label value="Person, adult" alias="adult"/>'


@pytest.fixture(scope="module")
def strict(own_label_studio: StartLabelStudio) -> Site:
    """A server that refuses predictions that its own check finds invalid."""
    return own_label_studio(env=CHECKED).site


@pytest.fixture(scope="module")
def api(strict: Site) -> Iterator[Api]:
    with Api(strict) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Case:
    """What one project shows, and a prediction of everything that it asks for."""

    config: str
    data: dict[str, Any]
    fill: Callable[[str], PredictionBuilder]


def _answer(build: PredictionBuilder, region: Any) -> None:
    build.choices(["day", "dark"], score=np.float32(0.25))
    build.taxonomy([["Asia", "Tōkyō 東京"], ["Africa"]])
    build.rating(4)
    build.number(np.float64(2.5))
    build.datetime("2026-01-02")
    build.textarea(["a note", 'say "hi", ü'])
    build.textarea("B-42 é", region=region)
    build.choices("left", region=region)


def _mask() -> Any:
    mask = np.zeros((379, 641), dtype=bool)
    mask[100:200, 50:300] = True
    mask[150:160, 100:110] = False
    return mask


def _image(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config, size=SIZE)
    car = build.rectangle(BOX, "Car", score=np.float32(0.75))
    adult = build.rectangle(TURNED, ["Car", "adult"])
    build.polygon(TRIANGLE, "Car")
    build.ellipse(OVAL, "Car")
    build.keypoint(DOT, "Car")
    build.brush(_mask(), "Car", score=0.5)
    build.relation(car, adult, "on")
    _answer(build, car)
    return build


def _plain_labels(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config, size=SIZE)
    build.rectangle(BOX, "Car")
    build.rectangle(TURNED)
    build.polygon(TRIANGLE, "Car")
    build.ellipse(OVAL, "Car")
    build.keypoint(DOT, "Car")
    build.brush(_mask(), "Car")
    return build


def _images(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config)
    for index in range(2):
        page = build.on(item_index=index, size=SIZE)
        page.rectangle(BOX, "Car")
        page.choices("front")
    return build


def _text(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config, text=TEXT)
    start = TEXT.index("London")
    ada = build.span((0, 3), "Car", score=0.99)
    london = build.span((start, start + len("London")), ["Car", "adult"])
    build.relation(ada, london)
    _answer(build, ada)
    return build


def _hypertext(config: str) -> PredictionBuilder:
    text = document_text(HTML)
    build = PredictionBuilder(config, text=text)
    for part in ("Lovelace", "Paris"):
        start = text.index(part)
        build.span((start, start + len(part)), "Car")
    return build


def _paragraphs(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config)
    build.on(text="Good morning 👋 Charles!").paragraph(0, "Car", offsets=(15, 22))
    build.on(text="Morning.").paragraph(1, "Car")
    return build


def _audio(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config, duration_s=np.float64(2.0))
    hello = build.segment((0.1, np.float32(0.75)), "Car", score=0.9)
    build.segment((0.5, 2.0), "adult", channel=1)
    _answer(build, hello)
    return build


def _video(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config, size=SIZE)
    frames = [Keyframe(frame=1, box=BOX), Keyframe(frame=9, box=TURNED, enabled=False)]
    clip = Clip(frames_count=20, frame_rate=10)
    build.video_rectangle(clip, frames, "Car")
    build.video_rectangle(clip, frames[:1])
    build.timeline([(3, 9), (11, 11)], "rain")
    return build


def _series(config: str) -> PredictionBuilder:
    build = PredictionBuilder(config)
    build.time_range((3, 9), "Car")
    build.time_range((12, 12), "Car")
    return build


_TOOLS = ("Rectangle", "Polygon", "Ellipse", "KeyPoint", "Brush")
CASES = {
    "image": Case(
        "<View>"
        + "".join(
            f'<{tool}Labels name="{tool}" toName="media">{_LABELS}</{tool}Labels>'
            for tool in _TOOLS
        )
        + f'<Image name="media" value="$image"/>{_ANSWERS}</View>',
        {"image": "/data/upload/none.png"},
        _image,
    ),
    "plain labels": Case(
        f'<View><Labels name="label" toName="media">{_LABELS}</Labels>'
        + "".join(f'<{tool} name="{tool}" toName="media"/>' for tool in _TOOLS)
        + '<Image name="media" value="$image"/></View>',
        {"image": "/data/upload/none.png"},
        _plain_labels,
    ),
    "images": Case(
        f'<View><RectangleLabels name="box" toName="media">{_LABELS}</RectangleLabels>'
        '<Image name="media" valueList="$images"/>'
        '<Choices name="page" toName="media" perItem="true"><Choice value="front"/>'
        "</Choices></View>",
        {"images": ["/data/upload/1.png", "/data/upload/2.png"]},
        _images,
    ),
    "text": Case(
        f'<View><Labels name="ner" toName="media">{_LABELS}</Labels>'
        f'<Text name="media" value="$text"/>{_ANSWERS}</View>',
        {"text": TEXT},
        _text,
    ),
    "hypertext": Case(
        f'<View><HyperTextLabels name="ner" toName="media">{_LABELS}</HyperTextLabels>'
        '<HyperText name="media" value="$html"/></View>',
        {"html": HTML},
        _hypertext,
    ),
    "paragraphs": Case(
        f'<View><ParagraphLabels name="p" toName="media">{_LABELS}</ParagraphLabels>'
        '<Paragraphs name="media" value="$talk" layout="dialogue"/></View>',
        {
            "talk": [
                {"author": "Ada", "text": "Good morning 👋 Charles!"},
                {"author": "Charles", "text": "Morning."},
            ]
        },
        _paragraphs,
    ),
    "audio": Case(
        f'<View><Labels name="who" toName="media">{_LABELS}</Labels>'
        f'<Audio name="media" value="$audio"/>{_ANSWERS}</View>',
        {"audio": "/data/upload/none.wav"},
        _audio,
    ),
    "video": Case(
        f'<View><Labels name="what" toName="media">{_LABELS}</Labels>'
        '<TimelineLabels name="when" toName="media"><Label value="rain"/>'
        '</TimelineLabels><Video name="media" value="$video" framerate="10"/>'
        '<VideoRectangle name="box" toName="media"/></View>',
        {"video": "/data/upload/none.mp4"},
        _video,
    ),
    "series": Case(
        f'<View><TimeSeriesLabels name="t" toName="media">{_LABELS}</TimeSeriesLabels>'
        '<TimeSeries name="media" value="$series" valueType="json" timeColumn="time">'
        '<Channel column="speed"/></TimeSeries></View>',
        {"series": {"time": [1, 2, 20], "speed": [1, 2, 3]}},
        _series,
    ),
}


def snapshot(site: Site, project: int, folder: Path) -> Path:
    """A snapshot with predictions in full."""
    with Client(Settings(url=site.url, token=site.token)) as client:
        made = client.create_snapshot(project, SnapshotFilter(full={"predictions"}))
        out = folder / "snapshot.json"
        client.download_snapshot(project, made.id, out)
    return out


@pytest.mark.live
@pytest.mark.parametrize("name", CASES)
def test_a_prediction_is_valid_and_comes_back_as_it_was(
    strict: Site, api: Api, name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    project = api.create_project(f"Predicted {name}", case.config)
    built = case.fill(case.config).prediction(score=0.5, model_version="m-1")
    (imported,) = api.import_tasks(project, [predicted_task(case.data, built)])
    (posted,) = api.import_tasks(project, [{"data": case.data}])
    api.post("/api/predictions/", {**built, "task": posted})
    out = snapshot(strict, project, tmp_path)
    tasks = {task["id"]: task for task in json.loads(out.read_text("utf-8"))}
    for task in (imported, posted):
        (found,) = tasks[task]["predictions"]
        assert found["result"] == built["result"]
        assert (found["score"], found["model_version"]) == (0.5, "m-1")
    assert [len(list(task.predictions)) for task in read_tasks(out)] == [1, 1]


@pytest.mark.live
@pytest.mark.parametrize("name", ["image", "plain labels"])
def test_what_was_drawn_is_read_back_at_the_same_pixels(
    strict: Site, api: Api, name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    project = api.create_project(f"Read back {name}", case.config)
    built = case.fill(case.config).prediction()
    api.import_tasks(project, [predicted_task(case.data, built)])
    (task,) = read_tasks(snapshot(strict, project, tmp_path))
    (found,) = task.predictions
    drawn = [read_drawing(region) for region in group_regions(found)]
    shapes = {
        type(d.shape).__name__ + str(bool(getattr(d.shape, "rotation_deg", 0))): d
        for d in drawn
        if isinstance(d, Drawing)
    }
    assert len(shapes) == 6
    for key, shape in {
        "BoxFalse": BOX,
        "BoxTrue": TURNED,
        "PolygonFalse": TRIANGLE,
        "EllipseTrue": OVAL,
        "KeypointFalse": DOT,
    }.items():
        drawing = shapes[key]
        assert drawing.size == SIZE
        assert flat(drawing.shape) == pytest.approx(flat(shape), abs=1e-6)
    assert shapes["BoxFalse"].labels == ["Car"]
    mask = shapes["EncodedMaskFalse"].shape
    assert isinstance(mask, EncodedMask)
    assert np.array_equal(brush_mask(mask.code, (641, 379)) > 0, _mask())


def flat(shape: Any) -> list[float]:
    if isinstance(shape, Polygon):
        return [side for point in shape.points_px for side in point]
    return [getattr(shape, field) for field in shape.__struct_fields__]


@pytest.mark.live
def test_the_server_that_is_asked_does_check(api: Api) -> None:
    """Otherwise the tests above would prove nothing."""
    case = CASES["image"]
    project = api.create_project("Checked", case.config)
    built: Any = case.fill(case.config).prediction()
    built["result"][0]["value"]["x"] = 101
    answer = api.request(
        "POST",
        f"/api/projects/{project}/import",
        json=[predicted_task(case.data, built)],
    )
    assert answer.status_code == 400
    assert "out of bounds" in answer.text
