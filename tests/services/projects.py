"""Projects with known content, put into a server through its API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from services.api import Api
from services.pictures import noise_png, png
from services.regions import (
    Result,
    choices,
    ellipse,
    polygon,
    rectangle,
    relation,
    span,
    textarea,
)

IMAGE_CONFIG = """\
<View>
  <Image name="media" value="$image"/>
  <RectangleLabels name="rectangle" toName="media">
    <Label value="Car" background="#d22"/>
    <Label value="Person, adult"/>
  </RectangleLabels>
  <PolygonLabels name="polygon" toName="media"><Label value="Roof"/></PolygonLabels>
  <EllipseLabels name="ellipse" toName="media"><Label value="Wheel"/></EllipseLabels>
  <Choices name="scene" toName="media" choice="multiple">
    <Choice value="day"/><Choice value="night"/>
  </Choices>
  <TextArea name="note" toName="media"/>
</View>
"""
TEXT_CONFIG = """\
<View>
  <Text name="media" value="$text"/>
  <Labels name="ner" toName="media"><Label value="PER"/><Label value="LOC"/></Labels>
  <Choices name="scene" toName="media">
    <Choice value="good"/><Choice value="bad"/>
  </Choices>
</View>
"""

Kind = Literal["annotation", "prediction", "draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An annotation, prediction or draft as it was sent.

    Attributes:
        id: What the server called it.
        fields: What was sent besides the result (``was_cancelled``, ``score``…).
    """

    id: int
    kind: Kind
    result: Sequence[Result]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededTask:
    """A task of the server, its medium, and all that was posted to it.

    Attributes:
        reference: The value of its data field, as the server stored it.
        name: The file name of its medium before the upload; empty for a text.
        media: The bytes of its medium; those of the text for a text.
        size_px: Width and height of a picture.
    """

    id: int
    reference: str
    name: str = ""
    media: bytes = field(repr=False)
    size_px: tuple[int, int] = (0, 0)
    posted: tuple[Posted, ...] = ()

    @property
    def annotations(self) -> list[Posted]:
        """The annotations among what was posted, skipped ones too."""
        return [item for item in self.posted if item.kind == "annotation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededProject:
    """A project of the server and the truth about it; tasks by a telling name."""

    id: int
    title: str
    label_config: str
    tasks: dict[str, SeededTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A task to make; ``posts`` are (kind, result, fields)."""

    name: str
    size_px: tuple[int, int] = (640, 480)
    posts: Sequence[tuple[Kind, Sequence[Result], dict[str, Any]]] = ()


def seed_image_project(api: Api, folder: Path) -> SeededProject:
    """A project of pictures with every kind of task.

    Args:
        api: The server.
        folder: A new folder below the document root, for the local files.
    """
    title = f"Pictures é {folder.name}"
    project = api.create_project(title, IMAGE_CONFIG)
    second = api.create_user(f"{folder.name}@example.com")
    tasks = {}
    for seed, (key, plan) in enumerate(_uploaded_pictures(second).items()):
        media = png(*plan.size_px, seed=seed)
        task = api.upload(project, plan.name, media)
        tasks[key] = _seed(api, task, plan, media)
    tasks.update(_seed_local_pictures(api, project, folder))
    return _with_references(api, project, title, IMAGE_CONFIG, tasks)


def seed_text_project(api: Api) -> SeededProject:
    """A project of texts with spans, a relation and choices."""
    plain, emoji, untouched = (
        "Ada Lovelace met Charles Babbage in London.",
        "👩‍👩‍👧 went to Zürich; Zoë stayed.",
        "Nobody has looked at this.",
    )
    ada, charles = span(plain, "Ada Lovelace", "PER"), span(plain, "Charles", "PER")
    results = {
        "plain": [ada, charles, relation(ada, charles, "met"), choices("good")],
        "emoji": [span(emoji, "Zürich", "LOC"), span(emoji, "Zoë", "PER")],
        "untouched": [],
    }
    project = api.create_project("Texts", TEXT_CONFIG)
    texts = [plain, emoji, untouched]
    ids = api.import_tasks(project, [{"data": {"text": text}} for text in texts])
    tasks = {}
    for task, text, (key, result) in zip(ids, texts, results.items(), strict=True):
        posts: list[Any] = [("annotation", result, {})] if result else []
        tasks[key] = _seed(api, task, _Plan(name="", posts=posts), text.encode())
    return _with_references(api, project, "Texts", TEXT_CONFIG, tasks)


def seed_large_project(api: Api) -> SeededProject:
    """One picture of about four megabytes, with a box."""
    project = api.create_project("Large", IMAGE_CONFIG)
    media = noise_png(4 * 2**20)
    size = (1024, int.from_bytes(media[20:24], "big"))
    box = rectangle(size, "Car", (10, 20, 30, 40))
    plan = _Plan(name="large.png", size_px=size, posts=[("annotation", [box], {})])
    task = _seed(api, api.upload(project, plan.name, media), plan, media)
    return _with_references(api, project, "Large", IMAGE_CONFIG, {"large": task})


def _uploaded_pictures(second_annotator: int) -> dict[str, _Plan]:
    wide, tall = (640, 480), (301, 517)
    car = rectangle(wide, "Car", (10.123456789, 20.5, 30.25, 40.125))
    person = rectangle(wide, "Person, adult", (0, 0, 100, 100))
    other = rectangle(tall, "Car", (33.333333333333336, 12.5, 20, 66.66666666666667))
    return {
        "rectangles": _Plan(
            name="street one.png", posts=[("annotation", [car, person], {})]
        ),
        "rotated": _Plan(
            name="gedreht_é.png",
            size_px=tall,
            posts=[
                (
                    "annotation",
                    [
                        rectangle(tall, "Car", (40, 30, 25, 10), rotation_deg=30),
                        rectangle(tall, "Car", (60, 60, 20, 10), rotation_deg=345),
                    ],
                    {},
                )
            ],
        ),
        "polygons": _Plan(
            name="roofs.png",
            posts=[
                (
                    "annotation",
                    [
                        polygon(wide, "Roof", [(60, 20), (90, 30), (75, 90)]),
                        polygon(wide, "Roof", [(5, 5), (25, 5), (25, 15), (5, 15)]),
                    ],
                    {},
                )
            ],
        ),
        "ellipse": _Plan(
            name="wheel.png",
            posts=[("annotation", [ellipse(wide, "Wheel", (50, 50, 10, 20))], {})],
        ),
        "described": _Plan(
            name="scene.png",
            posts=[
                (
                    "annotation",
                    [choices("day", "night"), textarea('say "hi", ü', "second")],
                    {},
                )
            ],
        ),
        "skipped": _Plan(
            name="skipped.png",
            posts=[("annotation", [car], {"was_cancelled": True})],
        ),
        "two_annotators": _Plan(
            name="two.png",
            size_px=tall,
            posts=[
                ("annotation", [other], {"completed_by": second_annotator}),
                (
                    "annotation",
                    [rectangle(tall, "Car", (30, 10, 20, 60))],
                    {"ground_truth": True},
                ),
                ("prediction", [other], {"score": 0.75, "model_version": "v2"}),
                ("draft", [rectangle(tall, "Car", (1, 2, 3, 4))], {}),
            ],
        ),
        "predicted": _Plan(
            name="predicted.png",
            posts=[("prediction", [car], {"score": 0.5, "model_version": "v1"})],
        ),
        "drafted": _Plan(name="drafted.png", posts=[("draft", [person], {})]),
        "empty": _Plan(name="nothing here.png", posts=[("annotation", [], {})]),
        "untouched": _Plan(name="日本語.png"),
    }


def _local_pictures() -> dict[str, _Plan]:
    size = (200, 100)

    def plan(name: str, left_pct: float) -> _Plan:
        box = rectangle(size, "Car", (left_pct, 10, 20, 30))
        return _Plan(name=name, size_px=size, posts=[("annotation", [box], {})])

    return {
        "local_plain": plan("plain.png", 5),
        "local_spaced": plan("a b é.png", 15),
        "local_nested": plan("deep/er/c#d&e+f%20.png", 25),
    }


def _seed_local_pictures(api: Api, project: int, folder: Path) -> dict[str, SeededTask]:
    plans = _local_pictures()
    media = {}
    for seed, (key, plan) in enumerate(plans.items(), start=100):
        media[key] = png(*plan.size_px, seed=seed)
        path = folder / plan.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(media[key])
    added = set(api.add_local_files(project, folder))
    data = api.tasks(project)
    by_file = {_local_file(data[task]["image"]): task for task in added}
    return {
        key: _seed(api, by_file[f"{folder.name}/{plan.name}"], plan, media[key])
        for key, plan in plans.items()
    }


def _local_file(reference: str) -> str:
    return parse_qs(urlsplit(reference).query)["d"][0]


def _seed(api: Api, task: int, plan: _Plan, media: bytes) -> SeededTask:
    posted = []
    for kind, result, fields in plan.posts:
        send = {"annotation": api.annotate, "prediction": api.predict}.get(kind)
        made = send(task, result, **fields) if send else api.draft(task, result)
        posted.append(Posted(id=made, kind=kind, result=result, fields=fields))
    return SeededTask(
        id=task,
        reference="",
        name=plan.name,
        media=media,
        size_px=plan.size_px,
        posted=tuple(posted),
    )


def _with_references(
    api: Api, project: int, title: str, config: str, tasks: dict[str, SeededTask]
) -> SeededProject:
    data = api.tasks(project)
    known = {
        key: replace(task, reference=next(iter(data[task.id].values())))
        for key, task in tasks.items()
    }
    return SeededProject(id=project, title=title, label_config=config, tasks=known)
