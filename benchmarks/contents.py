"""What the tasks of each kind hold: their data and the results of an annotator."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLASSES = (
    "Airplane",
    "Bicycle",
    "Bus",
    "Car",
    "Cat",
    "Dog",
    "Motorcycle",
    "Person",
    "Traffic light",
    "Truck",
)
ENTITIES = ("LOC", "MISC", "ORG", "PER")
TOPICS = ("negative", "neutral", "positive")
SPEAKERS = ("Agent", "Caller", "Noise")
IMAGE_SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 720), (1920, 1080))
BRUSH_SIZE = (512, 384)
BRUSHES = 12
AUDIO_S = 120.0
SYLLABLES = ("ba", "dor", "el", "fin", "ga", "hu", "is", "ka", "lo", "mer", "ni", "ou")
WORDS_PER_TEXT = 200
ENTITY_SHARE = 0.05

Content = tuple[dict[str, Any], list[dict[str, Any]]]


CONTROLS = {
    "rect": ("img", "rectanglelabels"),
    "poly": ("img", "polygonlabels"),
    "brush": ("img", "brushlabels"),
    "ner": ("text", "labels"),
    "topic": ("text", "choices"),
    "speaker": ("audio", "labels"),
    "transcript": ("audio", "textarea"),
}
"""By name: the object that it belongs to, and the type of its results."""


def make_result(
    rng: random.Random, control: str, value: dict[str, Any], **about: Any
) -> dict[str, Any]:
    """One result as the server writes it.

    Args:
        rng: Source of its id.
        control: Its name in the label config.
        value: What was drawn or chosen.
        **about: The object, as the page writes it beside each value.
    """
    name, kind = CONTROLS[control]
    return {
        "id": f"{rng.getrandbits(40):010x}",
        "from_name": control,
        "to_name": name,
        "type": kind,
        "origin": "manual",
        **about,
        "value": value,
    }


def sized(size: tuple[int, int]) -> dict[str, int]:
    """What stands beside each value drawn on a picture of this size."""
    width, height = size
    return {"original_width": width, "original_height": height, "image_rotation": 0}


def make_picture(rng: random.Random, number: int) -> dict[str, Any]:
    """The data of a task with an uploaded picture."""
    return {"image": f"/data/upload/1/{rng.getrandbits(32):08x}-im{number}.jpg"}


def make_boxes(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A picture with 1 to 14 boxes."""
    size = rng.choice(IMAGE_SIZES)
    data = make_picture(rng, number)
    results = []
    for _ in range(rng.randint(1, 14)):
        x, y = rng.uniform(0, 80), rng.uniform(0, 80)
        value = {
            "x": x,
            "y": y,
            "width": rng.uniform(0.5, 100 - x),
            "height": rng.uniform(0.5, 100 - y),
            "rotation": 0,
            "rectanglelabels": [rng.choice(labels)],
        }
        results.append(make_result(rng, "rect", value, **sized(size)))
    return data, results


def make_polygons(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A picture with 1 to 8 outlines of 3 to 40 points."""
    size = rng.choice(IMAGE_SIZES)
    data = make_picture(rng, number)
    results = []
    for _ in range(rng.randint(1, 8)):
        value = {
            "points": make_outline(rng),
            "closed": True,
            "polygonlabels": [rng.choice(labels)],
        }
        results.append(make_result(rng, "poly", value, **sized(size)))
    return data, results


def make_outline(rng: random.Random) -> list[list[float]]:
    """Points around a middle, in percent; no two edges cross."""
    x, y, radius = rng.uniform(25, 75), rng.uniform(25, 75), rng.uniform(2, 25)
    count = rng.randint(3, 40)
    points = []
    for place in range(count):
        turn = 2 * math.pi * place / count
        away = radius * rng.uniform(0.6, 1)
        points.append([x + away * math.cos(turn), y + away * math.sin(turn)])
    return points


def make_brushes(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A picture with 1 to 3 brush strokes, every sixth of them in colour."""
    data = make_picture(rng, number)
    results = []
    for _ in range(rng.randint(1, 3)):
        code = brush_codes()[rng.randrange(BRUSHES)]
        value = {"format": "rle", "rle": code, "brushlabels": [rng.choice(labels)]}
        results.append(make_result(rng, "brush", value, **sized(BRUSH_SIZE)))
    return data, results


@functools.cache
def brush_codes() -> list[list[int]]:
    """Codes of wandering strokes; few, since each takes long to draw."""
    import strokes

    from ls_tools.rle import encode_brush

    codes = []
    for seed in range(BRUSHES):
        alpha = strokes.paint_strokes(*BRUSH_SIZE, seed, 6)
        if seed % 6 == 0:
            values = strokes.in_colour(alpha).ravel().tolist()
            codes.append(strokes.encode_values(values, chunks=True))
        else:
            codes.append(encode_brush(alpha))
    return codes


@functools.cache
def make_vocabulary() -> list[str]:
    """Words of one to four syllables, with some capitals and full stops."""
    rng = random.Random(0)
    words = []
    for place in range(5000):
        word = "".join(rng.choices(SYLLABLES, k=rng.randint(1, 4)))
        word = word.capitalize() if place % 7 == 0 else word
        words.append(word + "." if place % 15 == 0 else word)
    return words


def make_spans(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A text with about ten entities that do not overlap."""
    del number
    words = rng.choices(make_vocabulary(), k=WORDS_PER_TEXT)
    results, start, place = [], 0, 0
    while place < len(words):
        length = rng.randint(1, 3) if rng.random() < ENTITY_SHARE else 0
        text = " ".join(words[place : place + max(1, length)])
        if length:
            found = text.rstrip(".")
            value = {
                "start": start,
                "end": start + len(found),
                "text": found,
                "labels": [rng.choice(labels)],
            }
            results.append(make_result(rng, "ner", value))
        start += len(text) + 1
        place += max(1, length)
    return {"text": " ".join(words)}, results


def make_choice(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A short text with one topic."""
    del number
    value = {"choices": [rng.choice(labels)]}
    result = make_result(rng, "topic", value)
    return {"text": " ".join(rng.choices(make_vocabulary(), k=20))}, [result]


def make_segments(rng: random.Random, number: int, labels: Sequence[str]) -> Content:
    """A recording with 1 to 12 turns to speak, each with what was said."""
    file = f"/data/upload/1/{rng.getrandbits(32):08x}-call{number}.wav"
    results: list[dict[str, Any]] = []
    at = 0.0
    for _ in range(rng.randint(1, 12)):
        start = at + rng.uniform(0, 2)
        at = start + rng.uniform(0.5, 8)
        place = {"start": start, "end": at, "channel": 0}
        value = {**place, "labels": [rng.choice(labels)]}
        said = make_result(rng, "speaker", value, original_length=AUDIO_S)
        text = " ".join(rng.choices(make_vocabulary(), k=rng.randint(2, 20)))
        value = {**place, "text": [text]}
        wrote = make_result(rng, "transcript", value, original_length=AUDIO_S)
        results += [said, wrote | {"id": said["id"]}]
    return {"audio": file}, results


KINDS: dict[
    str,
    tuple[Callable[[random.Random, int, Sequence[str]], Content], tuple[str, ...]],
] = {
    "detection": (make_boxes, CLASSES),
    "segmentation": (make_polygons, CLASSES),
    "brush": (make_brushes, CLASSES),
    "ner": (make_spans, ENTITIES),
    "classification": (make_choice, TOPICS),
    "audio": (make_segments, SPEAKERS),
}

_CONFIGS = {
    "detection": '<Image name="img" value="$image"/>'
    '<RectangleLabels name="rect" toName="img">{labels}</RectangleLabels>',
    "segmentation": '<Image name="img" value="$image"/>'
    '<PolygonLabels name="poly" toName="img">{labels}</PolygonLabels>',
    "brush": '<Image name="img" value="$image"/>'
    '<BrushLabels name="brush" toName="img">{labels}</BrushLabels>',
    "ner": '<Text name="text" value="$text"/>'
    '<Labels name="ner" toName="text">{labels}</Labels>',
    "classification": '<Text name="text" value="$text"/>'
    '<Choices name="topic" toName="text">{choices}</Choices>',
    "audio": '<Audio name="audio" value="$audio"/>'
    '<Labels name="speaker" toName="audio">{labels}</Labels>'
    '<TextArea name="transcript" toName="audio" perRegion="true"/>',
}


def labels_of(kind: str, classes: int | None = None) -> tuple[str, ...]:
    """The labels of a kind: its own, or as many as asked for."""
    own = KINDS[kind][1]
    if classes is None:
        return own
    return (*own, *(f"Class {place}" for place in range(len(own), classes)))[:classes]


def label_config(kind: str, classes: int | None = None) -> str:
    """The label config of a kind, as XML."""
    labels = labels_of(kind, classes)
    body = _CONFIGS[kind].format(
        labels="".join(f'<Label value="{label}"/>' for label in labels),
        choices="".join(f'<Choice value="{label}"/>' for label in labels),
    )
    return f"<View>{body}</View>"
