"""The example ML backend, served by gunicorn and asked by a real Label Studio."""

from __future__ import annotations

import io
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from services.api import Api
from services.buckets import AzureSite, BucketSite, GcsSite, S3Site
from services.cloud_projects import StorageKind, import_bucket
from services.daemon import Daemon, Program, free_port
from services.fault_proxy import FaultProxy
from services.regions import rectangle
from services.sites import Site

EXAMPLE = Path(__file__).parents[2] / "examples" / "ml_backend"
CONFIG = """\
<View>
  <Image name="media" value="$image"/>
  <RectangleLabels name="rectangle" toName="media">
    <Label value="Boat"/><Label value="Buoy"/>
  </RectangleLabels>
</View>
"""
SIZE = (160, 120)
COLOURS = {"Boat": (235, 120, 25), "Buoy": (20, 160, 190)}
GREYS = bytes(96 + value // 4 for value in range(256))
WORKERS = 4
Json = dict[str, Any]
Ltwh = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """A grey picture with one coloured rectangle in it."""

    number: int
    label: str
    ltwh_px: tuple[int, int, int, int]
    content: bytes

    @property
    def name(self) -> str:
        return f"scene-{self.number:03d}.png"

    @property
    def ltwh_pct(self) -> Ltwh:
        (left, top, width, height), (across, down) = self.ltwh_px, SIZE
        return (
            100 * left / across,
            100 * top / down,
            100 * width / across,
            100 * height / down,
        )


def paint(number: int) -> Scene:
    """A scene that its number decides; the labels take turns."""
    from PIL import Image, ImageDraw

    dice = random.Random(number)
    label = list(COLOURS)[number % 2]
    left, top = dice.randrange(5, 60), dice.randrange(5, 60)
    width, height = dice.randrange(15, 50), dice.randrange(15, 50)
    noise = dice.randbytes(SIZE[0] * SIZE[1]).translate(GREYS)
    picture = Image.frombytes("L", SIZE, noise).convert("RGB")
    shade = tuple(channel + dice.randrange(-10, 11) for channel in COLOURS[label])
    corner = (left + width - 1, top + height - 1)
    ImageDraw.Draw(picture).rectangle(((left, top), corner), fill=shade)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return Scene(number, label, (left, top, width, height), file.getvalue())


class Backend:
    """The example under gunicorn, with a folder of its own.

    Args:
        folder: For its cache, its model and its log.
        url: The Label Studio that it asks for media.
        env: More variables.
    """

    def __init__(self, folder: Path, url: str, token: str, **env: str) -> None:
        folder.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.model = folder / "model"
        command = [sys.executable, "-m", "gunicorn"]
        command += ["--config", str(EXAMPLE / "gunicorn.conf.py")]
        self._program = Program(
            arguments=[*command, "--chdir", str(EXAMPLE)],
            folder=folder,
            env={
                "BIND": f"127.0.0.1:{port}",
                "WEB_CONCURRENCY": str(WORKERS),
                "LABEL_STUDIO_URL": url,
                "LABEL_STUDIO_API_KEY": token,
                "LS_TOOLS_CACHE_DIR": str(folder / "cache"),
                "MODEL_DIR": str(self.model),
                "PYTHONDONTWRITEBYTECODE": "1",
                **env,
            },
        )
        self._daemon = Daemon(self._program)
        self._daemon.wait_until(self._is_up, timeout_s=60)

    def close(self) -> None:
        self._daemon.stop()

    def predict(self, project: int, tasks: list[Json]) -> list[Any]:
        """Ask as the server does, but not through it."""
        asked = {"tasks": tasks, "project": f"{project}.1", "label_config": CONFIG}
        answer = requests.post(f"{self.url}/predict", json=asked, timeout=200)
        answer.raise_for_status()
        return list(answer.json()["results"])

    @property
    def log(self) -> str:
        return self._program.log.read_text(encoding="utf-8")

    def predicting_workers(self) -> set[str]:
        """Process ids of the workers that have answered with predictions."""
        return set(re.findall(r'^<(\d+)> "POST /predict', self.log, re.MULTILINE))

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).status_code in {
                200,
                401,
            }
        except requests.ConnectionError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A Label Studio, a backend that it may ask, and who counts the downloads.

    Attributes:
        proxy: Between the backend and the server.
        outside: In front of an external web server.
        pictures: The folder of that server.
    """

    site: Site
    api: Api
    proxy: FaultProxy
    outside: FaultProxy
    pictures: Path
    backend: Backend

    def connect(self, project: int, **fields: Any) -> int:
        """Make the backend that of a project; returns its id."""
        asked = {"project": project, "url": self.backend.url, "title": "colours"}
        return int(self.api.post("/api/ml/", {**asked, **fields})["id"])

    def ask_for_predictions(self, project: int) -> None:
        """As the Data Manager's "Retrieve predictions" does for all tasks."""
        self.api.post(
            f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}",
            {"selectedItems": {"all": True, "excluded": []}},
            timeout=200,
        )

    def tasks(self, project: int) -> list[Json]:
        """The tasks with all that belongs to them, as the server has them."""
        wanted = {"project": project, "page_size": 1000, "fields": "all"}
        listed = self.api.get("/api/tasks", params={**wanted, "resolve_uri": "false"})
        return list(listed["tasks"])

    def model_version(self, project: int) -> str:
        """The model version that the server hears from the backend now."""
        (backend,) = self.api.get("/api/ml/", params={"project": project})
        assert backend["readable_state"] == "Connected"
        return str(backend["model_version"])

    def upload(self, project: int, scenes: list[Scene]) -> None:
        for scene in scenes:
            self.api.upload(project, scene.name, scene.content)

    def publish(self, project: int, scenes: list[Scene]) -> None:
        """Put pictures on the external web server, and tasks for them."""
        for scene in scenes:
            (self.pictures / scene.name).write_bytes(scene.content)
        urls = [f"{self.outside.url}/{scene.name}" for scene in scenes]
        self.api.import_tasks(project, [{"image": url} for url in urls])

    def mount(self, project: int, scenes: list[Scene]) -> None:
        """Put pictures into a local storage of the project."""
        folder = self.site.document_root / f"scenes-{project}"
        folder.mkdir()
        for scene in scenes:
            (folder / scene.name).write_bytes(scene.content)
        self.api.add_local_files(project, folder)

    def store(
        self, project: int, kind: StorageKind, store: BucketSite, scenes: list[Scene]
    ) -> None:
        """Put pictures into a bucket that the project imports."""
        bucket = store.new_bucket()
        for scene in scenes:
            store.put(bucket, f"set/{scene.name}", scene.content)
        import_bucket(self.api, project, kind, store, bucket)


@pytest.fixture(scope="module")
def stores(
    s3_store: S3Site, gcs_store: GcsSite, azure_store: AzureSite
) -> dict[StorageKind, BucketSite]:
    """The stores by what the server calls them."""
    return {"s3": s3_store, "gcs": gcs_store, "azure": azure_store}


@pytest.fixture(scope="module")
def world(
    label_studio: Site, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("backend")
    pictures = folder / "pictures"
    pictures.mkdir()
    with ExitStack() as running:
        proxy = running.enter_context(FaultProxy(label_studio.url))
        web = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(_QuietHandler, directory=str(pictures))
        )
        running.callback(web.server_close)
        Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        running.callback(web.shutdown)
        outside = FaultProxy(f"http://127.0.0.1:{web.server_port}")
        backend = Backend(folder / "colours", proxy.url, label_studio.token)
        running.callback(backend.close)
        yield World(
            site=label_studio,
            api=api,
            proxy=proxy,
            outside=running.enter_context(outside),
            pictures=pictures,
            backend=backend,
        )


def azure_at(stores: dict[StorageKind, BucketSite], url: str) -> str:
    """The connection string of Azure by another URL."""
    store = stores["azure"]
    assert isinstance(store, AzureSite)
    return store.at(url).connection_string


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def scene_of(task: Json, scenes: list[Scene]) -> Scene:
    (number,) = re.findall(r"scene-(\d{3})\.png", task["data"]["image"])
    return next(scene for scene in scenes if scene.number == int(number))


def box_in(result: Json) -> Ltwh:
    value = result["value"]
    return value["x"], value["y"], value["width"], value["height"]


def labels_by_scene(world: World, project: int, scenes: list[Scene]) -> Counter[bool]:
    """How many of the newest predictions name what the scene shows."""
    named: Counter[bool] = Counter()
    for task in world.tasks(project):
        newest = max(task["predictions"], key=lambda prediction: prediction["id"])
        (result,) = newest["result"]
        label = scene_of(task, scenes).label
        named[result["value"]["rectanglelabels"] == [label]] += 1
    return named


def test_four_workers_predict_200_tasks_and_download_each_picture_once(
    world: World, stores: dict[StorageKind, BucketSite]
) -> None:
    scenes = [paint(number) for number in range(200)]
    project = world.api.create_project("Harbour", CONFIG)
    world.upload(project, scenes[:40])
    world.mount(project, scenes[40:80])
    world.publish(project, scenes[80:110])
    for number, (kind, store) in enumerate(stores.items()):
        start = 110 + 30 * number
        world.store(project, kind, store, scenes[start : start + 30])
    world.connect(project)
    tasks = world.api.get(f"/api/projects/{project}/tasks", params={"page_size": 500})
    assert len(tasks) == 200

    with ThreadPoolExecutor(WORKERS + 1) as crowd:
        asked = crowd.submit(world.ask_for_predictions, project)
        answers = [
            crowd.submit(world.backend.predict, project, tasks) for _ in range(WORKERS)
        ]
        asked.result()
        first, *others = [answer.result() for answer in answers]
    assert others == [first] * len(others)
    # Who takes a connection is up to the kernel.
    for _ in range(100):
        if len(world.backend.predicting_workers()) == WORKERS:
            break
        assert world.backend.predict(project, tasks) == first
    assert len(world.backend.predicting_workers()) == WORKERS

    for task in world.tasks(project):
        (prediction,) = task["predictions"]
        (result,) = prediction["result"]
        scene = scene_of(task, scenes)
        assert box_in(result) == pytest.approx(scene.ltwh_pct)
        assert (result["original_width"], result["original_height"]) == SIZE
        assert prediction["model_version"] == "untrained"
        assert prediction["score"] == pytest.approx(0.5)
    asked_for = [
        (seen.target, seen.headers["range"])
        for seen in (*world.proxy.seen("^/(data|tasks)/"), *world.outside.seen())
    ]
    assert max(Counter(asked_for).values()) == 1
    # Of a GCS object the server gives the first two bytes, and the rest when asked.
    assert sum(part == "bytes=0-" for _, part in asked_for) == 200


def test_with_credentials_pictures_come_from_the_stores_themselves(
    world: World, stores: dict[StorageKind, BucketSite], tmp_path: Path
) -> None:
    scenes = [paint(number) for number in range(500, 530)]
    project = world.api.create_project("Direct", CONFIG)
    for number, (kind, store) in enumerate(stores.items()):
        world.store(project, kind, store, scenes[10 * number : 10 * number + 10])
    world.proxy.clear()
    with ExitStack() as running:
        gates = {
            kind: running.enter_context(FaultProxy(store.url))
            for kind, store in stores.items()
        }
        backend = Backend(
            tmp_path / "direct",
            world.proxy.url,
            world.site.token,
            **stores["s3"].environment,
            AWS_ENDPOINT_URL_S3=gates["s3"].url,
            AWS_DEFAULT_REGION="us-east-1",
            STORAGE_EMULATOR_HOST=gates["gcs"].url,
            AZURE_STORAGE_CONNECTION_STRING=azure_at(stores, gates["azure"].url),
        )
        running.enter_context(closing(backend))
        world.api.post("/api/ml/", {"project": project, "url": backend.url})
        world.ask_for_predictions(project)
    for task in world.tasks(project):
        (prediction,) = task["predictions"]
        scene = scene_of(task, scenes)
        assert box_in(prediction["result"][0]) == pytest.approx(scene.ltwh_pct)
    assert not world.proxy.seen()
    for gate in gates.values():
        targets = [seen.target for seen in gate.seen("scene")]
        assert max(Counter(targets).values()) == 1
        numbers = re.findall(r"(\d{3})(?:\.|%2E)png", " ".join(targets))
        assert len(set(numbers)) == 10


def test_annotations_change_later_predictions(world: World) -> None:
    scenes = [paint(number) for number in range(300, 310)]
    project = world.api.create_project("Learning", CONFIG)
    world.upload(project, scenes)
    backend_id = world.connect(project)
    world.ask_for_predictions(project)
    # Untrained, the model calls everything by the first label.
    assert labels_by_scene(world, project, scenes) == {True: 5, False: 5}

    tasks = world.tasks(project)
    for task in tasks[:2]:
        scene = scene_of(task, scenes)
        drawn = rectangle(SIZE, scene.label, scene.ltwh_pct)
        world.api.annotate(task["id"], [drawn])
    world.ask_for_predictions(project)
    assert labels_by_scene(world, project, scenes) == {True: 10}

    taught = world.model_version(project)
    assert taught.startswith("colours-")

    # From the beginning: all annotations teach what the webhooks did one by one.
    for path in world.backend.model.iterdir():
        path.unlink()
    assert world.model_version(project) == "untrained"
    world.api.post(f"/api/ml/{backend_id}/train")
    assert world.model_version(project) == taught

    for task in tasks[:2]:
        (annotation,) = world.api.get(f"/api/tasks/{task['id']}/annotations/")
        world.api.request("DELETE", f"/api/annotations/{annotation['id']}/")
    assert world.model_version(project) == "untrained"


def test_a_bad_picture_costs_the_prediction_of_its_task_only(world: World) -> None:
    scenes = [paint(number) for number in range(400, 404)]
    project = world.api.create_project("With a gap", CONFIG)
    world.publish(project, scenes)
    (world.pictures / scenes[1].name).unlink()
    (world.pictures / scenes[2].name).write_bytes(b"no picture")
    world.connect(project)
    world.ask_for_predictions(project)
    tasks = {scene_of(task, scenes): task for task in world.tasks(project)}
    found = [len(tasks[scene]["predictions"]) for scene in scenes]
    assert found == [1, 0, 0, 1]
    for scene in scenes[1:3]:
        assert f"Task {tasks[scene]['id']} has no picture" in world.backend.log

    # Nothing was stored for it, so opening the task asks again.
    (world.pictures / scenes[1].name).write_bytes(scenes[1].content)
    opened = world.api.get(f"/api/tasks/{tasks[scenes[1]]['id']}/")
    (prediction,) = opened["predictions"]
    assert box_in(prediction["result"][0]) == pytest.approx(scenes[1].ltwh_pct)


def test_a_backend_with_a_password_is_connected_with_it(
    world: World, tmp_path: Path
) -> None:
    login = {"BASIC_AUTH_USER": "studio", "BASIC_AUTH_PASS": "sesame"}
    backend = Backend(
        tmp_path / "locked",
        world.proxy.url,
        world.site.token,
        WEB_CONCURRENCY="1",
        **login,
    )
    with closing(backend):
        project = world.api.create_project("Locked", CONFIG)
        asked = {"project": project, "url": backend.url, "auth_method": "BASIC_AUTH"}
        wrong = {**asked, "basic_auth_user": "studio", "basic_auth_pass": "open"}
        answer = world.api.request("POST", "/api/ml/", json=wrong)
        assert answer.status_code == 400
        assert "authentication" in answer.text
        right = {**asked, "basic_auth_user": "studio", "basic_auth_pass": "sesame"}
        assert world.api.post("/api/ml/", right)["readable_state"] == "Connected"


def test_a_project_without_boxes_is_refused_with_the_reason(world: World) -> None:
    config = '<View><Text name="media" value="$text"/></View>'
    project = world.api.create_project("Only texts", config)
    asked = {"project": project, "url": world.backend.url}
    answer = world.api.request("POST", "/api/ml/", json=asked)
    assert answer.status_code == 400
    assert "look like a valid ML backend" in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/setup", {"project": 1}),
        ("/setup", {"project": "1.1", "schema": "<View"}),
        ("/predict", {"project": "x", "label_config": CONFIG, "tasks": []}),
        ("/webhook", {"action": "START_TRAINING"}),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    world: World, path: str, body: Json
) -> None:
    answer = requests.post(world.backend.url + path, json=body, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "Traceback" not in world.backend.log


def test_training_that_the_server_denies_is_a_line_in_the_log(
    world: World, tmp_path: Path
) -> None:
    backend = Backend(tmp_path / "denied", world.proxy.url, "0" * 40)
    with closing(backend):
        project = world.api.create_project("Denied", CONFIG)
        asked = {"project": project, "url": backend.url}
        connected = world.api.post("/api/ml/", asked)["id"]
        # From here the server answers the backend with 401.
        world.api.post(f"/api/ml/{connected}/train")
        assert "refused the legacy token" in backend.log
        assert "Traceback" not in backend.log
