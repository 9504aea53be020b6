"""Which snapshot a pull takes, what it selects, and what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Client, Report, Settings, SnapshotFilter, pull
from ls_tools.errors import ExportFailedError, LossError, NotFoundError, UsageError
from services.api import Api
from services.projects import SeededProject, SeededTask
from services.regions import Result
from services.sites import Site

CONFIG = """\
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels>
</View>
"""


@pytest.fixture
def settings(label_studio: Site, tmp_path: Path) -> Settings:
    return Settings(
        url=label_studio.url, token=label_studio.token, cache_dir=tmp_path / "cache"
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with Client(settings) as made:
        yield made


@pytest.fixture
def project(api: Api) -> int:
    """Two tasks: one annotated and predicted twice, one untouched."""
    number = api.create_project("Options of a pull", CONFIG)
    data = [{"image": f"https://example.invalid/{n}.png"} for n in range(2)]
    first, _ = api.import_tasks(number, data)
    api.annotate(first, [box(10)])
    api.predict(first, [box(20)], model_version="v1", score=0.5)
    api.predict(first, [box(30)], model_version="v2", score=0.6)
    return number


def box(left_pct: float) -> Result:
    value = {"x": left_pct, "y": 10, "width": 20, "height": 30, "rotation": 0}
    return {
        "id": f"r{left_pct}",
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 100,
        "original_height": 100,
        "value": {**value, "rectanglelabels": ["Car"]},
    }


def snapshots(client: Client, project: int) -> list[int]:
    return [one.id for one in client.list_snapshots(project)]


def left_edges(out: Path) -> list[float]:
    rows = json.loads((out / "result.json").read_bytes())["annotations"]
    return [row["bbox"][0] for row in rows]


class Puller:
    """Pulls one project to COCO without media."""

    def __init__(self, project: int, out: Path, settings: Settings) -> None:
        self.project, self.out, self._settings = project, out, settings

    def __call__(self, **options: Any) -> Report:
        made = pull(
            self.project,
            "coco",
            self.out,
            settings=self._settings,
            **{"media": "none", **options},
        )
        made.check()
        return made


@pytest.fixture
def puller(project: int, settings: Settings, tmp_path: Path) -> Puller:
    return Puller(project, tmp_path / "out", settings)


def test_a_pull_makes_a_snapshot_and_keeps_it(client: Client, puller: Puller) -> None:
    report = puller()
    assert (report.tasks_in, report.tasks_written) == (2, 1)
    assert left_edges(puller.out) == [10]
    assert len(snapshots(client, puller.project)) == 1


def test_delete_snapshot_leaves_none_behind(client: Client, puller: Puller) -> None:
    kept = client.create_snapshot(puller.project, wait_s=60)
    puller(delete_snapshot=True)
    assert snapshots(client, puller.project) == [kept.id]
    puller(snapshot=kept.id, delete_snapshot=True)
    assert snapshots(client, puller.project) == []


def test_a_snapshot_outlives_a_pull_that_failed(client: Client, puller: Puller) -> None:
    with pytest.raises(LossError):
        puller(delete_snapshot=True, strict=True, media="copy")
    assert len(snapshots(client, puller.project)) == 1
    assert not puller.out.exists()


def test_latest_takes_the_newest_snapshot(
    client: Client, puller: Puller, api: Api
) -> None:
    client.create_snapshot(puller.project, wait_s=60)
    (task, *_) = api.tasks(puller.project)
    newer = api.annotate(task, [box(40)])
    client.create_snapshot(puller.project, wait_s=60)
    api.request("DELETE", f"/api/annotations/{newer}/")
    puller(snapshot="latest")
    assert left_edges(puller.out) == [40]
    assert len(snapshots(client, puller.project)) == 2


def test_a_snapshot_is_taken_by_its_id(
    client: Client, puller: Puller, api: Api
) -> None:
    first = client.create_snapshot(puller.project, wait_s=60)
    (task, *_) = api.tasks(puller.project)
    api.annotate(task, [box(40)])
    client.create_snapshot(puller.project, wait_s=60)
    puller(snapshot=first.id)
    assert left_edges(puller.out) == [10]


def test_a_snapshot_that_is_not_there_is_not_found(puller: Puller) -> None:
    with pytest.raises(NotFoundError):
        puller(snapshot="latest")
    with pytest.raises(NotFoundError):
        puller(snapshot=10**6)
    assert not puller.out.exists()


@pytest.mark.parametrize(
    ("policy", "edges"),
    [("predictions", [30]), ("predictions:v1", [20]), ("latest", [10])],
)
def test_what_is_selected_is_asked_for_in_full(
    puller: Puller, policy: str, edges: list[float]
) -> None:
    puller(select=policy)
    assert left_edges(puller.out) == edges


def test_drafts_are_pulled(
    settings: Settings, image_project: SeededProject, tmp_path: Path
) -> None:
    drafted = [t for t in image_project.tasks.values() if has_draft(t)]
    report = pull(
        image_project.id,
        "json",
        tmp_path / "out",
        settings=settings,
        select="drafts",
    )
    assert drafted
    assert report.annotations_selected == len(drafted)


def has_draft(task: SeededTask) -> bool:
    return any(one.kind == "draft" for one in task.posted)


def test_a_pull_with_too_few_tasks_writes_nothing(puller: Puller) -> None:
    with pytest.raises(ExportFailedError, match="has 2 tasks of 3"):
        puller(min_tasks=3)
    assert not puller.out.exists()
    assert puller(min_tasks=2).tasks_in == 2


def test_the_filter_decides_what_the_snapshot_holds(puller: Puller) -> None:
    report = puller(filter=SnapshotFilter(only_with_annotations=True))
    assert (report.tasks_in, report.tasks_written) == (1, 1)


def test_a_pull_cannot_be_offline(puller: Puller, settings: Settings) -> None:
    offline = settings.evolve(mode="offline")
    with pytest.raises(UsageError, match="cannot be offline"):
        pull(puller.project, "coco", puller.out, settings=offline)


def test_several_projects_become_one_dataset(
    client: Client, api: Api, project: int, settings: Settings, tmp_path: Path
) -> None:
    config = CONFIG.replace("$image", "$photo").replace('"Car"', '"Bus"')
    other = api.create_project("Another of the same dataset", config)
    (task_id,) = api.import_tasks(other, [{"photo": "https://example.invalid/9.png"}])
    bus = box(40)
    bus["value"]["rectanglelabels"] = ["Bus"]
    api.annotate(task_id, [bus])
    out = tmp_path / "out"
    report = pull(
        [project, other],
        "coco",
        out,
        settings=settings,
        media="none",
        delete_snapshot=True,
        split="train=1",
    )
    document = json.loads((out / "train.json").read_bytes())
    assert [one["name"] for one in document["categories"]] == ["Car", "Bus"]
    assert [one["category_id"] for one in document["annotations"]] == [0, 1]
    left_out = report.tasks_skipped[0].examples[0]
    assert left_out.input == f"project {project}"
    assert report.splits == {"train": 2}
    assert all(not list(client.list_snapshots(x)) for x in (project, other))


def test_one_snapshot_cannot_be_that_of_several_projects(
    project: int, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="several projects"):
        pull([project, project], "csv", tmp_path / "out", settings=settings, snapshot=1)
    with pytest.raises(UsageError, match="no project"):
        pull([], "csv", tmp_path / "out", settings=settings)
