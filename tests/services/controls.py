"""A project for every object tag, with results of every control tag on it.

The values have the form in which the labeling page of Label Studio 1.23.2 sends them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.pictures import clear_png

Result = dict[str, Any]

SIZE = (96, 64)
_FRAME = {
    "original_width": SIZE[0],
    "original_height": SIZE[1],
    "image_rotation": 0,
}
_RLE = (
    "AABgADkb/yvvAIxSPpyX/x/EaVwEjAIxKPpyf/xvvAXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4"
    "C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH"
    "/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXM"
    "AjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEZjHgRpHFDMAA"
)
"""A stroke of the brush, as the page encoded it."""
_DESCRIPTION = """
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
_PER_REGION = """
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
_RELATIONS = '<Relations><Relation value="on"/><Relation value="behind"/></Relations>'


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


def control_projects() -> dict[str, ControlProject]:
    """A project for each object tag, by a name for it."""
    return {
        "image": _image(),
        "images": _images(),
        "text": _text(),
        "hypertext": _hypertext(),
        "paragraphs": _paragraphs(),
        "audio": _audio(),
        "video": _video(),
        "timeseries": _timeseries(),
        "table": _table(),
        "ranker": _ranker(),
        "pairwise": _pairwise(),
        "chat": _chat(),
        "pdf": _pdf(),
        "video_vector": _video_vector(),
        "reactcode": _reactcode(),
    }


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


def _described() -> list[Result]:
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


def _asked(where: Result) -> list[Result]:
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


def _shapes() -> dict[str, Result]:
    """The value of every tool that draws on pictures, without labels."""
    vertices = [
        {"x": 30.25, "y": 8.5, "id": "v1", "isBezier": False},
        {"x": 52.125, "y": 8.5, "id": "v2", "prevPointId": "v1", "isBezier": False},
        {
            "x": 51.75,
            "y": 23.375,
            "id": "v3",
            "prevPointId": "v2",
            "isBezier": True,
            "controlPoint1": {"x": 50, "y": 12.5},
            "controlPoint2": {"x": 54, "y": 30.5},
        },
    ]
    mask = clear_png(*SIZE, {(50, 30, 70, 45): 255, (70, 30, 71, 45): 127})
    url = f"data:image/png;base64,{base64.b64encode(mask).decode()}"
    return {
        "rectangle": {"x": 8.5, "y": 12.5, "width": 16.75, "height": 18, "rotation": 0},
        "polygon": {
            "points": [[10.5, 62.5], [18.75, 62.5], [18.75, 93.125], [12.25, 80]],
            "closed": True,
        },
        "ellipse": {"x": 78, "y": 25, "radiusX": 9.5, "radiusY": 7.25, "rotation": 30},
        "keypoint": {"x": 60.0625, "y": 21.609375, "width": 0.25},
        "brush": {"format": "rle", "rle": list(base64.b64decode(_RLE))},
        "bitmask": {"imageDataURL": url},
        "vector": {"vertices": vertices, "closed": False},
    }


_TAGS = {
    "rectangle": "Rectangle",
    "polygon": "Polygon",
    "ellipse": "Ellipse",
    "keypoint": "KeyPoint",
    "brush": "Brush",
    "bitmask": "Bitmask",
    "vector": "Vector",
}


def _image() -> ControlProject:
    """Tools with labels of their own, and tools that take those of ``Labels``."""
    labelled = "".join(
        f"""
  <{tag}Labels name="{name}" toName="media">
    <Label value="{tag} one" background="#d22"/><Label value="{tag}, two"/>
  </{tag}Labels>"""
        for name, tag in _TAGS.items()
    )
    plain = "".join(
        f"""
  <{tag} name="plain-{name}" toName="media"/>"""
        for name, tag in {**_TAGS, "magicwand": "MagicWand"}.items()
    )
    config = f"""<View>{labelled}
  <Labels name="label" toName="media">
    <Label value="Car"/><Label value="Person, adult"/>
  </Labels>
  <Image name="media" value="$image"/>{plain}{_PER_REGION}{_DESCRIPTION}
  {_RELATIONS}
</View>"""
    shapes = [*_labelled_shapes(), _turned_box()]
    relations = [
        relation("rectangle", "ellipse", "on", "behind"),
        relation("brush", "keypoint", direction="bi"),
    ]
    results = [*shapes, *_asked(shapes[0]), *_plain_shapes(), *_described()]
    data = {"image": "/data/local-files/?d=controls/picture.png"}
    return ControlProject(config=config, data=data, results=[*results, *relations])


def _labelled_shapes() -> list[Result]:
    return [
        region(
            name,
            name,
            f"{name}labels",
            {**value, f"{name}labels": [f"{_TAGS[name]} one"]},
            **_FRAME,
        )
        for name, value in _shapes().items()
    ]


def _turned_box() -> Result:
    box = {"x": 60, "y": 60, "width": 20, "height": 10, "rotation": 345}
    value = {**box, "rectanglelabels": ["Rectangle one", "Rectangle, two"]}
    return region("turned", "rectangle", "rectanglelabels", value, **_FRAME)


def _plain_shapes() -> list[Result]:
    """A shape and its label are two results of one id; a shape may have none."""
    shapes = _shapes()
    shapes["magicwand"] = shapes["brush"]
    results = []
    for name, value in shapes.items():
        key = f"plain-{name}"
        labels = {**value, "labels": ["Car"]}
        results.append(region(key, key, name, value, **_FRAME))
        results.append(region(key, "label", "labels", labels, **_FRAME))
    bare = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
    bare_box = region("bare", "plain-rectangle", "rectangle", bare, **_FRAME)
    return [*results, bare_box]


def _images() -> ControlProject:
    config = """<View>
  <RectangleLabels name="rectangle" toName="media">
    <Label value="Car"/>
  </RectangleLabels>
  <BrushLabels name="brush" toName="media"><Label value="Sky"/></BrushLabels>
  <Image name="media" valueList="$images"/>
  <Choices name="page" toName="media" perItem="true">
    <Choice value="front"/><Choice value="back"/>
  </Choices>
  <Choices name="set" toName="media"><Choice value="good"/></Choices>
</View>"""
    box, stroke = _shapes()["rectangle"], _shapes()["brush"]
    results = [
        region(
            f"box{index}",
            "rectangle",
            "rectanglelabels",
            {**box, "rectanglelabels": ["Car"]},
            **_FRAME,
            item_index=index,
        )
        for index in (0, 2)
    ]
    results.append(
        region(
            "stroke",
            "brush",
            "brushlabels",
            {**stroke, "brushlabels": ["Sky"]},
            **_FRAME,
            item_index=1,
        )
    )
    results.append(
        region("page", "page", "choices", {"choices": ["back"]}, item_index=1)
    )
    results.append(region("set", "set", "choices", {"choices": ["good"]}))
    names = ("picture.png", "second%20picture.png", "%C3%A9%233.png")
    places = [f"/data/local-files/?d=controls/{name}" for name in names]
    return ControlProject(config=config, data={"images": places}, results=results)


_TEXT = "Ada 👩‍👩‍👧 met 查尔斯·巴贝奇 in London.\nIt rained."


def _span(key: str, part: str, *labels: str) -> Result:
    """Offsets in code points, as the page has them of a text."""
    start = _TEXT.index(part)
    value = {"start": start, "end": start + len(part), "text": part}
    return region(key, "entity", "labels", {**value, "labels": list(labels)})


def _text() -> ControlProject:
    config = f"""<View>
  <Labels name="entity" toName="media">
    <Label value="PER"/><Label value="LOC"/><Label value="EVENT"/>
  </Labels>
  <Text name="media" value="$text"/>{_PER_REGION}{_DESCRIPTION}
  {_RELATIONS}
</View>"""
    spans = [
        _span("ada", "Ada", "PER"),
        _span("charles", "查尔斯·巴贝奇", "PER"),
        _span("london", "London", "LOC"),
        _span("meeting", "Ada 👩‍👩‍👧 met 查尔斯·巴贝奇", "EVENT", "PER"),
        _span("lines", "London.\nIt", "LOC"),
    ]
    results = [*spans, *_asked(spans[0]), *_described()]
    results.append(relation("ada", "charles", "on"))
    return ControlProject(config=config, data={"text": _TEXT}, results=results)


def _hypertext() -> ControlProject:
    config = """<View>
  <HyperTextLabels name="entity" toName="media">
    <Label value="PER"/><Label value="LOC"/>
  </HyperTextLabels>
  <HyperText name="media" value="$html"/>
  <TextArea name="says" toName="media" perRegion="true"/>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
</View>"""
    html = "<div><p>Ada <b>Love</b>lace</p><p>in London 👋 &amp; Paris</p></div>"
    name = {
        "start": "/div[1]/p[1]/text()[1]",
        "end": "/div[1]/p[1]/text()[2]",
        "startOffset": 0,
        "endOffset": 4,
        "text": "Ada Lovelace",
        "globalOffsets": {"start": 0, "end": 12},
    }
    place = {
        "start": "/div[1]/p[2]/text()[1]",
        "end": "/div[1]/p[2]/text()[1]",
        "startOffset": 15,
        "endOffset": 20,
        "text": "Paris",
        "globalOffsets": {"start": 26, "end": 31},
    }
    ada = region(
        "ada", "entity", "hypertextlabels", {**name, "hypertextlabels": ["PER"]}
    )
    results = [
        ada,
        region(
            "paris", "entity", "hypertextlabels", {**place, "hypertextlabels": ["LOC"]}
        ),
        {
            **ada,
            "from_name": "says",
            "type": "textarea",
            "value": {**name, "text": ["x"]},
        },
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"html": html}, results=results)


def _paragraphs() -> ControlProject:
    config = """<View>
  <ParagraphLabels name="entity" toName="media">
    <Label value="Hello"/><Label value="Question"/>
  </ParagraphLabels>
  <Paragraphs name="media" value="$talk" layout="dialogue"
    nameKey="who" textKey="said"/>
  <Choices name="mood" toName="media" perRegion="true"><Choice value="calm"/></Choices>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
</View>"""
    talk = [
        {"who": "Ada", "said": "Good morning 👋 Charles!"},
        {"who": "Charles", "said": "Morning. How\nare you?"},
        {"who": "Ada", "said": ""},
    ]
    hello = {
        "start": "0",
        "end": "0",
        "startOffset": 0,
        "endOffset": 12,
        "text": "Good morning",
    }
    question = {
        "start": "0",
        "end": "1",
        "startOffset": 16,
        "endOffset": 21,
        "text": "Charles!Morning. How are you?",
    }
    first = region(
        "hello", "entity", "paragraphlabels", {**hello, "paragraphlabels": ["Hello"]}
    )
    results = [
        first,
        region(
            "ask",
            "entity",
            "paragraphlabels",
            {**question, "paragraphlabels": ["Question"]},
        ),
        {
            **first,
            "from_name": "mood",
            "type": "choices",
            "value": {**hello, "choices": ["calm"]},
        },
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"talk": talk}, results=results)


def _audio() -> ControlProject:
    config = f"""<View>
  <Labels name="speaker" toName="media"><Label value="A"/><Label value="B"/></Labels>
  <Audio name="media" value="$audio"/>{_PER_REGION}{_DESCRIPTION}
  {_RELATIONS}
</View>"""

    def segment(key: str, start_s: float, end_s: float, *labels: str) -> Result:
        where = {"start": start_s, "end": end_s, "channel": 0}
        value = {**where, "labels": list(labels)}
        return region(key, "speaker", "labels", value, original_length=2.0)

    segments = [
        segment("a", 0.1, 0.75, "A"),
        segment("b", 0.5, 1.5, "B"),
        segment("both", 1.6, 1.9, "A", "B"),
    ]
    results = [*segments, *_asked(segments[0]), *_described(), relation("a", "b")]
    data = {"audio": "/data/local-files/?d=controls/sound.wav"}
    return ControlProject(config=config, data=data, results=results)


def _video() -> ControlProject:
    config = """<View>
  <Labels name="what" toName="media"><Label value="Man"/><Label value="Dog"/></Labels>
  <TimelineLabels name="when" toName="media"><Label value="rain"/></TimelineLabels>
  <Video name="media" value="$video" framerate="10"/>
  <VideoRectangle name="box" toName="media"/>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
  <TextArea name="says" toName="media" perRegion="true"/>
</View>"""

    def key_frame(frame: int, x: float, *, enabled: bool) -> Result:
        box = {"x": x, "y": 20, "width": 12.5, "height": 25, "rotation": 0}
        return {"frame": frame, "enabled": enabled, "time": frame / 10, **box}

    track = {
        "framesCount": 20,
        "duration": 2,
        "sequence": [
            key_frame(1, 10, enabled=True),
            key_frame(6, 30.5, enabled=False),
            key_frame(10, 40, enabled=True),
            key_frame(15, 60, enabled=True),
        ],
    }
    labelled = region("track", "box", "videorectangle", {**track, "labels": ["Man"]})
    rain = {"ranges": [{"start": 3, "end": 9}], "timelinelabels": ["rain"]}
    results = [
        labelled,
        {
            **labelled,
            "from_name": "says",
            "type": "textarea",
            "value": {**track, "text": ["he"]},
        },
        region("bare", "box", "videorectangle", track),
        region("rain", "when", "timelinelabels", rain),
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    data = {"video": "/data/local-files/?d=controls/clip.webm"}
    return ControlProject(config=config, data=data, results=results)


def _timeseries() -> ControlProject:
    config = """<View>
  <TimeSeriesLabels name="what" toName="media">
    <Label value="Run"/><Label value="Step"/>
  </TimeSeriesLabels>
  <TimeSeries name="media" value="$series" valueType="json" timeColumn="time">
    <Channel column="speed"/>
  </TimeSeries>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
  <TextArea name="says" toName="media" perRegion="true"/>
</View>"""
    series = {"time": list(range(20)), "speed": [n * n % 7 for n in range(20)]}
    run = {"start": 3, "end": 9, "instant": False}
    step = {"start": 12, "end": 12, "instant": True}
    first = region(
        "run", "what", "timeserieslabels", {**run, "timeserieslabels": ["Run"]}
    )
    results = [
        first,
        region(
            "step", "what", "timeserieslabels", {**step, "timeserieslabels": ["Step"]}
        ),
        {
            **first,
            "from_name": "says",
            "type": "textarea",
            "value": {**run, "text": ["fast"]},
        },
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"series": series}, results=results)


def _table() -> ControlProject:
    config = f"""<View>
  <Table name="media" value="$row"/>{_DESCRIPTION}
</View>"""
    row = {"Card": 18799210, "First name": "Ada", "Empty": None, "Nested": {"k": [1]}}
    return ControlProject(config=config, data={"row": row}, results=_described())


def _ranker() -> ControlProject:
    config = """<View>
  <List name="media" value="$items" title="Answers"/>
  <Ranker name="order" toName="media">
    <Bucket name="good" title="Good"/><Bucket name="bad" title="Bad"/>
  </Ranker>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
</View>"""
    items = [
        {"id": name, "title": name.upper(), "body": f"{name} é"} for name in "abcd"
    ]
    order = {"good": ["b", "a"], "bad": ["d"], "_": ["c"]}
    results = [
        region("order", "order", "ranker", {"ranker": order}),
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"items": items}, results=results)


def _pairwise() -> ControlProject:
    config = """<View>
  <Pairwise name="better" toName="media,other"/>
  <Text name="media" value="$first"/>
  <Text name="other" value="$second"/>
  <Choices name="why" toName="media"><Choice value="shorter"/></Choices>
</View>"""
    results = [
        region("better", "better", "pairwise", {"selected": "left"}),
        region("why", "why", "choices", {"choices": ["shorter"]}),
    ]
    data = {"first": "One.", "second": "Another, longer."}
    return ControlProject(config=config, data=data, results=results)


def _chat() -> ControlProject:
    config = """<View>
  <Chat name="media" value="$chat"/>
  <Rating name="worth" toName="media" perRegion="true"/>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
</View>"""
    chat = [{"role": "user", "content": "Hello 👋"}]
    said = {"role": "assistant", "content": "Hi.", "createdAt": 1767323045000}
    message = region("said", "media", "chatmessage", {"chatmessage": said})
    results = [
        message,
        {**message, "from_name": "worth", "type": "rating", "value": {"rating": 4}},
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"chat": chat}, results=results)


def _pdf() -> ControlProject:
    config = f"""<View>
  <OcrLabels name="ocr" toName="media"><Label value="Typo"/></OcrLabels>
  <Pdf name="media" value="$pdf"/>{_DESCRIPTION}
</View>"""
    box = {"x": 10.5, "y": 20, "width": 30, "height": 4, "rotation": 0}
    value = {**box, "pageIndex": 1, "ocrtext": "teh", "ocrlabels": ["Typo"]}
    results = [region("typo", "ocr", "ocrlabels", value), *_described()]
    data = {"pdf": "/data/local-files/?d=controls/paper.pdf"}
    return ControlProject(config=config, data=data, results=results)


def _video_vector() -> ControlProject:
    config = """<View>
  <VideoVectorLabels name="what" toName="media">
    <Label value="Road"/>
  </VideoVectorLabels>
  <Video name="media" value="$video" framerate="10"/>
</View>"""
    ends = [
        {"x": 10, "y": 20, "id": "a"},
        {"x": 30, "y": 40, "id": "b", "prevPointId": "a"},
    ]
    moments = [
        {"frame": frame, "enabled": True, "closed": False, "vertices": ends}
        for frame in (1, 10)
    ]
    value = {"framesCount": 20, "duration": 2, "sequence": moments, "labels": ["Road"]}
    data = {"video": "/data/local-files/?d=controls/clip.webm"}
    results = [region("road", "what", "videovectorlabels", value)]
    return ControlProject(config=config, data=data, results=results)


def _reactcode() -> ControlProject:
    config = """<View>
  <ReactCode name="custom" toName="custom" data="$text" outputs="mood, note"/>
</View>"""
    value = {"reactcode": {"mood": "calm", "note": "é"}}
    result = {**region("own", "custom", "reactcode", value), "to_name": "custom"}
    return ControlProject(config=config, data={"text": "Hi."}, results=[result])
