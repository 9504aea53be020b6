"""Calls as a program with types makes them; checked by mypy, never run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ls_tools import (
    Cache,
    ClassPolicy,
    Client,
    LsToolsError,
    MediaRequest,
    PredictionBuilder,
    Report,
    Resolved,
    Resolver,
    Selection,
    Settings,
    SnapshotFilter,
    __version__,
    convert,
    fetch_media,
    get_local_path,
    get_local_paths,
    pull,
    read_tasks,
    resolve_task,
)
from ls_tools.geometry import Box, Size
from ls_tools.models import Annotation, Project, Snapshot, Task
from ls_tools.pipeline import MediaOutcome
from ls_tools.predictions import (
    Prediction,
    Relation,
    Result,
    Target,
    prediction,
    rectangle,
)
from ls_tools.progress import NullProgress, Progress


def use_paths(task: dict[str, Any]) -> None:
    path: str = get_local_path("/data/upload/1/a.png", task_id=3)
    found: Sequence[Resolved] = get_local_paths([path, "s3://bucket/key"])
    local: dict[str, Any] = resolve_task(task)
    del found, local


def use_resolver(settings: Settings, progress: Progress) -> Path:
    with Resolver(settings, progress=progress) as resolver:
        request = MediaRequest(reference="/data/upload/1/a.png", task_id=3)
        results: Sequence[Resolved] = resolver.paths([request, "gs://bucket/key"])
        error: LsToolsError | None = results[0].error
        file: BinaryIO = resolver.open("https://example.com/a.png")
        del error, file
        return resolver.path("https://example.com/a.png")


def use_client(settings: Settings) -> Snapshot:
    with Client(settings) as client:
        project: Project = client.project("A title")
        chosen = SnapshotFilter(full={"predictions"})
        return client.create_snapshot(project.id, chosen, wait_s=60.0)


def use_conversions(source: Path, settings: Settings) -> int:
    classes = ClassPolicy(pinned=Path("classes.txt"))
    report: Report = convert(source, "yolo", "out", classes=classes, task="detect")
    pulled: Report = pull(
        12, "coco", Path("out"), settings=settings, progress=NullProgress()
    )
    media: MediaOutcome = fetch_media(source, keys=["image"], settings=settings)
    lossless: bool = report.lossless and pulled.lossless
    return media.references if lossless else report.regions_in


def use_predictions(label_config: str, rows: list[list[float]]) -> list[Prediction]:
    build = PredictionBuilder(label_config, size=Size(640, 480), to_name="image")
    boxes: list[Result] = [
        build.rectangle(Box.from_ltrb(row), ["Car"], score=0.5, name="box")
        for row in rows
    ]
    relation: Relation = build.relation(boxes[0], boxes[1], "on", direction="bi")
    at = Target(from_name="box", to_name="image", size=Size(640, 480))
    alone = rectangle(at, Box(0, 0, 10, 10), "Car", region_id="r1", score=0.5)
    width: float = alone["value"]["width"]
    return [build.prediction(score=width / 100), prediction([*boxes, relation])]


def use_tasks(source: str) -> list[Annotation]:
    selection = Selection.parse("by:ann@example.com")
    with read_tasks(source) as reader:
        tasks: list[Task] = list(reader)
    return [found for task in tasks for found in selection.pick(task)]


def use_errors(folder: Path) -> str:
    try:
        Cache(folder).lookup("key")
    except LsToolsError as exc:
        message: str = exc.message
        code: int = exc.exit_code
        return f"{__version__} {message} {code} {exc.hint}"
    return ""
