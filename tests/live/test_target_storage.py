"""What Label Studio writes to a target storage reads as its export does."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ls_tools.pipeline import convert
from ls_tools.reading import read_tasks
from ls_tools.settings import Settings
from services.api import Api
from services.buckets import S3Site
from services.projects import IMAGE_CONFIG
from services.regions import Result, choices, ellipse, polygon, rectangle
from services.store_fixtures import s3_credentials, s3_store

__all__ = ["s3_credentials", "s3_store"]

TASKS = 12
SIZE = (200, 100)


@dataclass(frozen=True)
class Target:
    """A project whose annotations go to a bucket.

    Attributes:
        project: Its id.
        tasks: Ids of its tasks.
        uri: Where the annotations go.
        bucket: The bucket of that.
    """

    project: int
    tasks: list[int]
    uri: str
    bucket: str


@pytest.fixture
def target(api: Api, s3_credentials: S3Site) -> Target:
    """A project with a target storage, and annotations of every kind of region."""
    bucket = s3_credentials.new_bucket()
    project = api.create_project("With a target", IMAGE_CONFIG)
    data = [{"image": f"s3://{bucket}/pictures/{n:02} é.png"} for n in range(TASKS)]
    tasks = api.import_tasks(project, data)
    api.post(
        "/api/storages/export/s3",
        {
            "project": project,
            "bucket": bucket,
            "prefix": "out",
            "aws_access_key_id": s3_credentials.access_key,
            "aws_secret_access_key": s3_credentials.secret_key,
            "region_name": "us-east-1",
            "s3_endpoint": s3_credentials.url,
        },
    )
    for number, task in enumerate(tasks):
        api.annotate(task, annotated(number), ground_truth=number == 3)
    api.annotate(tasks[0], annotated(5))
    api.annotate(tasks[1], annotated(6), was_cancelled=True)
    uri = f"s3://{bucket}/out/"
    return Target(project=project, tasks=tasks, uri=uri, bucket=bucket)


def annotated(number: int) -> list[Result]:
    shapes = (
        rectangle(SIZE, "Car", (10, 10, 20 + number, 30)),
        polygon(SIZE, "Roof", [(5, 5), (50, 5), (50, 50 + number)]),
        ellipse(SIZE, "Wheel", (50, 50, 10 + number, 20)),
    )
    return [shapes[number % 3], choices("day")]


def reach(site: S3Site) -> Settings:
    return Settings(s3=site.settings)


def test_target_storage_holds_the_tasks_of_the_export(
    api: Api, s3_credentials: S3Site, target: Target
) -> None:
    exported = api.get(f"/api/projects/{target.project}/export?exportType=JSON")
    with read_tasks(target.uri, settings=reach(s3_credentials)) as reader:
        tasks = {task.id: task for task in reader}
        assert reader.problems == []
    assert len(tasks) == len(exported) == TASKS
    for task in exported:
        found = json.loads(tasks[task["id"]].raw)
        assert found["data"] == task["data"]
        assert kept(found["annotations"]) == kept(task["annotations"])


def kept(annotations: list[dict[str, Any]]) -> dict[int, Any]:
    fields = ("result", "was_cancelled", "ground_truth", "updated_at", "lead_time")
    return {one["id"]: [one[field] for field in fields] for one in annotations}


@pytest.mark.parametrize("form", ["coco", "yolo", "json"])
def test_target_storage_converts_as_the_export_does(
    api: Api, s3_credentials: S3Site, target: Target, tmp_path: Path, form: str
) -> None:
    exported = api.get(f"/api/projects/{target.project}/export?exportType=JSON")
    file, config = tmp_path / "export.json", tmp_path / "config.xml"
    file.write_text(json.dumps(exported), encoding="utf-8")
    config.write_text(IMAGE_CONFIG, encoding="utf-8")
    reports = [
        convert(
            source, form, tmp_path / name, config=config, settings=reach(s3_credentials)
        )
        for source, name in ((target.uri, "a"), (str(file), "b"))
    ]
    ours, theirs = (json.loads(report.to_json()) for report in reports)
    for report in (ours, theirs):
        report.pop("run", None)
        for losses in (report["skipped"], report["degraded"], report["tasks_skipped"]):
            for loss in losses:
                loss.pop("examples")
    assert ours == theirs
    assert content(tmp_path / "a", form) == content(tmp_path / "b", form)


def content(folder: Path, form: str) -> Any:
    """What a dataset says, whatever the order of its tasks."""
    if form == "yolo":
        labels = {p.name: p.read_text() for p in folder.glob("labels/**/*.txt")}
        return labels, (folder / "data.yaml").read_text()
    document = json.loads((folder / "result.json").read_bytes())
    if form == "json":
        return {t["id"]: (t["data"], kept(t["annotations"])) for t in document}
    names = {image["id"]: image["file_name"] for image in document["images"]}
    found = defaultdict(list)
    for one in document["annotations"]:
        where = names[one["image_id"]]
        found[where].append((one["category_id"], one["bbox"], one["segmentation"]))
    return found, sorted(names.values()), document["categories"]


def test_annotation_that_is_changed_reads_as_changed(
    api: Api, s3_credentials: S3Site, target: Target
) -> None:
    """The object is replaced in place: nothing of it may come out of a cache."""
    settings = reach(s3_credentials)
    path = f"/api/tasks/{target.tasks[2]}/annotations/"
    made = api.get(path)[0]["id"]
    for left_pct in (1, 2):
        result = [rectangle(SIZE, "Car", (left_pct, 2, 3, 4))]
        answer = api.request(
            "PATCH", f"/api/annotations/{made}/", json={"result": result}
        )
        assert answer.ok, answer.text[:500]
        with read_tasks(target.uri, settings=settings) as reader:
            (task,) = (task for task in reader if task.id == target.tasks[2])
        (found,) = task.annotations[0].result
        assert json.loads(bytes(found.value))["x"] == left_pct
