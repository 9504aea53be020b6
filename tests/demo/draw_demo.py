"""Draw the demo's pictures, sound and texts, with labels true by construction.

Run it from the repository root: ``python tests/demo/draw_demo.py``. It writes
``ls_tools/demo/data``; the result is committed, so that the demo runs offline.
"""

from __future__ import annotations

import json
import math
import random
import struct
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

DATA = Path("ls_tools/demo/data")
WIDTH, HEIGHT, SCALE = 360, 240, 4
SKIES = {
    "sunny": ((96, 170, 226), (214, 236, 246)),
    "cloudy": ((150, 164, 178), (222, 226, 228)),
    "dusk": ((58, 50, 98), (244, 160, 108)),
}
ANNOTATORS = {1: "ada@example.com", 2: "ben@example.com"}


@dataclass
class Scene:
    """A picture in the making and what has been drawn on it."""

    weather: str
    random: random.Random
    regions: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Paint the sky."""
        size = (WIDTH * SCALE, HEIGHT * SCALE)
        top, bottom = SKIES[self.weather]
        gradient = Image.new("RGB", (1, HEIGHT))
        for y in range(HEIGHT):
            share = y / HEIGHT
            mix = zip(top, bottom, strict=True)
            color = tuple(round(a + (b - a) * share) for a, b in mix)
            gradient.putpixel((0, y), color)
        self.image = gradient.resize(size, Image.Resampling.BICUBIC)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[tuple[float, float]], color: str) -> None:
        """Fill a polygon; pixels of the final picture."""
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=color)

    def ellipse(self, x: float, y: float, rx: float, ry: float, color: str) -> None:
        """Fill an ellipse around a centre."""
        box = [(x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE]
        self.draw.ellipse(box, fill=color)

    def box(self, x: float, y: float, w: float, h: float, color: str) -> None:
        """Fill an upright box."""
        self.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], color)

    def label(self, control: str, label: str, **value: Any) -> None:
        """Note what was drawn; values in pixels become percent."""
        scaled = {key: _percent(key, number) for key, number in value.items()}
        kind = {"shape": "rectanglelabels", "area": "polygonlabels"}
        result_type = kind.get(control, "ellipselabels")
        self.regions.append(
            {
                "id": f"{label[:2].lower()}{len(self.regions):02d}",
                "from_name": control,
                "to_name": "picture",
                "type": result_type,
                "origin": "manual",
                "original_width": WIDTH,
                "original_height": HEIGHT,
                "image_rotation": 0,
                "value": {**scaled, result_type: [label]},
            }
        )

    def save(self, path: Path) -> None:
        """Write the picture at its final size."""
        small = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        small.save(path, quality=86, optimize=True)


def _percent(key: str, number: Any) -> Any:
    if key == "points":
        return [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in number]
    if key in {"x", "width", "radiusX"}:
        return 100 * number / WIDTH
    if key in {"y", "height", "radiusY"}:
        return 100 * number / HEIGHT
    return number


def sun(scene: Scene) -> None:
    """A sun with a glow."""
    x, y, r = scene.random.uniform(50, 310), scene.random.uniform(30, 56), 17
    glow = Image.new("L", scene.image.size, 0)
    box = [(x - 34) * SCALE, (y - 34) * SCALE, (x + 34) * SCALE, (y + 34) * SCALE]
    ImageDraw.Draw(glow).ellipse(box, fill=120)
    glow = glow.filter(ImageFilter.GaussianBlur(12 * SCALE))
    scene.image.paste("#fff2c4", mask=glow)
    scene.ellipse(x, y, r, r, "#ffe27a")
    scene.label("round", "Sun", x=x, y=y, radiusX=r, radiusY=r, rotation=0)


def clouds(scene: Scene) -> None:
    """A few clouds, which nobody labels."""
    for _ in range(3):
        x, y = scene.random.uniform(20, 340), scene.random.uniform(18, 70)
        for dx, dy, r in ((-16, 3, 11), (0, -2, 15), (17, 3, 10), (4, 6, 14)):
            scene.ellipse(x + dx, y + dy, r * 1.3, r * 0.75, "#f4f6f7")


def hills(scene: Scene) -> None:
    """Hills behind everything."""
    for base, color in ((148, "#7f9b86"), (162, "#688a6c")):
        phase = scene.random.uniform(0, 6)
        ridge = [
            (x, base + 11 * math.sin(x / 47 + phase) + 6 * math.sin(x / 19 + phase))
            for x in range(0, WIDTH + 6, 6)
        ]
        scene.polygon([*ridge, (WIDTH, HEIGHT), (0, HEIGHT)], color)


def sea(scene: Scene) -> None:
    """Water with glints, and boats on it."""
    deep = "#2c4f74" if scene.weather == "dusk" else "#2f7aa3"
    scene.box(0, 170, WIDTH, 70, deep)
    for _ in range(60):
        x, y = scene.random.uniform(0, WIDTH), scene.random.uniform(174, 238)
        scene.box(x, y, scene.random.uniform(5, 18), 0.9, "#8fc1d6")
    for place in scene.random.sample(range(40, 300, 62), scene.random.choice((2, 3))):
        boat(
            scene, place, scene.random.uniform(184, 206), scene.random.uniform(0.8, 1.3)
        )


def boat(scene: Scene, x: float, y: float, size: float) -> None:
    """A hull, labeled as a boat, and a sail, labeled as an area."""
    w, h = 46 * size, 11 * size
    hull = scene.random.choice(("#8c2f39", "#23395b", "#e0e0d8"))
    scene.polygon(
        [(x, y), (x + w, y), (x + w * 0.82, y + h), (x + w * 0.15, y + h)], hull
    )
    mast, top = x + w * 0.46, y - 40 * size
    scene.box(mast - 0.8, top, 1.6, 40 * size, "#4a3a2a")
    sail = [(mast + 1.5, top + 2), (x + w * 0.95, y - 4), (mast + 1.5, y - 4)]
    scene.polygon(sail, "#f6f1e3")
    scene.label("shape", "Boat", x=x, y=top, width=w, height=y + h - top, rotation=0)
    scene.label("area", "Sail", points=sail, closed=True)


def street(scene: Scene) -> None:
    """A lawn with houses and trees, a road, and cars on it."""
    scene.box(0, 172, WIDTH, 68, "#86a35b")
    for x in scene.random.sample(range(14, 290, 68), 3):
        house(scene, x + scene.random.uniform(-6, 6))
    for _ in range(2):
        tree(scene, scene.random.uniform(20, 340))
    scene.box(0, 196, WIDTH, 34, "#55575c")
    for x in range(6, WIDTH, 34):
        scene.box(x, 212, 16, 1.8, "#e8e2c8")
    for x in scene.random.sample(range(16, 300, 80), 2):
        car(scene, x, 193 + scene.random.uniform(0, 12))


def house(scene: Scene, x: float) -> None:
    """Walls, a roof, a door and windows."""
    w, h = scene.random.uniform(42, 54), scene.random.uniform(30, 40)
    y = 178 - h
    wall = scene.random.choice(("#e9d8b4", "#d9b8a0", "#c9d3cf"))
    scene.box(x, y, w, h, wall)
    roof = [(x - 5, y), (x + w / 2, y - 22), (x + w + 5, y)]
    scene.polygon(roof, scene.random.choice(("#9c4a3c", "#5d5f6b")))
    scene.box(x + w * 0.42, y + h - 17, 9, 17, "#5b4636")
    for share in (0.12, 0.7):
        scene.box(x + w * share, y + 7, 8, 9, "#f8efb6")
    scene.label(
        "shape", "House", x=x - 5, y=y - 22, width=w + 10, height=h + 22, rotation=0
    )
    scene.label("area", "Roof", points=roof, closed=True)


def tree(scene: Scene, x: float) -> None:
    """A trunk and a round crown."""
    scene.box(x - 2, 168, 4, 20, "#6b4d33")
    scene.ellipse(x, 156, 14, 18, "#3f6d42")
    scene.label("round", "Tree", x=x, y=156, radiusX=14, radiusY=18, rotation=0)


def car(scene: Scene, x: float, y: float) -> None:
    """A car from the side."""
    color = scene.random.choice(("#c23b33", "#2d6aa8", "#efb83a", "#f2f2f2"))
    scene.polygon([(x + 9, y), (x + 32, y), (x + 41, y + 9), (x + 3, y + 9)], "#bcd6e4")
    scene.box(x, y + 8, 50, 10, color)
    for wheel in (10, 40):
        scene.ellipse(x + wheel, y + 19, 5, 5, "#1f2022")
    scene.label("shape", "Car", x=x, y=y, width=50, height=24, rotation=0)


def kite(scene: Scene) -> None:
    """A kite: a box turned about its top-left corner."""
    x, y = scene.random.uniform(120, 240), scene.random.uniform(56, 84)
    w, h, angle = 26.0, 34.0, scene.random.uniform(20, 60)
    turn = complex(math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    corners = [complex(x, y) + turn * z for z in (0, w, complex(w, h), complex(0, h))]
    points = [(z.real, z.imag) for z in corners]
    scene.polygon(points, "#d8503f")
    middle = [(points[0][0], points[0][1]), points[1], points[2]]
    scene.polygon(middle, "#f0a63c")
    end = points[2]
    for step in range(14):
        scene.ellipse(
            end[0] + 4 * math.sin(step), end[1] + 4 * step, 1.0, 1.0, "#3d3d3d"
        )
    scene.label("shape", "Kite", x=x, y=y, width=w, height=h, rotation=angle)


def draw(number: int, name: str, weather: str, place: str) -> Scene:
    """Draw one picture."""
    scene = Scene(weather=weather, random=random.Random(number))
    (clouds if weather == "cloudy" else sun)(scene)
    hills(scene)
    (sea if place == "harbour" else street)(scene)
    if number % 3 == 1:
        kite(scene)
    scene.save(DATA / "media" / "pictures" / name)
    return scene


PICTURES = [
    ("harbour-morning.jpg", "sunny", "harbour"),
    ("high-street.jpg", "sunny", "street"),
    ("regatta.jpg", "cloudy", "harbour"),
    ("kite-day.jpg", "sunny", "street"),
    ("evening-tide.jpg", "dusk", "harbour"),
    ("mill-lane.jpg", "cloudy", "street"),
    ("blue-bay.jpg", "sunny", "harbour"),
    ("school-run.jpg", "sunny", "street"),
    ("late-ferry.jpg", "dusk", "harbour"),
    ("market-day.jpg", "cloudy", "street"),
    ("north-pier.jpg", "cloudy", "harbour"),
    ("home-at-dusk.jpg", "dusk", "street"),
]
TEXTS = [
    (
        "The ferry Marigold left Port Ellen at 07:40 with Ada Quill at the helm.",
        [("Marigold", "Ship"), ("Port Ellen", "Place"), ("Ada Quill", "Person")],
        "news",
    ),
    (
        "Ben Harrow repainted the Blue Finch in the harbour of Saint-Malô. 🛥️",
        [("Ben Harrow", "Person"), ("Blue Finch", "Ship"), ("Saint-Malô", "Place")],
        "news",
    ),
    ("Wind from the west, four to five, rain later.", [], "weather"),
    (
        "東京湾 reports calm water; the Marigold is expected by noon.",
        [("東京湾", "Place"), ("Marigold", "Ship")],
        "weather",
    ),
]
NOTES = [(523.25, "low tide"), (659.25, "harbour bell"), (783.99, "high tide")]

PICTURE_CONFIG = """\
<View>
  <Image name="picture" value="$image"/>
  <RectangleLabels name="shape" toName="picture" canRotate="true">
    <Label value="Boat" background="#23395b"/>
    <Label value="House" background="#9c4a3c"/>
    <Label value="Car" background="#c23b33"/>
    <Label value="Kite" background="#f0a63c"/>
  </RectangleLabels>
  <PolygonLabels name="area" toName="picture">
    <Label value="Sail" background="#f6f1e3"/>
    <Label value="Roof" background="#5d5f6b"/>
  </PolygonLabels>
  <EllipseLabels name="round" toName="picture">
    <Label value="Sun" background="#ffe27a"/>
    <Label value="Tree" background="#3f6d42"/>
  </EllipseLabels>
  <Choices name="weather" toName="picture">
    <Choice value="sunny"/><Choice value="cloudy"/><Choice value="dusk"/>
  </Choices>
  <TextArea name="caption" toName="picture"/>
</View>
"""
TEXT_CONFIG = """\
<View>
  <Text name="text" value="$text"/>
  <Labels name="entity" toName="text">
    <Label value="Person"/><Label value="Place"/><Label value="Ship"/>
  </Labels>
  <Choices name="topic" toName="text">
    <Choice value="news"/><Choice value="weather"/>
  </Choices>
</View>
"""
SOUND_CONFIG = """\
<View>
  <Audio name="sound" value="$audio"/>
  <Labels name="event" toName="sound"><Label value="Bell"/></Labels>
  <TextArea name="heard" toName="sound" perRegion="true"/>
</View>
"""


def answer(control: str, kind: str, to: str, **value: Any) -> dict[str, Any]:
    """One result that is no shape."""
    return {
        "id": f"{control}-{len(str(value)):03d}",
        "from_name": control,
        "to_name": to,
        "type": kind,
        "origin": "manual",
        "value": value,
    }


def annotation(
    number: int, task: int, result: list[dict[str, Any]], *, by: int = 1, **facts: Any
) -> dict[str, Any]:
    """An annotation as a snapshot of the server holds it."""
    moment = f"2026-05-{1 + task % 28:02d}T{8 + by:02d}:{number % 60:02d}:00.000000Z"
    return {
        "id": number,
        "completed_by": {"id": by, "email": ANNOTATORS[by]},
        "result": result,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": moment,
        "updated_at": moment,
        "lead_time": round(8 + number * 1.25, 3),
        "result_count": len(result),
        "task": task,
        **facts,
    }


def task(number: int, data: dict[str, Any], *annotations: Any) -> dict[str, Any]:
    """A task as a snapshot of the server holds it."""
    return {
        "id": number,
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [],
        "data": data,
        "meta": {},
        "created_at": f"2026-05-{1 + number % 28:02d}T07:00:00.000000Z",
        "updated_at": f"2026-05-{1 + number % 28:02d}T12:00:00.000000Z",
        "inner_id": number,
        "project": 1,
    }


def picture_tasks() -> list[dict[str, Any]]:
    """A task per picture; one skipped, one unlabeled, one labeled twice."""
    tasks = []
    for number, (name, weather, place) in enumerate(PICTURES, start=1):
        scene = draw(number, name, weather, place)
        result = [
            *scene.regions,
            answer("weather", "choices", "picture", choices=[weather]),
            answer(
                "caption", "textarea", "picture", text=[name[:-4].replace("-", " ")]
            ),
        ]
        made = [annotation(number, number, result)]
        if name == "market-day.jpg":
            made = [annotation(number, number, [], was_cancelled=True)]
        elif name == "north-pier.jpg":
            made = []
        elif name == "regatta.jpg":
            made.append(annotation(100 + number, number, result[:2], by=2))
        data = {"image": f"/data/local-files/?d=pictures/{name}"}
        tasks.append(task(number, data, *made))
    return tasks


def text_tasks() -> list[dict[str, Any]]:
    """A task per text; spans are in code points."""
    tasks = []
    for number, (text, spans, topic) in enumerate(TEXTS, start=1):
        result = [
            answer("entity", "labels", "text", **span(text, words), labels=[label])
            for words, label in spans
        ]
        result.append(answer("topic", "choices", "text", choices=[topic]))
        for place, one in enumerate(result):
            one["id"] = f"t{number}r{place}"
        tasks.append(task(number, {"text": text}, annotation(number, number, result)))
    return tasks


def span(text: str, words: str) -> dict[str, Any]:
    """Where ``words`` stand in ``text``."""
    start = text.index(words)
    return {"start": start, "end": start + len(words), "text": words}


def sound_tasks() -> list[dict[str, Any]]:
    """One recording of three bells, each a labeled segment."""
    rate, each_s = 16000, 0.8
    frames = bytearray()
    for pitch, _ in NOTES:
        for step in range(int(rate * each_s)):
            t = step / rate
            tone = math.sin(math.tau * pitch * t) + 0.4 * math.sin(
                2.76 * math.tau * pitch * t
            )
            frames += struct.pack("<h", round(11000 * tone * math.exp(-4.5 * t)))
    path = DATA / "media" / "sounds" / "bells.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(frames))
    result = []
    for place, (_, heard) in enumerate(NOTES):
        where = {"start": place * each_s, "end": (place + 1) * each_s, "channel": 0}
        segment = answer("event", "labels", "sound", **where, labels=["Bell"])
        words = answer("heard", "textarea", "sound", **where, text=[heard])
        segment["id"] = words["id"] = f"bell{place}"
        result += [segment, words]
    data = {"audio": "/data/local-files/?d=sounds/bells.wav"}
    return [task(1, data, annotation(1, 1, result))]


def main() -> None:
    """Write everything."""
    for folder in ("pictures", "sounds"):
        (DATA / "media" / folder).mkdir(parents=True, exist_ok=True)
    for name, config, tasks in (
        ("pictures", PICTURE_CONFIG, picture_tasks()),
        ("texts", TEXT_CONFIG, text_tasks()),
        ("sounds", SOUND_CONFIG, sound_tasks()),
    ):
        (DATA / f"{name}.xml").write_text(config, encoding="utf-8")
        text = json.dumps(tasks, ensure_ascii=False, indent=1)
        (DATA / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
