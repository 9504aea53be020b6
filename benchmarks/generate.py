"""Write an export of any size, as Label Studio's server writes them.

Seeded: the same arguments give the same bytes. Streams, so that memory does not
grow with the number of tasks.

    python benchmarks/generate.py detection --tasks 50000 --out detection.json
    python benchmarks/generate.py ner --tasks 50000 --lines --out ner.jsonl

50,000 detection tasks are about 180 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
IMAGE_SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 720), (1920, 1080))
SYLLABLES = ("ba", "dor", "el", "fin", "ga", "hu", "is", "ka", "lo", "mer", "ni", "ou")
WORDS_PER_TEXT = 200
ENTITY_SHARE = 0.05
_BEGINNING = datetime(2026, 11, 22, 4, 50, 33, tzinfo=timezone.utc)

LABEL_CONFIGS = {
    "detection": (
        '<View><Image name="img" value="$image"/>'
        '<RectangleLabels name="rect" toName="img">'
        + "".join(f'<Label value="{name}"/>' for name in CLASSES)
        + "</RectangleLabels></View>"
    ),
    "ner": (
        '<View><Text name="text" value="$text"/><Labels name="ner" toName="text">'
        + "".join(f'<Label value="{name}"/>' for name in ENTITIES)
        + "</Labels></View>"
    ),
    "classification": (
        '<View><Text name="text" value="$text"/><Choices name="topic" toName="text">'
        + "".join(f'<Choice value="{name}"/>' for name in TOPICS)
        + "</Choices></View>"
    ),
}

Content = tuple[dict[str, Any], list[dict[str, Any]]]


def make_boxes(rng: random.Random, number: int) -> Content:
    """Data and results of a picture with 1 to 14 boxes."""
    width, height = rng.choice(IMAGE_SIZES)
    file = f"/data/upload/1/{rng.getrandbits(32):08x}-im{number}.jpg"
    results = [make_box(rng, width, height) for _ in range(rng.randint(1, 14))]
    return {"image": file}, results


def make_box(rng: random.Random, width: int, height: int) -> dict[str, Any]:
    """One box inside of the picture, in percent."""
    x, y = rng.uniform(0, 80), rng.uniform(0, 80)
    value = {
        "x": x,
        "y": y,
        "width": rng.uniform(0.5, 100 - x),
        "height": rng.uniform(0.5, 100 - y),
        "rotation": 0,
        "rectanglelabels": [rng.choice(CLASSES)],
    }
    return {
        "id": f"{rng.getrandbits(40):010x}",
        "from_name": "rect",
        "to_name": "img",
        "type": "rectanglelabels",
        "origin": "manual",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value,
    }


def make_vocabulary() -> list[str]:
    """Words of one to four syllables, with some capitals and full stops."""
    rng = random.Random(0)
    words = []
    for place in range(5000):
        word = "".join(rng.choices(SYLLABLES, k=rng.randint(1, 4)))
        word = word.capitalize() if place % 7 == 0 else word
        words.append(word + "." if place % 15 == 0 else word)
    return words


VOCABULARY = make_vocabulary()


def make_spans(rng: random.Random, number: int) -> Content:
    """Data and results of a text with about ten entities that do not overlap."""
    del number
    words = rng.choices(VOCABULARY, k=WORDS_PER_TEXT)
    results, start, place = [], 0, 0
    while place < len(words):
        length = rng.randint(1, 3) if rng.random() < ENTITY_SHARE else 0
        text = " ".join(words[place : place + max(1, length)])
        if length:
            results.append(make_span(rng, start, text.rstrip(".")))
        start += len(text) + 1
        place += max(1, length)
    return {"text": " ".join(words)}, results


def make_span(rng: random.Random, start: int, text: str) -> dict[str, Any]:
    """One entity."""
    value = {
        "start": start,
        "end": start + len(text),
        "text": text,
        "labels": [rng.choice(ENTITIES)],
    }
    return {
        "id": f"{rng.getrandbits(40):010x}",
        "from_name": "ner",
        "to_name": "text",
        "type": "labels",
        "origin": "manual",
        "value": value,
    }


def make_choice(rng: random.Random, number: int) -> Content:
    """Data and results of a short text with one topic."""
    del number
    result = {
        "id": f"{rng.getrandbits(40):010x}",
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
        "value": {"choices": [rng.choice(TOPICS)]},
    }
    return {"text": " ".join(rng.choices(VOCABULARY, k=20))}, [result]


KINDS: dict[str, Callable[[random.Random, int], Content]] = {
    "detection": make_boxes,
    "ner": make_spans,
    "classification": make_choice,
}


def make_task(kind: str, rng: random.Random, number: int) -> dict[str, Any]:
    """One task with one annotation and every field that the server writes."""
    data, results = KINDS[kind](rng, number)
    moment = _BEGINNING + timedelta(seconds=number)
    created, updated = (
        (moment + timedelta(microseconds=rng.randrange(10**6))).isoformat()[:-6] + "Z"
        for _ in range(2)
    )
    annotation = {
        "id": number,
        "completed_by": {
            "id": 1,
            "email": "admin@example.com",
            "first_name": "",
            "last_name": "",
        },
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": created,
        "updated_at": updated,
        "draft_created_at": None,
        "lead_time": round(rng.uniform(1, 60), 3),
        "prediction": {},
        "result_count": len(results),
        "unique_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "import_id": None,
        "last_action": None,
        "bulk_created": False,
        "task": number,
        "project": 1,
        "updated_by": 1,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    }
    return {
        "id": number,
        "annotations": [annotation],
        "file_upload": Path(data.get("image", "texts.json")).name,
        "drafts": [],
        "predictions": [],
        "data": data,
        "meta": {},
        "created_at": created,
        "updated_at": updated,
        "allow_skip": True,
        "inner_id": number,
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "total_predictions": 0,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": 1,
        "updated_by": 1,
        "comment_authors": [],
    }


def generate_texts(kind: str, tasks: int, seed: int) -> Iterator[str]:
    """The JSON of each task, as a snapshot has it."""
    rng = random.Random(seed)
    for number in range(1, tasks + 1):
        yield json.dumps(make_task(kind, rng, number), ensure_ascii=False)


def write_export(
    file: TextIO, kind: str, tasks: int, *, seed: int = 1, lines: bool = False
) -> None:
    """Write a whole export.

    Args:
        file: Where to.
        kind: ``detection``, ``ner`` or ``classification``.
        tasks: Number of tasks.
        seed: The same seed gives the same bytes.
        lines: One task a line instead of a list.
    """
    before, between, after = ("", "\n", "\n") if lines else ("[", ", ", "]")
    file.write(before)
    texts = generate_texts(kind, tasks, seed)
    file.writelines(f"{between}{x}" if place else x for place, x in enumerate(texts))
    file.write(after)


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", action="store_true", help="one task a line")
    parser.add_argument("--out", default="-", help="a file, or - for stdout")
    parser.add_argument("--config", help="write the label config to this file")
    args = parser.parse_args()
    if args.config:
        Path(args.config).write_text(LABEL_CONFIGS[args.kind], encoding="utf-8")
    if args.out == "-":
        write_export(
            sys.stdout, args.kind, args.tasks, seed=args.seed, lines=args.lines
        )
        return
    with Path(args.out).open("w", encoding="utf-8") as file:
        write_export(file, args.kind, args.tasks, seed=args.seed, lines=args.lines)


if __name__ == "__main__":
    main()
