"""The main job: a project of a real server to a folder that a trainer loads."""

from __future__ import annotations

import cmath
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.fault_proxy import StartProxy
from services.faults import Cut, Reset, Status
from services.projects import Posted, SeededProject, SeededTask
from services.sites import Site

RESULT_ARRAY = "result.json"
SHAPES = ("rectanglelabels", "polygonlabels", "ellipselabels")


@dataclass(frozen=True)
class Run:
    """A finished ``ls-tools``: exit code, the document on stdout, stderr."""

    code: int
    document: Any
    stderr: str


Cli = Callable[..., Run]


def run_cli(*arguments: str, token: str, **env: str) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "ls_tools", *arguments, "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "LABEL_STUDIO_API_KEY": token, **env},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert token not in done.stdout + done.stderr
    return Run(done.returncode, json.loads(done.stdout), done.stderr)


@pytest.fixture
def cli(tmp_path: Path, label_studio: Site) -> Cli:
    """Runs ``ls-tools`` against the shared server with a cache of its own."""

    def call(*arguments: str, url: str = label_studio.url, token: str = "") -> Run:
        return run_cli(
            *arguments,
            token=token or label_studio.token,
            LABEL_STUDIO_URL=url,
            LS_TOOLS_CACHE_DIR=str(tmp_path / "cache"),
            HOME=str(tmp_path / "home"),
        )

    return call


def chosen(task: SeededTask) -> Posted | None:
    """What the default selection takes: ground truth first, then the newest."""
    usable = [a for a in task.annotations if not a.fields.get("was_cancelled")]
    truths = [a for a in usable if a.fields.get("ground_truth")]
    return max(truths or usable, key=lambda a: a.id, default=None)


def expected_hull(result: dict[str, Any]) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels of a posted box or polygon."""
    value = result["value"]
    width, height = result["original_width"], result["original_height"]
    if "points" in value:
        corners = [complex(x * width, y * height) / 100 for x, y in value["points"]]
    else:
        origin = complex(value["x"] * width, value["y"] * height) / 100
        across = value["width"] * width / 100
        down = complex(0, value["height"] * height / 100)
        turn = cmath.exp(1j * math.radians(value["rotation"]))
        corners = [origin + turn * z for z in (0, across, down, across + down)]
    left, right = (f(c.real for c in corners) for f in (min, max))
    top, bottom = (f(c.imag for c in corners) for f in (min, max))
    return left, top, right - left, bottom - top


def shapes_of(task: SeededTask) -> list[dict[str, Any]]:
    posted = chosen(task)
    return [r for r in (posted.result if posted else ()) if r["type"] in SHAPES]


def written_tasks(project: SeededProject) -> dict[str, SeededTask]:
    return {k: t for k, t in project.tasks.items() if chosen(t) is not None}


def images_by_task(out: Path) -> dict[int, Path]:
    lines = (out / "manifest.jsonl").read_text().splitlines()
    files = [json.loads(line) for line in lines]
    return {
        one["task_id"]: out / one["file"]
        for one in files
        if one["file"].startswith("images/")
    }


def check_images(project: SeededProject, out: Path) -> dict[int, Path]:
    images = images_by_task(out)
    tasks = written_tasks(project).values()
    assert set(images) == {task.id for task in tasks}
    for task in tasks:
        assert images[task.id].read_bytes() == task.media, task.name
    assert len(list((out / "images").iterdir())) == len(images)
    return images


def check_report(project: SeededProject, report: dict[str, Any]) -> None:
    tasks = written_tasks(project)
    skipped = sum(loss["count"] for loss in report["tasks_skipped"])
    assert report["tasks_in"] == len(project.tasks)
    assert report["tasks_written"] == len(tasks)
    assert report["tasks_in"] == report["tasks_written"] + skipped
    posted = [a for a in (chosen(t) for t in tasks.values()) if a]
    assert report["annotations_selected"] == len(posted)
    assert report["regions_in"] == sum(len(a.result) for a in posted)
    listed = sum(loss["count"] for loss in report["skipped"])
    assert report["regions_in"] == report["regions_written"] + listed
    assert report["regions_written"] == sum(len(shapes_of(t)) for t in tasks.values())
    assert report["media"]["failed"] == []


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_pull_to_yolo_equals_what_was_posted(
    cli: Cli,
    image_project: SeededProject,
    label_studio: Site,
    tmp_path: Path,
    kind: str,
) -> None:
    token = label_studio.token if kind == "legacy" else label_studio.personal_token
    out = tmp_path / "yolo"
    project = str(image_project.id)
    options = ("--to", "yolo", "--out", str(out), "--media", "copy", "--task", "detect")
    first = cli("pull", project, *options, token=token)
    assert first.code == 0, first
    check_report(image_project, first.document)
    images = check_images(image_project, out)
    assert first.document["run"]["fetched"] == len(images)
    names = (out / "classes.txt").read_text().splitlines()
    for task in written_tasks(image_project).values():
        label_file = out / "labels" / (images[task.id].stem + ".txt")
        check_yolo_boxes(task, label_file, names)

    second = cli("pull", project, *options, token=token)
    assert second.code == 0
    assert second.document["run"]["fetched"] == 0
    assert second.document["run"]["from_cache"] == len(images)
    check_images(image_project, out)


def check_yolo_boxes(task: SeededTask, label_file: Path, names: list[str]) -> None:
    rows = [line.split() for line in label_file.read_text().splitlines()]
    width, height = task.size_px
    shapes = shapes_of(task)
    assert len(rows) == len(shapes), task.name
    for row, result in zip(rows, shapes, strict=True):
        label = result["value"][result["type"]][0]
        assert names[int(row[0])] == label
        if result["type"] == "ellipselabels":
            continue
        left, top, box_width, box_height = expected_hull(result)
        wanted = (
            (left + box_width / 2) / width,
            (top + box_height / 2) / height,
            box_width / width,
            box_height / height,
        )
        assert [float(x) for x in row[1:]] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_pull_to_coco_equals_what_was_posted(
    cli: Cli,
    image_project: SeededProject,
    label_studio: Site,
    tmp_path: Path,
    kind: str,
) -> None:
    token = label_studio.token if kind == "legacy" else label_studio.personal_token
    out = tmp_path / "coco"
    options = ("--to", "coco", "--out", str(out), "--media", "copy")
    done = cli("pull", image_project.title, *options, token=token)
    assert done.code == 0, done
    check_report(image_project, done.document)
    images = check_images(image_project, out)
    whole = json.loads((out / RESULT_ARRAY).read_text())
    categories = {one["id"]: one["name"] for one in whole["categories"]}
    rows = {one["file_name"]: one for one in whole["images"]}
    for task in written_tasks(image_project).values():
        row = rows[images[task.id].relative_to(out).as_posix()]
        assert (row["width"], row["height"]) == task.size_px
        found = [a for a in whole["annotations"] if a["image_id"] == row["id"]]
        check_coco_boxes(task, found, categories)


def check_coco_boxes(
    task: SeededTask, found: list[dict[str, Any]], categories: dict[int, str]
) -> None:
    shapes = shapes_of(task)
    assert len(found) == len(shapes), task.name
    for one, result in zip(found, shapes, strict=True):
        assert categories[one["category_id"]] == result["value"][result["type"]][0]
        if result["type"] != "ellipselabels":
            assert one["bbox"] == pytest.approx(expected_hull(result), abs=1e-6)


def test_a_pull_survives_faults_on_every_request(
    cli: Cli,
    fault_proxy: StartProxy,
    large_project: SeededProject,
    tmp_path: Path,
) -> None:
    proxy = fault_proxy()
    # A big picture arrives in spite of a cut, a reset, a busy server and a stall.
    proxy.plan(
        Cut(after_bytes=100_000),
        Reset(after_bytes=1_000_000),
        Status(code=503, extra={"Retry-After": "0"}),
        target="/data/upload/",
    )
    proxy.plan(Cut(after_bytes=200), target="/download")
    out = tmp_path / "out"
    options = ("--to", "yolo", "--out", str(out))
    done = cli("pull", str(large_project.id), *options, url=proxy.url)
    assert done.code == 0, done
    assert proxy.unused == 0
    check_images(large_project, out)
