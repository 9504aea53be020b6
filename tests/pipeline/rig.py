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

from ls_tools import Report, Settings, convert

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
