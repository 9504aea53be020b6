"""Texts, and what is not a picture nor has a time."""

from __future__ import annotations

from services.controls.parts import (
    DESCRIPTION,
    PER_REGION,
    RELATIONS,
    ControlProject,
    Result,
    asked,
    described,
    region,
    relation,
)

_TEXT = "Ada 👩‍👩‍👧 met 查尔斯·巴贝奇 in London.\nIt rained."


def _span(key: str, part: str, *labels: str) -> Result:
    """Offsets in code points, as the page has them of a text."""
    start = _TEXT.index(part)
    # The page writes the end of a line as a backslash and an n.
    shown = part.replace("\n", "\\n")
    value = {"start": start, "end": start + len(part), "text": shown}
    return region(key, "entity", "labels", {**value, "labels": list(labels)})


def text() -> ControlProject:
    """Overlapping spans, emoji, Chinese, and the end of a line."""
    config = f"""<View>
  <Labels name="entity" toName="media">
    <Label value="PER"/><Label value="LOC"/><Label value="EVENT"/>
  </Labels>
  <Text name="media" value="$text"/>{PER_REGION}{DESCRIPTION}
  {RELATIONS}
</View>"""
    spans = [
        _span("ada", "Ada", "PER"),
        _span("charles", "查尔斯·巴贝奇", "PER"),
        _span("london", "London", "LOC"),
        _span("meeting", "Ada 👩‍👩‍👧 met 查尔斯·巴贝奇", "EVENT", "PER"),
        _span("lines", "London.\nIt", "LOC"),
    ]
    results = [*spans, *asked(spans[0]), *described()]
    results.append(relation("ada", "charles", "on"))
    return ControlProject(config=config, data={"text": _TEXT}, results=results)


def hypertext() -> ControlProject:
    """Spans over several elements."""
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


def paragraphs() -> ControlProject:
    """Spans of a dialogue, one over two turns."""
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


def table() -> ControlProject:
    """A table, described."""
    config = f"""<View>
  <Table name="media" value="$row"/>{DESCRIPTION}
</View>"""
    row = {"Card": 18799210, "First name": "Ada", "Empty": None, "Nested": {"k": [1]}}
    return ControlProject(config=config, data={"row": row}, results=described())


def ranker() -> ControlProject:
    """Answers put in order, in buckets."""
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


def pairwise() -> ControlProject:
    """The better of two texts."""
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


def chat() -> ControlProject:
    """A message added to a talk; not in the open editor."""
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


def pdf() -> ControlProject:
    """A box on a page; not in the open editor."""
    config = f"""<View>
  <OcrLabels name="ocr" toName="media"><Label value="Typo"/></OcrLabels>
  <Pdf name="media" value="$pdf"/>{DESCRIPTION}
</View>"""
    box = {"x": 10.5, "y": 20, "width": 30, "height": 4, "rotation": 0}
    value = {**box, "pageIndex": 1, "ocrtext": "teh", "ocrlabels": ["Typo"]}
    results = [region("typo", "ocr", "ocrlabels", value), *described()]
    data = {"pdf": "/data/local-files/?d=controls/paper.pdf"}
    return ControlProject(config=config, data=data, results=results)


def reactcode() -> ControlProject:
    """What a page's own code said; not in the open editor."""
    config = """<View>
  <ReactCode name="custom" toName="custom" data="$text" outputs="mood, note"/>
</View>"""
    value = {"reactcode": {"mood": "calm", "note": "é"}}
    result = {**region("own", "custom", "reactcode", value), "to_name": "custom"}
    return ControlProject(config=config, data={"text": "Hi."}, results=[result])
