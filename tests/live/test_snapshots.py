"""Snapshots of a real server: made, awaited, converted, written, resumed."""

from __future__ import annotations

import hashlib
import itertools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ls_tools.client import Client, SnapshotFilter
from ls_tools.errors import ExportFailedError, NetworkError, NotFoundError
from ls_tools.settings import Settings
from services.api import Api
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import Corrupt, Cut, Fault, Interrupt, Refuse, Stall, Status
from services.label_studio import StartLabelStudio
from services.projects import SeededProject
from services.sites import Site

BOX_CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/></RectangleLabels>
</View>
"""
POINT_CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Face"/></RectangleLabels>
  <KeyPointLabels name="point" toName="image"><Label value="Nose"/></KeyPointLabels>
</View>
"""
VIDEO_CONFIG = """\
<View>
  <Labels name="labels" toName="video"><Label value="Car"/></Labels>
  <Video name="video" value="$video"/>
  <VideoRectangle name="box" toName="video"/>
</View>
"""
CONVERSION_FLAG = "fflag_fix_all_lsdv_4813_async_export_conversion_22032023_short"
LARGE_COUNT = 3000


def settings_of(site: Site, **changes: Any) -> Settings:
    return Settings(url=site.url, token=site.token, **changes)


@pytest.fixture
def client(label_studio: Site) -> Iterator[Client]:
    with Client(settings_of(label_studio)) as client:
        yield client


@pytest.fixture
def proxy(fault_proxy: StartProxy) -> FaultProxy:
    return fault_proxy()


@pytest.fixture
def shaky(label_studio: Site, proxy: FaultProxy) -> Iterator[Client]:
    """A client behind the proxy that waits for no one."""
    settings = Settings(
        url=proxy.url, token=label_studio.token, read_timeout_s=2.0, retry_wait_s=0.01
    )
    with Client(settings) as client:
        yield client


def make_project(
    api: Api, title: str, count: int, *, config: str = BOX_CONFIG, padding: int = 200
) -> int:
    """A project of tasks that are a little longer than ``padding`` bytes each."""
    project = api.create_project(title, config)
    pad = "x" * padding
    tasks = [{"image": f"https://example.invalid/{n}-{pad}"} for n in range(count)]
    api.import_tasks(project, tasks)
    return project


@pytest.fixture(scope="module")
def wide_project(api: Api) -> int:
    """A project whose snapshot is large enough to be cut in the middle."""
    return make_project(api, "Wide", LARGE_COUNT)


def read_snapshot(
    client: Client, project: SeededProject, out: Path, **options: Any
) -> dict[str, dict[str, Any]]:
    """The tasks of a snapshot made with these options, by their telling name."""
    made = client.create_snapshot(project.id, SnapshotFilter(**options), wait_s=60)
    client.download_snapshot(project.id, made.id, out)
    exported = {task["id"]: task for task in json.loads(out.read_bytes())}
    assert made.task_count == len(exported)
    named = {key: exported.get(task.id) for key, task in project.tasks.items()}
    return {key: task for key, task in named.items() if task}


@pytest.mark.parametrize("kind", ["token", "personal_token"])
def test_both_kinds_of_token_do_the_whole_job(
    label_studio: Site, image_project: SeededProject, tmp_path: Path, kind: str
) -> None:
    """E6, E7: a personal access token is exchanged and sent as such."""
    out = tmp_path / "out.json"
    settings = Settings(url=label_studio.url, token=getattr(label_studio, kind))
    with Client(settings) as client:
        made = client.create_snapshot(image_project.id, wait_s=60)
        file = client.download_snapshot(image_project.id, made.id, out)
        client.delete_snapshot(image_project.id, made.id)
        with pytest.raises(NotFoundError, match=f"no snapshot {made.id}"):
            client.get_snapshot(image_project.id, made.id)
    assert file.verified
    assert file.md5 == made.md5
    assert len(json.loads(out.read_bytes())) == len(image_project.tasks)


def test_everything_is_in_a_snapshot_without_filters(
    client: Client, image_project: SeededProject, tmp_path: Path
) -> None:
    tasks = read_snapshot(client, image_project, tmp_path / "out")
    assert set(tasks) == set(image_project.tasks)
    for name, task in tasks.items():
        assert len(task["annotations"]) == len(image_project.tasks[name].annotations)
        assert all(isinstance(one, int) for one in task["predictions"])
        assert all(isinstance(one, int) for one in task["drafts"])


SKIPPED = {"skipped"}
WITHOUT = {"untouched", "predicted", "drafted"}


@pytest.mark.parametrize(
    ("option", "chosen"),
    [("tasks_skipped", SKIPPED), ("tasks_annotated", None), ("tasks_finished", None)],
)
def test_task_filters_take_and_leave(
    client: Client,
    image_project: SeededProject,
    tmp_path: Path,
    option: str,
    chosen: set[str] | None,
) -> None:
    everything = set(image_project.tasks)
    chosen = chosen or everything - SKIPPED - WITHOUT
    only = read_snapshot(client, image_project, tmp_path / "a", **{option: "only"})
    rest = read_snapshot(client, image_project, tmp_path / "b", **{option: "exclude"})
    assert set(only) == chosen
    assert set(rest) == everything - chosen


def test_only_tasks_with_annotations_can_be_taken(
    client: Client, image_project: SeededProject, tmp_path: Path
) -> None:
    tasks = read_snapshot(
        client, image_project, tmp_path / "out", only_with_annotations=True
    )
    assert set(tasks) == set(image_project.tasks) - WITHOUT


@pytest.mark.parametrize(
    "kinds",
    [{"usual"}, {"ground_truth"}, {"skipped"}, {"ground_truth", "skipped"}],
    ids="+".join,
)
def test_annotation_kinds_are_those_and_no_others(
    client: Client, image_project: SeededProject, tmp_path: Path, kinds: set[str]
) -> None:
    tasks = read_snapshot(
        client, image_project, tmp_path / "out", annotation_kinds=kinds
    )
    for name, seeded in image_project.tasks.items():
        expected = {
            one.id for one in seeded.annotations if kind_of(one.fields) in kinds
        }
        assert {one["id"] for one in tasks[name]["annotations"]} == expected


def kind_of(fields: dict[str, Any]) -> str:
    if fields.get("was_cancelled"):
        return "skipped"
    return "ground_truth" if fields.get("ground_truth") else "usual"


def test_what_is_full_comes_in_full(
    client: Client, image_project: SeededProject, tmp_path: Path
) -> None:
    full = ["predictions", "drafts", "annotators", "history"]
    tasks = read_snapshot(client, image_project, tmp_path / "out", full=full)
    task = tasks["two_annotators"]
    assert [one["score"] for one in task["predictions"]] == [0.75]
    assert [type(one["result"]) for one in task["drafts"]] == [list]
    assert all("email" in one["completed_by"] for one in task["annotations"])


def test_a_snapshot_of_a_view_has_the_tasks_of_the_view(
    client: Client, api: Api, image_project: SeededProject, tmp_path: Path
) -> None:
    item = {
        "filter": "filter:tasks:total_predictions",
        "operator": "greater",
        "type": "Number",
        "value": 0,
    }
    filters = {"conjunction": "and", "items": [item]}
    view = api.create_view(image_project.id, "predicted", filters)
    tasks = read_snapshot(client, image_project, tmp_path / "out", view=view)
    assert set(tasks) == {"predicted", "two_annotators"}


def test_an_unknown_view_is_refused_rather_than_exporting_everything(
    client: Client, api: Api
) -> None:
    project = make_project(api, "Viewless", 1)
    with pytest.raises(NotFoundError, match="has no view 987654"):
        client.create_snapshot(project, SnapshotFilter(view=987654))
    assert client.list_snapshots(project) == []


@pytest.mark.parametrize("interpolate", [False, True])
def test_key_frames_are_interpolated_where_that_is_asked(
    client: Client, api: Api, tmp_path: Path, *, interpolate: bool
) -> None:
    project = api.create_project("Video", VIDEO_CONFIG)
    [task] = api.import_tasks(project, [{"video": "https://example.invalid/v.mp4"}])
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "enabled": True}
    frames = [{"frame": n, "time": n / 25, **box} for n in (1, 5)]
    value = {"framesCount": 10, "duration": 0.4, "sequence": frames, "labels": ["Car"]}
    names = {"from_name": "box", "to_name": "video", "type": "videorectangle"}
    api.annotate(task, [{"id": "v", **names, "value": value}])
    chosen = SnapshotFilter(interpolate_key_frames=interpolate)
    made = client.create_snapshot(project, chosen, wait_s=60)
    client.download_snapshot(project, made.id, tmp_path / "out")
    [exported] = json.loads((tmp_path / "out").read_bytes())
    sequence = exported["annotations"][0]["result"][0]["value"]["sequence"]
    assert len(sequence) == (10 if interpolate else 2)


def test_snapshots_are_listed_newest_first_and_latest_is_the_first(
    client: Client, api: Api
) -> None:
    project = make_project(api, "Listed", 1)
    with pytest.raises(NotFoundError, match="no completed snapshot"):
        client.get_snapshot(project, "latest")
    made = [client.create_snapshot(project, title=f"number {n}") for n in range(3)]
    assert client.list_snapshots(project) == made[::-1]
    assert client.get_snapshot(project, "latest") == made[-1]
    assert client.wait_snapshot(project, made[0].id, deadline_s=5) == made[0]
    assert made[0].title.startswith("number 0 ")


def test_a_failed_snapshot_is_an_error_that_says_so(
    label_studio: Site, client: Client, api: Api, tmp_path: Path
) -> None:
    """E8: a failed snapshot ends no wait in good order."""
    project = make_project(api, "Failing", 1)
    blocked = label_studio.data_dir / "media" / "export" / str(project)
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the server wants a folder")
    with pytest.raises(ExportFailedError, match="failed") as caught:
        client.create_snapshot(project)
    number = caught.value.data["snapshot_id"]
    with pytest.raises(ExportFailedError):
        client.wait_snapshot(project, number)
    with pytest.raises(ExportFailedError):
        client.download_snapshot(project, number, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "lost",
    [Cut(after_bytes=0), Cut(after_bytes=20), Stall(after_bytes=0)],
    ids=["cut", "truncated", "timeout"],
)
def test_a_snapshot_whose_answer_is_lost_is_made_once(
    shaky: Client, proxy: FaultProxy, client: Client, api: Api, lost: Fault
) -> None:
    """E2: it is found again by its title."""
    project = make_project(api, "Lost answer", 3)
    proxy.plan(lost, target="/exports/$")
    made = shaky.create_snapshot(project, title="nightly", wait_s=60)
    assert client.list_snapshots(project) == [made]
    assert proxy.unused == 0


@pytest.mark.parametrize("lost", [Refuse(), Status(code=503)], ids=["refused", "503"])
def test_a_request_that_never_arrived_is_sent_again(
    label_studio: Site, proxy: FaultProxy, client: Client, api: Api, lost: Fault
) -> None:
    project = make_project(api, "Lost request", 3)
    proxy.plan(lost, target="/exports/$")
    ticks = itertools.count(step=5)
    with Client(
        Settings(url=proxy.url, token=label_studio.token),
        sleep=lambda _: None,
        clock=lambda: next(ticks),
    ) as hurried:
        made = hurried.create_snapshot(project)
    assert client.list_snapshots(project) == [made]


def test_a_download_that_is_cut_goes_on_where_it_stopped(
    shaky: Client, proxy: FaultProxy, wide_project: int, tmp_path: Path
) -> None:
    """E9: only the rest is asked for."""
    made = shaky.create_snapshot(wide_project, wait_s=60)
    proxy.plan(Cut(after_bytes=300_000), Stall(after_bytes=100_000), target="/download")
    file = shaky.download_snapshot(wide_project, made.id, tmp_path / "out")
    assert file.verified
    asked = [one.headers["range"] for one in proxy.seen("/download")]
    assert asked == ["bytes=0-", "bytes=300000-", "bytes=400000-"]


def test_an_interrupted_run_is_resumed_by_the_next(
    label_studio: Site, proxy: FaultProxy, client: Client, api: Api, tmp_path: Path
) -> None:
    """E9: what an earlier run left is used, and checked."""
    project = make_project(api, "Interrupted", LARGE_COUNT)
    made = client.create_snapshot(project, wait_s=60)
    out = tmp_path / "out.json"
    proxy.plan(Cut(after_bytes=300_000), target="/download")
    proxy.plan(Status(code=503), target="/download", times=2)
    settings = Settings(
        url=proxy.url, token=label_studio.token, retry_attempts=2, retry_wait_s=0.01
    )
    with Client(settings) as shaky:
        with pytest.raises(NetworkError):
            shaky.download_snapshot(project, made.id, out)
        assert not out.exists()
        file = shaky.download_snapshot(project, made.id, out)
    assert file.resumed_from == 300_000
    assert hashlib.md5(out.read_bytes(), usedforsecurity=False).hexdigest() == made.md5
    assert list(tmp_path.iterdir()) == [out]


def test_a_damaged_byte_is_seen_and_repaired(
    shaky: Client, proxy: FaultProxy, wide_project: int, tmp_path: Path
) -> None:
    """E4: the md5 is checked."""
    made = shaky.create_snapshot(wide_project, wait_s=60)
    proxy.plan(Corrupt(at_byte=100_000), target="/download")
    file = shaky.download_snapshot(wide_project, made.id, tmp_path / "out")
    assert file.verified
    assert len(proxy.seen("/download")) == 2


@pytest.mark.parametrize("name", ["CSV", "TSV", "JSON_MIN", "COCO", "YOLO", "VOC"])
def test_a_converted_snapshot_is_converted_before_it_is_fetched(
    client: Client, image_project: SeededProject, tmp_path: Path, name: str
) -> None:
    """E1: asked for, awaited, then downloaded."""
    made = client.create_snapshot(image_project.id, wait_s=60)
    for _ in range(2):
        file = client.download_snapshot(
            image_project.id, made.id, tmp_path / "out", type=name.lower()
        )
        assert not file.verified
        assert file.size_bytes == file.path.stat().st_size > 0
    is_archive = zipfile.is_zipfile(file.path)
    assert is_archive == (name in {"COCO", "YOLO", "VOC"})


def test_a_cut_csv_is_not_accepted_and_comes_whole_in_the_end(
    shaky: Client, proxy: FaultProxy, image_project: SeededProject, tmp_path: Path
) -> None:
    """E4: a truncated CSV without a length would pass unseen."""
    made = shaky.create_snapshot(image_project.id, wait_s=60)
    whole = shaky.download_snapshot(
        image_project.id, made.id, tmp_path / "a", type="CSV"
    )
    proxy.plan(Cut(after_bytes=500), target="/download")
    cut = shaky.download_snapshot(image_project.id, made.id, tmp_path / "b", type="CSV")
    assert cut.md5 == whole.md5
    assert proxy.unused == 0


def test_a_conversion_that_fails_is_an_error_that_says_so(
    client: Client, api: Api, tmp_path: Path
) -> None:
    """E1: the server leaves it in progress for ever."""
    project = make_project(api, "Points", 1, config=POINT_CONFIG)
    [task] = api.tasks(project)
    value = {"x": 1, "y": 2, "width": 0.5, "keypointlabels": ["Nose"]}
    names = {"from_name": "point", "to_name": "image", "type": "keypointlabels"}
    size = {"original_width": 100, "original_height": 100, "image_rotation": 0}
    api.annotate(task, [{"id": "p", **names, **size, "value": value}])
    made = client.create_snapshot(project, wait_s=60)
    with pytest.raises(ExportFailedError, match="to COCO") as caught:
        client.download_snapshot(project, made.id, tmp_path / "out", type="COCO")
    assert "ls-tools convert" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_server_that_stores_conversions_serves_them_across_a_restart(
    own_label_studio: StartLabelStudio, fault_proxy: StartProxy, tmp_path: Path
) -> None:
    """The other behaviour of the server, and a restart in the middle."""
    server = own_label_studio(env={CONVERSION_FLAG: "true"}, knows_its_url=True)
    with Api(server.site) as api:
        # More than the sockets hold, so that the restart cuts the download.
        project = make_project(api, "Kept", 400, padding=50_000)
    proxy = fault_proxy(server.site.url)

    def restart() -> None:
        server.kill()
        server.start()

    with Client(Settings(url=proxy.url, token=server.site.token)) as client:
        made = client.create_snapshot(project, wait_s=60)
        file = client.download_snapshot(project, made.id, tmp_path / "csv", type="CSV")
        assert file.path.read_text().count("\n") == 400 + 1
        proxy.clear()
        proxy.plan(Interrupt(after_bytes=100_000, action=restart), target="/download")
        assert client.download_snapshot(project, made.id, tmp_path / "json").verified
    assert len(proxy.seen("/download")) > 1
