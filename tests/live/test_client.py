"""The client before a real server: projects, tasks, the easy export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ls_tools.client import Client
from ls_tools.errors import NotFoundError, TokenRejectedError, UsageError
from ls_tools.settings import Settings
from services.api import Api
from services.fault_proxy import StartProxy
from services.faults import Cut, Status
from services.projects import SeededProject
from services.sites import Site

BOX_CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>
"""


@pytest.fixture
def client(label_studio: Site) -> Iterator[Client]:
    with Client(Settings(url=label_studio.url, token=label_studio.token)) as client:
        yield client


def make_tasks(api: Api, title: str, count: int) -> tuple[int, list[int]]:
    project = api.create_project(title, BOX_CONFIG)
    data = [{"image": f"https://example.invalid/{n}.png"} for n in range(count)]
    return project, api.import_tasks(project, data)


def test_a_wrong_token_is_refused_with_a_hint(
    label_studio: Site, image_project: SeededProject
) -> None:
    settings = Settings(url=label_studio.url, token="f" * 40)
    with Client(settings) as client, pytest.raises(TokenRejectedError) as caught:
        client.project(image_project.id)
    assert caught.value.hint
    assert "ffff" not in str(caught.value)


def test_a_project_is_found_by_id_and_by_title(client: Client, api: Api) -> None:
    project = api.create_project("Only one of it é 100%", BOX_CONFIG)
    found = client.project("Only one of it é 100%")
    assert found == client.project(project) == client.project(str(project))
    assert "RectangleLabels" in found.label_config
    assert project in {one.id for one in client.projects()}


def test_titles_that_are_shared_or_unknown_are_refused(
    client: Client, api: Api
) -> None:
    ids = [api.create_project("Twins", BOX_CONFIG) for _ in range(2)]
    with pytest.raises(UsageError) as caught:
        client.project("Twins")
    assert all(str(one) in caught.value.hint for one in ids)
    with pytest.raises(NotFoundError, match="'Twin'") as missing:
        client.project("Twin")
    assert "'Twins'" in missing.value.hint


@pytest.mark.parametrize("call", ["views", "formats", "list_snapshots", "tasks"])
def test_a_missing_project_is_said_to_be_missing(client: Client, call: str) -> None:
    with pytest.raises(NotFoundError, match="no project 987654"):
        list(getattr(client, call)(987654))


def test_tasks_come_whole_and_unresolved(
    client: Client, image_project: SeededProject
) -> None:
    tasks = {task["id"]: task for task in client.tasks(image_project.id, page_size=3)}
    assert list(tasks) == sorted(task.id for task in image_project.tasks.values())
    for seeded in image_project.tasks.values():
        task = tasks[seeded.id]
        assert task["data"] == {"image": seeded.reference}
        assert len(task["annotations"]) == len(seeded.annotations)


def filter_of(column: str) -> dict[str, Any]:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": "greater",
        "type": "Number",
        "value": 0,
    }


@pytest.mark.parametrize("conjunction", ["and", "or"])
def test_a_query_and_a_view_with_its_filters_select_the_same_tasks(
    client: Client, api: Api, image_project: SeededProject, conjunction: str
) -> None:
    columns = ("total_predictions", "cancelled_annotations")
    filters = {"conjunction": conjunction, "items": [filter_of(c) for c in columns]}
    names = {"and": [], "or": ["skipped", "two_annotators", "predicted"]}[conjunction]
    expected = sorted(image_project.tasks[name].id for name in names)
    view = api.create_view(image_project.id, conjunction, filters)
    selections: list[dict[str, Any]] = [{"query": {"filters": filters}}, {"view": view}]
    for selection in selections:
        found = client.tasks(image_project.id, page_size=2, **selection)
        assert [task["id"] for task in found] == expected


def test_no_task_is_lost_when_others_are_deleted_meanwhile(
    client: Client, api: Api
) -> None:
    project, ids = make_tasks(api, "Shrinking", 10)
    found = []
    for task in client.tasks(project, page_size=3):
        found.append(task["id"])
        if len(found) == 2:
            api.request("DELETE", f"/api/tasks/{ids[0]}/")
            api.request("DELETE", f"/api/tasks/{ids[1]}/")
    assert found == ids


def test_every_enabled_format_is_exported(
    client: Client,
    image_project: SeededProject,
    text_project: SeededProject,
    tmp_path: Path,
) -> None:
    for project in (image_project, text_project):
        names = [one.name for one in client.formats(project.id) if one.is_enabled]
        assert {"JSON", "JSON_MIN", "CSV", "TSV"} <= set(names)
        for name in names:
            out = tmp_path / f"{project.id}-{name}"
            made = client.export(project.id, name.lower(), out)
            assert (made.type, made.size_bytes) == (name, out.stat().st_size)
            assert made.size_bytes > 0


def test_a_format_that_does_not_fit_is_refused(
    client: Client, text_project: SeededProject, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="YOLO does not fit") as caught:
        client.export(text_project.id, "yolo", tmp_path / "out")
    assert "CONLL2003" in caught.value.hint


def test_an_export_has_the_tasks_that_were_asked_for(
    client: Client, image_project: SeededProject, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"

    def export(**options: Any) -> set[int]:
        client.export(image_project.id, "JSON", out, **options)
        return {task["id"] for task in json.loads(out.read_bytes())}

    tasks = image_project.tasks
    assert export(all_tasks=True) == {task.id for task in tasks.values()}
    assert export() == {task.id for task in tasks.values() if task.annotations}
    chosen = [tasks["untouched"].id, tasks["skipped"].id]
    assert export(ids=chosen, all_tasks=True) == set(chosen)


def test_an_export_that_is_cut_comes_whole_in_the_end(
    label_studio: Site,
    fault_proxy: StartProxy,
    image_project: SeededProject,
    tmp_path: Path,
) -> None:
    """E2, E4: what was cut is asked for again, and a 502 is not the end."""
    proxy, out = fault_proxy(), tmp_path / "out.json"
    proxy.plan(Cut(after_bytes=100), Status(code=502), target="exportType")
    settings = Settings(url=proxy.url, token=label_studio.token, retry_wait_s=0.01)
    with Client(settings) as client:
        client.export(image_project.id, "JSON", out, all_tasks=True)
    assert len(json.loads(out.read_bytes())) == len(image_project.tasks)
    assert proxy.unused == 0
