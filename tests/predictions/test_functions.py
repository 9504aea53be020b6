"""The functions that need no label config: one for each kind of result."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools import predictions
from ls_tools.errors import UsageError
from ls_tools.geometry import Box, Ellipse, Keypoint, Polygon, Size
from ls_tools.models import Annotation
from ls_tools.predictions import Clip, Keyframe, Target
from ls_tools.reading import read_tasks
from ls_tools.regions import Drawing, group_regions, read_drawing

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SIZE = Size(200, 100)
IMAGE = Target(from_name="tool", to_name="image", size=SIZE)
TEXT = Target(from_name="ner", to_name="text", text="Ada 👩‍👩‍👧 in 東京")
SOUND = Target(from_name="who", to_name="audio", duration_s=2.0)
TRIANGLE = Polygon(((0.0, 0.0), (200.0, 0.0), (100.0, 100.0)))


def test_a_box_has_every_field_that_the_editor_writes() -> None:
    result = predictions.rectangle(IMAGE, Box(100, 10, 40, 20, 45), "Car", score=0.5)
    assert {**result, "id": ""} == {
        "id": "",
        "from_name": "tool",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": {
            "x": 50.0,
            "y": 10.0,
            "width": 20.0,
            "height": 20.0,
            "rotation": 45.0,
            "rectanglelabels": ["Car"],
        },
        "score": 0.5,
    }


@pytest.mark.parametrize(("turn", "rotation"), [(-30, 330), (450, 90), (360, 0)])
def test_rotations_are_those_of_one_turn(turn: float, rotation: float) -> None:
    """The server refuses more than 360."""
    result = predictions.rectangle(IMAGE, Box(100, 10, 40, 20, turn), "Car")
    assert result["value"]["rotation"] == rotation


def test_a_shape_without_labels_is_a_result_of_the_plain_tool() -> None:
    result = predictions.rectangle(IMAGE, Box(0, 0, 1, 1))
    assert result["type"] == "rectangle"
    assert "rectanglelabels" not in result["value"]
    assert "score" not in result


def test_other_shapes_have_the_fields_of_theirs() -> None:
    polygon = predictions.polygon(IMAGE, TRIANGLE, ["Roof", "Roof"])
    assert polygon["value"] == {
        "points": [[0, 0], [100, 0], [50, 100]],
        "closed": True,
        "polygonlabels": ["Roof"],
    }
    ellipse = predictions.ellipse(IMAGE, Ellipse(100, 50, 20, 20, -30), "Wheel")
    assert ellipse["value"] == {
        "x": 50,
        "y": 50,
        "radiusX": 10,
        "radiusY": 20,
        "rotation": 330,
        "ellipselabels": ["Wheel"],
    }
    keypoint = predictions.keypoint(IMAGE, Keypoint(50, 50, 4), "Nose")
    assert keypoint["value"] == {
        "x": 25,
        "y": 50,
        "width": 2,
        "keypointlabels": ["Nose"],
    }


def test_a_keypoint_without_a_width_can_be_seen() -> None:
    result = predictions.keypoint(IMAGE, Keypoint(50, 50), "Nose")
    assert result["value"]["width"] == 0.5


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "5", [1, 2]])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: predictions.rectangle(IMAGE, Box(x, 0, 1, 1), "a"),
        lambda x: predictions.rectangle(IMAGE, Box(0, 0, 1, x), "a"),
        lambda x: predictions.rectangle(IMAGE, Box(0, 0, 1, 1, x), "a"),
        lambda x: predictions.polygon(IMAGE, Polygon(((0, 0), (1, x), (2, 2))), "a"),
        lambda x: predictions.ellipse(IMAGE, Ellipse(0, 0, x, 1), "a"),
        lambda x: predictions.keypoint(IMAGE, Keypoint(0, x), "a"),
        lambda x: predictions.segment(SOUND, (x, 1), "a"),
        lambda x: predictions.segment(SOUND, (0, x), "a"),
        lambda x: predictions.time_range(SOUND, (0, x), "a"),
        lambda x: predictions.number(SOUND, x),
        lambda x: predictions.prediction([], score=x if x is not None else "x"),
        lambda x: predictions.rectangle(
            Target(from_name="a", to_name="b", size=Size(x, 1)), Box(0, 0, 1, 1), "a"
        ),
    ],
)
def test_what_is_no_finite_number_is_refused(make: Any, bad: Any) -> None:
    with pytest.raises(UsageError, match="is no finite number"):
        make(bad)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box(0, 0, -1, 1), "The width of a box is negative: -1"),
        (lambda: Box(0, 0, 1, -0.5), "The height of a box is negative: -0.5"),
        (lambda: Box(201, 0, 1, 1), "its x is 100.5 percent"),
        (lambda: Box(0, 0, 1, 101), "its height is 101 percent"),
    ],
)
def test_boxes_that_are_none_are_refused(make: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predictions.rectangle(IMAGE, make(), "Car")


def test_shapes_beyond_what_the_server_takes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"its y is 101 percent.* clip_points"):
        predictions.polygon(IMAGE, Polygon(((0, 0), (1, 1), (0, 101))), "a")
    with pytest.raises(UsageError, match=r"its radiusX is 50\.5 percent"):
        predictions.ellipse(IMAGE, Ellipse(100, 50, 101, 10), "a")
    with pytest.raises(UsageError, match="has 2 corners, and needs 3"):
        predictions.polygon(IMAGE, Polygon(((0, 0), (1, 1))), "a")


@pytest.mark.parametrize("size", [Size(0, 10), Size(10, -1)])
def test_an_image_without_pixels_is_refused(size: Size) -> None:
    target = Target(from_name="a", to_name="b", size=size)
    with pytest.raises(UsageError, match="An image is"):
        predictions.rectangle(target, Box(0, 0, 1, 1), "a")


def test_what_has_to_be_known_is_asked_for() -> None:
    blank = Target(from_name="a", to_name="img")
    with pytest.raises(UsageError, match=r"size of 'img' is not known.*size=Size"):
        predictions.rectangle(blank, Box(0, 0, 1, 1), "a")
    with pytest.raises(UsageError, match="text of 'img' is not known"):
        predictions.span(blank, (0, 1), "a")


@calm
@given(
    box=st.builds(
        Box,
        st.floats(-1e4, 9e3),
        st.floats(-1e4, 9e3),
        st.floats(0, 9e3),
        st.floats(0, 9e3),
        st.floats(-720, 720),
    ),
    size=st.builds(Size, st.integers(9000, 20_000), st.integers(9000, 20_000)),
)
def test_a_box_is_read_back_at_the_same_pixels(box: Box, size: Size) -> None:
    target = Target(from_name="box", to_name="image", size=size)
    back = drawing_of(predictions.rectangle(target, box, "Car"))
    assert back.size == size
    assert back.labels == ["Car"]
    found = back.shape
    assert isinstance(found, Box)
    assert found.left_px == pytest.approx(box.left_px, rel=1e-9, abs=1e-9)
    assert found.height_px == pytest.approx(box.height_px, rel=1e-9, abs=1e-9)
    turned = (found.rotation_deg - box.rotation_deg) % 360
    assert min(turned, 360 - turned) < 1e-9


def drawing_of(result: Any) -> Drawing:
    task = json.dumps([{"id": 1, "data": {}, "annotations": [{"result": [result]}]}])
    (read,) = read_tasks(BytesIO(task.encode()))
    annotation: Annotation = read.annotations[0]
    (region,) = group_regions(annotation)
    drawing = read_drawing(region)
    assert isinstance(drawing, Drawing)
    return drawing


def test_spans_are_in_code_points_and_carry_their_text() -> None:
    """F20: the text in the value tells how the offsets were counted."""
    text = TEXT.text or ""
    start = text.index("東京")
    result = predictions.span(TEXT, (start, start + 2), "LOC", score=0.9)
    assert result["type"] == "labels"
    assert result["value"] == {
        "start": start,
        "end": start + 2,
        "text": "東京",
        "labels": ["LOC"],
    }
    assert text.encode("utf-16-le").index("東京".encode("utf-16-le")) // 2 != start


def test_a_span_of_a_document_has_global_offsets() -> None:
    result = predictions.hypertext(TEXT, (0, 3), "PER")
    assert result["type"] == "hypertextlabels"
    assert result["value"]["globalOffsets"] == {"start": 0, "end": 3}
    assert result["value"]["text"] == "Ada"


def test_offsets_in_paragraphs_are_counted_as_javascript_does() -> None:
    target = Target(from_name="p", to_name="talk", text="Hi 👋 Ada")
    result = predictions.paragraph(target, 2, "PER", offsets=(5, 8))
    value = result["value"]
    assert (value["start"], value["end"]) == ("2", "2")
    assert (value["startOffset"], value["endOffset"]) == (6, 9)
    assert value["text"] == "Ada"
    whole = predictions.paragraph(target, 0, "PER")["value"]
    assert (whole["startOffset"], whole["endOffset"]) == (0, 9)
    with pytest.raises(UsageError, match="index of a paragraph is -1"):
        predictions.paragraph(target, -1, "PER")


@pytest.mark.parametrize(
    "offsets", [(-1, 2), (2, 2), (3, 1), (0, 99), (0.0, 1), ("0", 1), (None, 1)]
)
def test_spans_out_of_the_text_are_refused(offsets: Any) -> None:
    with pytest.raises(UsageError, match=r"There is no span|is no integer"):
        predictions.span(TEXT, offsets, "PER")


def test_a_segment_has_channel_and_length() -> None:
    result = predictions.segment(SOUND, (0.5, 2), ["A", "B"], channel=1)
    assert result["value"] == {
        "start": 0.5,
        "end": 2.0,
        "channel": 1,
        "labels": ["A", "B"],
    }
    assert result["original_length"] == 2.0


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        ((-0.1, 1), "start of a segment is negative"),
        ((1, 0.5), "starts at 1 and ends at 0.5"),
        ((1, 2.01), r"ends at 2.01 s in an audio of 2 s.*min\(end, duration\)"),
    ],
)
def test_segments_out_of_the_audio_are_refused(
    seconds: tuple[float, float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        predictions.segment(SOUND, seconds, "A")


def test_a_range_of_a_series_may_be_an_instant() -> None:
    run = predictions.time_range(SOUND, (3, 9), "Run")["value"]
    assert run == {"start": 3, "end": 9, "instant": False, "timeserieslabels": ["Run"]}
    assert predictions.time_range(SOUND, (3, 3), "Run")["value"]["instant"] is True


def test_a_timeline_has_ranges_of_frames() -> None:
    made = predictions.timeline(SOUND, [(3, 9), (11, 11)], "rain")
    assert made["value"]["ranges"] == [{"start": 3, "end": 9}, {"start": 11, "end": 11}]
    for frames in ([], [(0, 3)], [(5, 4)], [(1.5, 4)]):
        with pytest.raises(UsageError):
            predictions.timeline(SOUND, frames, "rain")  # type: ignore[arg-type]


def test_a_track_has_its_frames_in_order() -> None:
    target = Target(from_name="box", to_name="video", size=SIZE)
    late = Keyframe(frame=15, box=Box(20, 10, 40, 20), enabled=False)
    early = Keyframe(frame=1, box=Box(0, 0, 40, 20, 90))
    clip = Clip(frames_count=20, frame_rate=10)
    made = predictions.video_rectangle(target, clip, [late, early], "Man")
    value = made["value"]
    assert made["type"] == "videorectangle"
    assert (value["framesCount"], value["duration"]) == (20, 2.0)
    assert value["labels"] == ["Man"]
    assert value["sequence"] == [
        {
            "frame": 1,
            "enabled": True,
            "time": 0.1,
            "x": 0,
            "y": 0,
            "width": 20,
            "height": 20,
            "rotation": 90,
        },
        {
            "frame": 15,
            "enabled": False,
            "time": 1.5,
            "x": 10,
            "y": 10,
            "width": 20,
            "height": 20,
            "rotation": 0,
        },
    ]


def test_tracks_that_are_none_are_refused() -> None:
    target = Target(from_name="box", to_name="video", size=SIZE)
    clip = Clip(frames_count=20)
    first = Keyframe(frame=1, box=Box(0, 0, 1, 1))
    for frames, message in (
        ([], "are none"),
        ([first, first], "two of them are of one frame"),
        ([Keyframe(frame=0, box=first.box)], "counts frames from 1"),
        ([Keyframe(frame=21, box=first.box)], "Frame 21 is not in a video of 20"),
        ([Keyframe(frame=1, box=Box(0, 0, 201, 1))], "beyond the image"),
    ):
        with pytest.raises(UsageError, match=message):
            predictions.video_rectangle(target, clip, frames, "Man")
    for wrong in (Clip(frames_count=0), Clip(frames_count=5, frame_rate=0)):
        with pytest.raises(UsageError, match="A video has"):
            predictions.video_rectangle(target, wrong, [first], "Man")


def test_answers_have_the_fields_that_the_editor_writes() -> None:
    target = Target(from_name="q", to_name="image", item_index=1)
    assert predictions.choices(target, "day")["item_index"] == 1
    for result, kind, value in (
        (predictions.choices(target, ["a", "b"]), "choices", {"choices": ["a", "b"]}),
        (predictions.textarea(target, "x"), "textarea", {"text": ["x"]}),
        (predictions.textarea(target, ["x", ""]), "textarea", {"text": ["x", ""]}),
        (predictions.rating(target, 4), "rating", {"rating": 4}),
        (predictions.number(target, Decimal("2.5")), "number", {"number": 2.5}),
        (predictions.number(target, 3), "number", {"number": 3}),
        (
            predictions.taxonomy(target, [("A", "B"), ["C"]]),
            "taxonomy",
            {"taxonomy": [["A", "B"], ["C"]]},
        ),
    ):
        assert (result["type"], result["value"]) == (kind, value)


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (dt.date(2024, 2, 29), "2024-02-29"),
        (
            dt.datetime(2024, 2, 29, 13, 5, 59, tzinfo=dt.timezone.utc),
            "2024-02-29T13:05",
        ),
        (dt.time(13, 5), "13:05"),
        ("29. 2. 2024", "29. 2. 2024"),
    ],
)
def test_dates_are_written_as_the_editor_reads_them(when: Any, text: str) -> None:
    target = Target(from_name="when", to_name="image")
    assert predictions.datetime(target, when)["value"] == {"datetime": text}


@pytest.mark.parametrize(
    ("make", "wrong", "message"),
    [
        (predictions.choices, [], "Nothing is chosen"),
        (predictions.choices, [3], "A choice is no name: 3"),
        (predictions.textarea, [], "takes texts"),
        (predictions.textarea, [None], "takes texts"),
        (predictions.rating, -1, "A rating is -1"),
        (predictions.rating, 2.5, "is no integer"),
        (predictions.taxonomy, [], "has no path"),
        (predictions.taxonomy, ["Animal"], "The names of a path, such as"),
        (predictions.taxonomy, "Animal", "Paths of a taxonomy are a list"),
        (predictions.taxonomy, [[]], "no list of names"),
        (predictions.datetime, 5, "is no date, time or text: 5"),
        (predictions.datetime, "", "is no date, time or text"),
    ],
)
def test_answers_that_are_none_are_refused(make: Any, wrong: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(Target(from_name="q", to_name="image"), wrong)


def test_an_answer_about_a_region_repeats_its_place() -> None:
    hello = predictions.segment(SOUND, (0.5, 2), "A")
    said = predictions.textarea(
        Target(from_name="says", to_name="audio"), "hi", region=hello
    )
    assert said["id"] == hello["id"]
    assert said["original_length"] == 2.0
    assert said["value"] == {"start": 0.5, "end": 2.0, "channel": 0, "text": ["hi"]}
    box = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    side = predictions.choices(IMAGE, "left", region=box)
    assert side["original_width"] == 200
    assert "rectanglelabels" not in side["value"]
    assert side["value"]["width"] == box["value"]["width"]


@pytest.mark.parametrize("labels", [3, [3], [""], "", [None], [b"Car"]])
def test_labels_that_are_no_names_are_refused(labels: Any) -> None:
    with pytest.raises(UsageError, match="not its number"):
        predictions.rectangle(IMAGE, Box(0, 0, 1, 1), labels)


def test_a_region_without_a_shape_needs_a_label() -> None:
    with pytest.raises(UsageError, match="needs a label"):
        predictions.span(TEXT, (0, 3), [])


@pytest.mark.parametrize("score", [-0.01, 1.01, 100])
def test_scores_are_from_0_to_1(score: float) -> None:
    with pytest.raises(UsageError, match="turn logits and percent"):
        predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", score=score)
    with pytest.raises(UsageError, match="score of a prediction"):
        predictions.prediction([], score=score)


def test_an_unknown_word_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="confidence"):
        predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", confidence=1)  # type: ignore[call-arg]


def test_ids_are_of_ten_characters_and_follow_from_the_content() -> None:
    first = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    again = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    other = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Bus")
    assert first["id"] == again["id"] != other["id"]
    assert len(first["id"]) == 10
    given_id = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", region_id="r1")
    assert given_id["id"] == "r1"
    with pytest.raises(UsageError, match="id of a region is empty"):
        predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", region_id="")


def test_a_score_does_not_change_an_id() -> None:
    plain = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    sure = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", score=0.9)
    assert plain["id"] == sure["id"]


def test_results_that_are_the_same_get_an_id_each() -> None:
    box = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    side = predictions.choices(IMAGE, "left", region=box)
    found = predictions.prediction([box, side, box, side, box])["result"]
    ids = [result.get("id") for result in found]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert len({ids[0], ids[2], ids[4]}) == 3
    assert predictions.prediction([box, side, box, side, box])["result"] == found


def test_different_regions_of_one_id_are_refused() -> None:
    one = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", region_id="r")
    other = predictions.rectangle(IMAGE, Box(5, 5, 1, 1), "Car", region_id="r")
    with pytest.raises(UsageError, match="Two results of 'tool' have the id r"):
        predictions.prediction([one, other])


def test_relations_lead_from_region_to_region() -> None:
    one = predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car", region_id="a")
    other = predictions.rectangle(IMAGE, Box(5, 5, 1, 1), "Car", region_id="b")
    made = predictions.relation(one, "b", "on", direction="bi")
    assert made == {
        "type": "relation",
        "from_id": "a",
        "to_id": "b",
        "direction": "bi",
        "labels": ["on"],
    }
    bare = predictions.relation(one, other)
    assert "labels" not in bare
    assert predictions.prediction([one, other, made])["result"][2] == made
    with pytest.raises(UsageError, match="to the region b, which is not there"):
        predictions.prediction([one, made])
    with pytest.raises(UsageError, match="relation to itself"):
        predictions.relation(one, one)


def test_a_prediction_is_what_a_backend_answers() -> None:
    made = predictions.prediction([], score=0, model_version="v1")
    assert made == {"result": [], "score": 0.0, "model_version": "v1"}
    assert predictions.prediction([]) == {"result": []}


def test_a_task_brings_its_predictions_along() -> None:
    made = predictions.prediction([], score=1)
    task = predictions.predicted_task({"image": "s3://b/k"}, made)
    assert task == {"data": {"image": "s3://b/k"}, "predictions": [made]}
    several = predictions.predicted_task({}, [made, made])
    assert len(several["predictions"]) == 2


def test_a_size_may_be_a_pair_as_pillow_has_it() -> None:
    pair: Any = (200, 100)
    target = Target(from_name="tool", to_name="image", size=pair)
    made = predictions.rectangle(target, Box(0, 0, 1, 1), "Car")
    assert made == predictions.rectangle(IMAGE, Box(0, 0, 1, 1), "Car")
    shape: Any = (480, 640, 3)
    target = Target(from_name="a", to_name="b", size=shape)
    with pytest.raises(UsageError, match="Width and height are two"):
        predictions.rectangle(target, Box(0, 0, 1, 1))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.builds(Box, st.text(max_size=2), st.floats(), st.none(), st.floats()),
    st.builds(Polygon, st.lists(st.one_of(st.none(), st.tuples(st.floats())))),
    st.builds(object),
)


@calm
@given(junk=JUNK, labels=st.one_of(st.just("Car"), JUNK))
@pytest.mark.parametrize(
    "make",
    [
        lambda junk, labels: predictions.rectangle(IMAGE, junk, labels),
        lambda junk, labels: predictions.polygon(IMAGE, junk, labels),
        lambda junk, labels: predictions.ellipse(IMAGE, junk, labels),
        lambda junk, labels: predictions.keypoint(IMAGE, junk, labels),
        lambda junk, labels: predictions.span(TEXT, junk, labels),
        lambda junk, labels: predictions.paragraph(TEXT, junk, labels),
        lambda junk, labels: predictions.segment(SOUND, junk, labels),
        lambda junk, labels: predictions.time_range(SOUND, junk, labels),
        lambda junk, _: predictions.choices(IMAGE, junk),
        lambda junk, _: predictions.textarea(IMAGE, junk),
        lambda junk, _: predictions.taxonomy(IMAGE, junk),
        lambda junk, _: predictions.rating(IMAGE, junk),
        lambda junk, _: predictions.number(IMAGE, junk),
        lambda junk, _: predictions.datetime(IMAGE, junk),
        lambda junk, _: predictions.rectangle(IMAGE, Box(0, 0, 1, 1), score=junk),
    ],
)
def test_nonsense_is_a_usage_error_or_plain_json(
    make: Any, junk: Any, labels: Any
) -> None:
    try:
        made = make(junk, labels)
    except UsageError:
        return
    assert json.loads(json.dumps(made, allow_nan=False)) == made
