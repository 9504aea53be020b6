"""Projects of every control in a server, and their exports without what changes.

Knows no pytest, and shares no code with the package under test.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import re
import struct
import wave
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.api import Api
from services.controls import SIZE, ControlProject, Result
from services.pictures import png

_CLIP = Path(__file__).parent / "media" / "clip.webm"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


_TASKS = 6


def write_media(root: Path) -> None:
    """The media that the projects refer to, below the root of local files."""
    for number in range(1, _TASKS + 1):
        folder = root / "controls" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("picture.png", "second picture.png", "é#3.png"):
            (folder / name).write_bytes(png(*SIZE, seed=number))
        (folder / "sound.wav").write_bytes(sound())
        (folder / "clip.webm").write_bytes(_CLIP.read_bytes())
        (folder / "paper.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")


def sound(seconds: int = 2, rate_hz: int = 8000) -> bytes:
    """A WAV file of one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        waves = (math.sin(n / 9) * 9000 for n in range(seconds * rate_hz))
        writer.writeframes(b"".join(struct.pack("<h", int(one)) for one in waves))
    return file.getvalue()


def seed_controls(
    api: Api, root: Path, made: ControlProject, *, title: str, second_user: int
) -> int:
    """Put a project into a server, with a task of every kind; returns its id.

    Two annotations, skipped, empty, predicted, drafted, untouched: in this order.
    """
    project = api.create_project(title, made.config)
    if "/data/local-files/" in json.dumps(made.data):
        serve_local_files(api, project, root)
    # Imported annotations are ground truth, unless they deny it.
    common = {"lead_time": 1.5, "ground_truth": False}
    first = {**common, "result": list(made.results)}
    half = part_of(made.results)
    second = {**common, "result": half, "completed_by": second_user}
    guess = {"result": list(made.results)}
    kinds: list[dict[str, Any]] = [
        {"annotations": [first, second]},
        {"annotations": [{**common, "result": half, "was_cancelled": True}]},
        {"annotations": [{**first, "result": []}]},
        {"predictions": [{**guess, "score": 0.5, "model_version": "v1"}]},
        {},
        {},
    ]
    tasks = [
        {"data": _with_number(made.data, number), **kind}
        for number, kind in enumerate(kinds, start=1)
    ]
    ids = api.import_tasks(project, tasks)
    api.draft(ids[4], half)
    return project


def serve_local_files(api: Api, project: int, root: Path) -> None:
    """Let the server hand out the media that ``write_media`` wrote."""
    folder = str(root / "controls")
    storage = {"project": project, "path": folder, "use_blob_urls": True}
    api.post("/api/storages/localfiles/", storage)


def _with_number(data: Any, number: int) -> Any:
    text = json.dumps(data, ensure_ascii=False)
    return json.loads(text.replace("controls/", f"controls/{number}/"))


def part_of(results: Sequence[Result]) -> list[Result]:
    """About half of the results: those of every other region, with new ids."""
    keys = list(dict.fromkeys(one["id"] for one in results if "id" in one))[::2]
    return [{**one, "id": f"{one['id']}-2"} for one in results if one.get("id") in keys]


def regions_of(entry: Mapping[str, Any]) -> int:
    """How many regions an annotation or prediction has, relations among them."""
    ids = [one.get("id") for one in entry["result"] if one["type"] != "relation"]
    relations = len(entry["result"]) - len(ids)
    return relations + ids.count(None) + len({key for key in ids if key is not None})


def normalised(export: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An export with all that differs from server to server made the same.

    Ids become numbers in order, moments seconds of one minute, hashes nothing.
    """
    numbers = {kind: _Numbers() for kind in ("task", "entry", "user", "project")}
    moments = (
        f"2026-01-02T03:{n // 60:02}:{n % 60:02}.000000Z" for n in itertools.count()
    )
    tasks = sorted(export, key=lambda task: int(task["id"]))
    return [_normalised_task(task, numbers, moments) for task in tasks]


class _Numbers(dict[Any, int]):
    def __missing__(self, key: Any) -> int:
        self[key] = len(self) + 1
        return self[key]


def _normalised_task(
    task: dict[str, Any], numbers: dict[str, _Numbers], moments: Iterator[str]
) -> dict[str, Any]:
    kinds = [kind for kind in ("annotations", "predictions", "drafts") if kind in task]
    entries = {
        kind: sorted(task[kind], key=lambda one: int(one["id"])) for kind in kinds
    }
    made: dict[str, Any] = _same_moments({**task, **entries}, moments)
    made["id"] = numbers["task"][task["id"]]
    _renumber(made, numbers)
    for kind in kinds:
        for entry in made[kind]:
            entry["id"] = numbers["entry"][kind, entry["id"]]
            _renumber(entry, numbers)
            for key in ("unique_id", "created_ago"):
                if entry.get(key):
                    entry[key] = "1"
    return made


def _renumber(entry: dict[str, Any], numbers: dict[str, _Numbers]) -> None:
    kinds = {
        "completed_by": "user",
        "updated_by": "user",
        "user": "user",
        "project": "project",
        "task": "task",
    }
    for key, kind in kinds.items():
        if isinstance(entry.get(key), int):
            entry[key] = numbers[kind][entry[key]]


def _same_moments(value: Any, moments: Iterator[str]) -> Any:
    if isinstance(value, dict):
        return {key: _same_moments(found, moments) for key, found in value.items()}
    if isinstance(value, list):
        return [_same_moments(found, moments) for found in value]
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return next(moments)
    return value
