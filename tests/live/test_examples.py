"""The examples run as they stand, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.api import Api
from services.fault_proxy import StartProxy
from services.faults import Status
from services.projects import SeededProject
from services.sites import Site

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def environment(label_studio: Site, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LABEL_STUDIO_URL": label_studio.url,
        "LABEL_STUDIO_API_KEY": label_studio.token,
        "LS_TOOLS_CACHE_DIR": str(tmp_path / "cache"),
    }


def run(
    name: str, *arguments: str, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
    )


def test_every_example_is_tested() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.name}"' in source


def test_download_training_data(
    image_project: SeededProject, environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "data"
    done = run(
        "download_training_data.py", image_project.title, str(out), env=environment
    )
    assert done.returncode == 0, done.stderr
    assert f"tasks in {out}/data.yaml" in done.stdout
    assert "1 x control not expressible: Choices" in done.stdout
    labels = {path.stem for path in (out / "labels").iterdir()}
    assert labels == {path.stem for path in (out / "images").iterdir()}


def test_fetch_snapshot_takes_up_the_same_snapshot(
    image_project: SeededProject,
    environment: dict[str, str],
    fault_proxy: StartProxy,
    tmp_path: Path,
) -> None:
    project, folder = str(image_project.id), str(tmp_path / "backups")
    proxy = fault_proxy()
    proxy.plan(Status(code=403), target="/download", times=20)
    # The download is refused here, and the snapshot is there by then.
    broken = {**environment, "LABEL_STUDIO_URL": proxy.url}
    first = run("fetch_snapshot.py", project, folder, env=broken)
    assert first.returncode == 4
    assert "Traceback" not in first.stderr

    second = run("fetch_snapshot.py", project, folder, env=environment)
    assert second.returncode == 0, second.stderr
    assert "verified" in second.stdout
    (path,) = Path(folder).glob("*.json")
    tasks = json.loads(path.read_bytes())
    assert {task["id"] for task in tasks} == {
        task.id for task in image_project.tasks.values()
    }
    posts = [seen for seen in proxy.seen("/exports/$") if seen.method == "POST"]
    assert len(posts) == 1


def test_resolve_in_backend(
    image_project: SeededProject, environment: dict[str, str]
) -> None:
    done = run("resolve_in_backend.py", str(image_project.id), env=environment)
    assert done.returncode == 0, done.stderr
    first = min(image_project.tasks.values(), key=lambda task: task.id)
    assert f"'task': {first.id}" in done.stdout
    assert f"{{'image': {len(first.media)}}}" in done.stdout


def test_predict(
    image_project: SeededProject, environment: dict[str, str], api: Api, tmp_path: Path
) -> None:
    pytest.importorskip("PIL")
    out = tmp_path / "predictions.json"
    done = run("predict.py", image_project.title, str(out), env=environment)
    assert done.returncode == 0, done.stderr
    tasks = json.loads(out.read_text(encoding="utf-8"))
    assert len(tasks) == len(image_project.tasks)
    project = api.create_project("Predicted", image_project.label_config)
    assert len(api.import_tasks(project, tasks)) == len(tasks)
    (result,) = tasks[0]["predictions"][0]["result"]
    sides = [result["value"][side] for side in ("x", "y", "width", "height")]
    assert sides == [25, 25, 50, 50]
