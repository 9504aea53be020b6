"""A small project of pictures on this machine, and what becomes of it."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Report, Settings, convert
from ls_tools.cli.formats import describe
from ls_tools.formats import FORMATS, load_format

CONFIG = """\
<View>
  <Image name="img" value="$image"/>
  <Text name="txt" value="$text"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels>
  <Choices name="mood" toName="txt"><Choice value="good"/></Choices>
</View>
"""


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        sealed = kind + body
        return (
            struct.pack(">I", len(body))
            + sealed
            + struct.pack(">I", zlib.crc32(sealed))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def box(region: str = "r", **fields: Any) -> dict[str, Any]:
    """A box as the server writes it."""
    value = {"x": 10, "y": 10, "width": 20, "height": 30, "rotation": 0}
    return {
        "id": region,
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 20,
        "original_height": 10,
        "value": {**value, "rectanglelabels": ["Car"]},
        **fields,
    }


def mood() -> dict[str, Any]:
    """A choice as the server writes it."""
    value = {"choices": ["good"]}
    names = {"from_name": "mood", "to_name": "txt", "type": "choices"}
    return {"id": "m", "value": value, **names}


def task(number: int, *results: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A task with a picture and one annotation."""
    image = f"/data/local-files/?d=p{number}.png"
    found = {"image": image, "text": "hello", **data}
    annotation = {"id": number, "completed_by": 1, "result": list(results)}
    return {"id": number, "data": found, "annotations": [annotation]}


def is_usable(to: str) -> bool:
    """Whether the extra of a format is there."""
    return bool(describe(load_format(to))["available"])


def usable_formats(*, painted: bool = False) -> list[Any]:
    """Every format as a parameter; those whose extra is missing are skipped.

    Args:
        painted: The label config names brushes: formats that hold them need vision.
    """

    def is_skipped(name: str) -> bool:
        holds_masks = painted and "BrushLabels" in load_format(name).controls
        return not is_usable(name) or (holds_masks and not is_usable("masks"))

    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(is_skipped(name), reason="its extra is missing"),
        )
        for name in FORMATS
    ]


def holds_tasks(to: str) -> bool:
    """Whether a task with a picture and a text can be written in this format."""
    objects = load_format(to).objects
    return not objects or not objects.isdisjoint({"Image", "Text"})


def expresses_boxes(to: str) -> bool:
    """Whether a box on a picture can be written in this format."""
    controls = load_format(to).controls
    return not controls or "RectangleLabels" in controls


EVERYTHING = """\
<View>
  <Image name="img" value="$image"/>
  <Text name="txt" value="$text"/>
  <Audio name="snd" value="$sound"/>
  <Video name="vid" value="$film"/>
  <RectangleLabels name="box" toName="img">
    <Label value="Car"/><Label value="Bus"/>
  </RectangleLabels>
  <BrushLabels name="brush" toName="img"><Label value="Sky"/></BrushLabels>
  <Labels name="word" toName="txt"><Label value="Name"/></Labels>
  <Labels name="voice" toName="snd"><Label value="Ann"/></Labels>
  <Choices name="mood" toName="txt"><Choice value="good"/></Choices>
</View>
"""
"""A project that has something for every format."""


def span(start: int, end: int) -> dict[str, Any]:
    """A name in a text."""
    value = {"start": start, "end": end, "text": "hello"[start:end]}
    names = {"id": "w", "from_name": "word", "to_name": "txt", "type": "labels"}
    return {**names, "value": {**value, "labels": ["Name"]}}


def turn(start_s: float, end_s: float) -> dict[str, Any]:
    """Somebody speaks."""
    value = {"start": start_s, "end": end_s, "channel": 0, "labels": ["Ann"]}
    names = {"id": "v", "from_name": "voice", "to_name": "snd", "type": "labels"}
    return {**names, "original_length": 9.0, "value": value}


def painted() -> dict[str, Any]:
    """A rectangle of 6 x 4 px, painted with the brush on 20 x 10."""
    value = {"format": "rle", "rle": PAINT, "brushlabels": ["Sky"]}
    names = {"id": "p", "from_name": "brush", "to_name": "img", "type": "brushlabels"}
    return {**names, "original_width": 20, "original_height": 10, "value": value}


PAINT = [
    *(0, 0, 3, 32, 57, 27, 254, 171, 0, 194, 255, 248, 220, 3, 11),
    *(255, 227, 112, 12, 47, 255, 141, 192, 48, 191, 255, 1, 107, 0, 0),
]


def rich_task(number: int, *results: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A task of ``EVERYTHING``."""
    found = results or (box(), painted(), mood(), span(0, 5), turn(1, 2))
    media = {"sound": f"/data/upload/1/{number}.wav", "film": f"s3://b/{number}.mp4"}
    return task(number, *found, **{**media, **data})


@dataclass(frozen=True)
class Workshop:
    """Converts exports with a document root and a cache of its own."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def settings(self) -> Settings:
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        return Settings(document_root=root, cache_dir=self.folder / "cache")

    def add_picture(self, number: int) -> Path:
        path = self.folder / "root" / f"p{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(20, 10))
        return path

    def convert(
        self, source: Any, to: str, *, config: Any = None, **options: Any
    ) -> Report:
        """Convert tasks, bytes or a path to ``self.out``."""
        if isinstance(source, list):
            source = json.dumps(source).encode()
        given = io.BytesIO(source) if isinstance(source, bytes) else source
        if config is not None and not isinstance(config, Path):
            path = self.folder / "config.xml"
            path.write_text(config, encoding="utf-8")
            config = path
        settings = options.pop("settings", None) or self.settings
        report = convert(
            given, to, self.out, config=config, settings=settings, **options
        )
        report.check()
        return report

    def tree(self) -> dict[str, str]:
        """The digest of every file in the output."""
        return {
            str(path.relative_to(self.out)): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in sorted(self.out.rglob("*"))
            if path.is_file()
        }


class Stages:
    """A Progress that writes down what it is told."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.log: list[tuple[str, int | None]] = []
        self.done: list[int] = []
        self.moved_bytes = 0
        self.deepest = 0

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        del unit
        self.open.append(label)
        self.log.append((label, total))
        self.done.append(0)
        self.deepest = max(self.deepest, len(self.open))

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        assert self.open, "an advance outside of a stage"
        self.done[-1] += count
        self.moved_bytes += size_bytes

    def finish(self) -> None:
        self.open.pop()
