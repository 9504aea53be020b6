"""JSON_MIN, CSV and TSV equal what the real server makes of the same snapshot."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Client, Settings, SnapshotFilter, convert
from ls_tools.models import Snapshot
from services.api import Api
from services.projects import SeededProject
from services.sites import Site

Row = dict[str, str]

AUDIO_CONFIG = """\
<View>
  <Audio name="audio" value="$audio"/>
  <Labels name="who" toName="audio"><Label value="A"/><Label value="B"/></Labels>
  <TextArea name="heard" toName="audio" perRegion="true"/>
  <Rating name="stars" toName="audio"/>
</View>
"""


@pytest.fixture
def client(label_studio: Site) -> Iterator[Client]:
    settings = Settings(url=label_studio.url, token=label_studio.token)
    with Client(settings) as made:
        yield made


@pytest.fixture(scope="session")
def audio_project(api: Api) -> int:
    """Segments with label and text under one id, and nested task data."""
    project = api.create_project("Sounds", AUDIO_CONFIG)
    data: dict[str, Any] = {
        "audio": "https://example.com/a/b.wav",
        "nested": {"k": [1, 2.5, None, "é/ü"]},
        "flag": True,
        "count": 3,
        "ratio": 0.25,
        "nothing": None,
        'quo"ted,': 'x "y"\nz',
    }
    first, second = api.import_tasks(project, [{"data": data}, {"data": data}])

    def segment(name: str, kind: str, **value: Any) -> dict[str, Any]:
        where = {"start": 0.5, "end": 1.25, "channel": 0}
        ids = {"from_name": name, "to_name": "audio", "type": kind}
        return {"id": "s1", **ids, "value": {**where, **value}}

    labelled = segment("who", "labels", labels=["A", "B"])
    heard = segment("heard", "textarea", text=["one"])
    stars = {
        "id": "r",
        "from_name": "stars",
        "to_name": "audio",
        "type": "rating",
        "value": {"rating": 4},
    }
    api.annotate(first, [labelled, heard, stars])
    api.annotate(first, [labelled])
    api.annotate(second, [], was_cancelled=True)
    return project


@pytest.fixture(params=["images", "texts", "sounds", "full"])
def project(request: pytest.FixtureRequest) -> tuple[int, SnapshotFilter]:
    names = {
        "images": "image_project",
        "full": "image_project",
        "texts": "text_project",
    }
    chosen = SnapshotFilter()
    if request.param == "full":
        chosen = SnapshotFilter(full={"annotators", "predictions", "drafts"})
    if request.param == "sounds":
        return request.getfixturevalue("audio_project"), chosen
    seeded: SeededProject = request.getfixturevalue(names[request.param])
    return seeded.id, chosen


@pytest.fixture
def snapshot(
    client: Client, project: tuple[int, SnapshotFilter], tmp_path: Path
) -> Snapshot:
    made = client.create_snapshot(project[0], project[1], wait_s=60)
    client.download_snapshot(project[0], made.id, tmp_path / "tasks.json")
    config = client.project(project[0]).label_config
    (tmp_path / "config.xml").write_text(config, encoding="utf-8")
    return made


def ours(tmp_path: Path, name: str) -> Path:
    out = tmp_path / name
    convert(tmp_path / "tasks.json", name, out, config=tmp_path / "config.xml")
    return out


def theirs(
    client: Client, project: int, snapshot: Snapshot, tmp_path: Path, kind: str
) -> Path:
    path = tmp_path / f"server-{kind}"
    client.download_snapshot(project, snapshot.id, path, type=kind)
    return path


def test_json_min_equals_the_servers(
    client: Client,
    project: tuple[int, SnapshotFilter],
    snapshot: Snapshot,
    tmp_path: Path,
) -> None:
    made = json.loads((ours(tmp_path, "json_min") / "result.json").read_bytes())
    path = theirs(client, project[0], snapshot, tmp_path, "JSON_MIN")
    server = json.loads(path.read_bytes())
    assert made == server
    assert [list(one) for one in made] == [list(one) for one in server]


@pytest.mark.parametrize(("kind", "delimiter"), [("CSV", ","), ("TSV", "\t")])
def test_tables_equal_the_servers(
    client: Client,
    project: tuple[int, SnapshotFilter],
    snapshot: Snapshot,
    tmp_path: Path,
    kind: str,
    delimiter: str,
) -> None:
    name = kind.lower()
    made = (ours(tmp_path, name) / f"result.{name}").read_bytes()
    path = theirs(client, project[0], snapshot, tmp_path, kind)
    # The one difference in the bytes: slashes in cells of JSON.
    server = path.read_bytes().replace(rb"\/", b"/")
    assert rows(made, delimiter) == rows(server, delimiter)
    assert made == server


def rows(text: bytes, delimiter: str) -> list[Row]:
    lines = text.decode().splitlines(keepends=True)
    return list(csv.DictReader(lines, delimiter=delimiter))
