"""The promises of the rig itself: the server, its tokens, its data, its faults."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from services import supervise
from services.api import Api
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import (
    ClaimLength,
    Corrupt,
    Cut,
    Delay,
    Fault,
    Interrupt,
    Refuse,
    Reset,
    Stall,
    Status,
    Trickle,
)
from services.label_studio import StartLabelStudio
from services.projects import SeededProject, seed_large_project
from services.sites import Site


def whoami(site: Site, authorization: str) -> int:
    url = f"{site.url}/api/current-user/whoami"
    return requests.get(
        url, headers={"Authorization": authorization}, timeout=30
    ).status_code


def download(site: Site, url: str, **headers: str) -> requests.Response:
    headers = {"Authorization": f"Token {site.token}", **headers}
    return requests.get(url, headers=headers, timeout=30)


def test_legacy_token_is_accepted(label_studio: Site) -> None:
    assert whoami(label_studio, f"Token {label_studio.token}") == 200


def test_personal_token_gives_an_access_token(
    label_studio: Site, personal_token: str, api: Api
) -> None:
    access = api.post("/api/token/refresh/", {"refresh": personal_token})["access"]
    assert whoami(label_studio, f"Bearer {access}") == 200
    assert whoami(label_studio, f"Bearer {personal_token}") == 401


def test_minted_access_token_is_accepted_until_it_expires(label_studio: Site) -> None:
    fresh, expired = (label_studio.mint_access_token(life) for life in (60, -1))
    assert whoami(label_studio, f"Bearer {fresh}") == 200
    assert whoami(label_studio, f"Bearer {expired}") == 401


def test_uploaded_and_local_pictures_come_back_byte_for_byte(
    label_studio: Site, image_project: SeededProject
) -> None:
    assert len(image_project.tasks) == 14
    for task in image_project.tasks.values():
        answer = download(label_studio, label_studio.url + task.reference)
        assert answer.content == task.media, task.name


def test_export_holds_what_was_posted(api: Api, image_project: SeededProject) -> None:
    exported = {task["id"]: task for task in export(api, image_project)}
    assert set(exported) == {task.id for task in image_project.tasks.values()}
    for task in image_project.tasks.values():
        results = {item["id"]: item for item in exported[task.id]["annotations"]}
        assert set(results) == {item.id for item in task.annotations}
        for item in task.annotations:
            assert results[item.id]["result"] == item.result
            assert {k: results[item.id][k] for k in item.fields} == item.fields


def test_export_counts_predictions_and_drafts(
    api: Api, image_project: SeededProject
) -> None:
    exported = {task["id"]: task for task in export(api, image_project)}
    for key, field in (("predicted", "predictions"), ("drafted", "drafts")):
        task = image_project.tasks[key]
        assert len(exported[task.id][field]) == 1


def test_text_project_keeps_offsets(api: Api, text_project: SeededProject) -> None:
    for task in export(api, text_project):
        text = task["data"]["text"]
        for annotation in task["annotations"]:
            for item in annotation["result"]:
                if item["type"] == "labels":
                    value = item["value"]
                    assert text[value["start"] : value["end"]] == value["text"]


def test_view_selects_tasks(api: Api, image_project: SeededProject) -> None:
    only_skipped = {
        "conjunction": "and",
        "items": [
            {
                "filter": "filter:tasks:cancelled_annotations",
                "operator": "greater",
                "type": "Number",
                "value": 0,
            }
        ],
    }
    view = api.create_view(image_project.id, "skipped", only_skipped)
    listed = api.get("/api/tasks", params={"project": image_project.id, "view": view})
    assert [task["id"] for task in listed["tasks"]] == [
        image_project.tasks["skipped"].id
    ]


def export(api: Api, project: SeededProject) -> Any:
    return api.get(
        f"/api/projects/{project.id}/export",
        params={"exportType": "JSON", "download_all_tasks": "true"},
    )


def test_killed_server_comes_back_with_its_data_and_url(
    own_label_studio: StartLabelStudio,
) -> None:
    server = own_label_studio()
    url = server.site.url
    with Api(server.site) as api:
        project = api.create_project("Kept", "<View/>")
    server.kill()
    with pytest.raises(requests.ConnectionError):
        whoami(server.site, f"Token {server.site.token}")
    assert server.start().url == url
    with Api(server.site) as api:
        assert api.get(f"/api/projects/{project}/")["title"] == "Kept"
        refreshed = api.post(
            "/api/token/refresh/", {"refresh": server.site.personal_token}
        )
    assert whoami(server.site, f"Bearer {refreshed['access']}") == 200


def test_server_that_knows_its_url_writes_it_into_task_data(
    own_label_studio: StartLabelStudio,
) -> None:
    server = own_label_studio(knows_its_url=True)
    folder = server.document_root / "set"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    with Api(server.site) as api:
        config = '<View><Text name="text" value="$text"/></View>'
        project = api.create_project("Absolute", config)
        [task] = api.add_local_files(project, folder)
        reference = api.tasks(project)[task]["text"]
    assert reference == f"{server.site.url}/data/local-files/?d=set/a.txt"


def test_server_ends_with_the_process_that_started_it() -> None:
    supervised = subprocess.Popen(
        [sys.executable, supervise.__file__, "SIGTERM", "sleep", "600"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert supervised.stdin
    supervised.stdin.close()
    assert supervised.wait(30) != 0


def test_proxy_is_transparent_without_a_fault(
    label_studio: Site, image_project: SeededProject, fault_proxy: StartProxy
) -> None:
    proxy = fault_proxy()
    task = image_project.tasks["rectangles"]
    answer = download(label_studio, proxy.url + task.reference, Range="bytes=10-")
    assert (answer.status_code, answer.content) == (206, task.media[10:])
    [seen] = proxy.seen()
    assert (seen.method, seen.target) == ("GET", task.reference)
    assert seen.headers["range"] == "bytes=10-"
    assert seen.headers["authorization"] == f"Token {label_studio.token}"


def test_status_takes_the_place_of_the_server(
    label_studio: Site, fault_proxy: StartProxy
) -> None:
    proxy = fault_proxy()
    proxy.plan(Status(code=503, content=b"busy", extra={"Retry-After": "7"}), times=2)
    url = f"{proxy.url}/api/projects/"
    for _ in range(2):
        answer = download(label_studio, url)
        assert (answer.status_code, answer.text) == (503, "busy")
        assert answer.headers["Retry-After"] == "7"
    assert download(label_studio, url).status_code == 200
    assert proxy.unused == 0


def test_fault_hits_only_the_requests_that_it_is_meant_for(
    label_studio: Site, fault_proxy: StartProxy
) -> None:
    proxy = fault_proxy()
    proxy.plan(Status(code=500), target=r"^/api/projects/")
    assert download(label_studio, f"{proxy.url}/api/version").status_code == 200
    assert download(label_studio, f"{proxy.url}/api/projects/").status_code == 500
    assert [item.fault is None for item in proxy.seen()] == [True, False]


def test_refuse_answers_nothing(label_studio: Site, fault_proxy: StartProxy) -> None:
    proxy = fault_proxy()
    proxy.plan(Refuse())
    with pytest.raises(requests.ConnectionError):
        download(label_studio, f"{proxy.url}/api/version")


@pytest.fixture(params=["", "bytes=0-"], ids=["plain", "range"])
def download_large(
    request: pytest.FixtureRequest, label_studio: Site, large_project: SeededProject
) -> Callable[[FaultProxy], requests.Response]:
    headers = {"Range": request.param} if request.param else {}
    reference = large_project.tasks["large"].reference

    def fetch(proxy: FaultProxy) -> requests.Response:
        return download(label_studio, proxy.url + reference, **headers)

    return fetch


def test_cut_is_silent_without_a_length_and_seen_with_one(
    label_studio: Site, large_project: SeededProject, fault_proxy: StartProxy
) -> None:
    task = large_project.tasks["large"]
    proxy = fault_proxy()
    proxy.plan(Cut(after_bytes=300_000), times=2)
    answer = download(label_studio, proxy.url + task.reference)
    assert answer.content == task.media[:300_000]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        download(label_studio, proxy.url + task.reference, Range="bytes=0-")


def test_reset_is_an_error_with_and_without_a_length(
    fault_proxy: StartProxy, download_large: Callable[[FaultProxy], requests.Response]
) -> None:
    proxy = fault_proxy()
    proxy.plan(Reset(after_bytes=300_000))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        download_large(proxy)


def test_stall_sends_so_much_and_keeps_the_connection(
    label_studio: Site, large_project: SeededProject, fault_proxy: StartProxy
) -> None:
    task = large_project.tasks["large"]
    proxy = fault_proxy()
    proxy.plan(Stall(after_bytes=300_000))
    received = read_until_silent(label_studio, proxy, task.reference)
    assert received.partition(b"\r\n\r\n")[2] == task.media[:300_000]


def read_until_silent(site: Site, proxy: FaultProxy, target: str) -> bytes:
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {site.token}\r\n"
    port = urlsplit(proxy.url).port or 0
    received = b""
    with socket.create_connection(("127.0.0.1", port), 1.0) as client:
        client.sendall(head.encode() + b"\r\n")
        while True:
            try:
                chunk = client.recv(65536)
            except TimeoutError:
                return received
            assert chunk, "the connection was closed"
            received += chunk


def test_trickle_comes_slowly_and_whole(
    label_studio: Site, image_project: SeededProject, fault_proxy: StartProxy
) -> None:
    task = image_project.tasks["local_plain"]
    proxy = fault_proxy()
    chunk_bytes = len(task.media) // 4
    proxy.plan(Trickle(chunk_bytes=chunk_bytes, pause_s=0.05))
    begin = time.monotonic()
    answer = download(label_studio, proxy.url + task.reference)
    assert answer.content == task.media
    assert time.monotonic() - begin >= 0.2


def test_delay_holds_the_request_back(
    label_studio: Site, fault_proxy: StartProxy
) -> None:
    proxy = fault_proxy()
    proxy.plan(Delay(seconds=0.3))
    begin = time.monotonic()
    assert download(label_studio, f"{proxy.url}/api/version").status_code == 200
    assert time.monotonic() - begin >= 0.3


def test_corrupt_flips_one_byte(
    large_project: SeededProject,
    fault_proxy: StartProxy,
    download_large: Callable[[FaultProxy], requests.Response],
) -> None:
    media = large_project.tasks["large"].media
    proxy = fault_proxy()
    proxy.plan(Corrupt(at_byte=700_000))
    content = download_large(proxy).content
    assert len(content) == len(media)
    differing = [
        i
        for i, pair in enumerate(zip(content, media, strict=True))
        if len(set(pair)) > 1
    ]
    assert differing == [700_000]


@pytest.mark.parametrize(
    ("claimed", "got"), [(100, 100), (None, 4_198_482)], ids=["short", "absent"]
)
def test_claimed_length_is_believed_by_a_client(
    label_studio: Site,
    large_project: SeededProject,
    fault_proxy: StartProxy,
    claimed: int | None,
    got: int,
) -> None:
    task = large_project.tasks["large"]
    proxy = fault_proxy()
    proxy.plan(ClaimLength(length=claimed))
    url = proxy.url + task.reference
    answer = download(label_studio, url, Range="bytes=0-")
    assert answer.headers.get("Content-Length") == (claimed and str(claimed))
    assert len(answer.content) == min(got, len(task.media))


def test_claimed_length_that_is_too_long_is_an_error(
    label_studio: Site, image_project: SeededProject, fault_proxy: StartProxy
) -> None:
    proxy = fault_proxy()
    proxy.plan(ClaimLength(length=10_000_000))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        download(label_studio, proxy.url + image_project.tasks["rectangles"].reference)


def test_interrupt_acts_in_the_middle_of_a_body(
    large_project: SeededProject,
    fault_proxy: StartProxy,
    download_large: Callable[[FaultProxy], requests.Response],
) -> None:
    calls: list[int] = []
    proxy = fault_proxy()
    proxy.plan(Interrupt(after_bytes=300_000, action=lambda: calls.append(1)))
    assert download_large(proxy).content == large_project.tasks["large"].media
    assert calls == [1]


def test_server_killed_in_the_middle_of_a_body_is_a_cut(
    own_label_studio: StartLabelStudio, fault_proxy: StartProxy
) -> None:
    server = own_label_studio()
    with Api(server.site) as api:
        task = seed_large_project(api).tasks["large"]
    proxy = fault_proxy(server.site.url)
    # At once, before the rest is on its way, where it arrives without a server.
    proxy.plan(Interrupt(after_bytes=1, action=server.kill))
    url = proxy.url + task.reference
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        download(server.site, url, Range="bytes=0-")
    server.start()
    assert download(server.site, url).content == task.media


def test_faults_are_what_a_plan_takes(fault_proxy: StartProxy) -> None:
    proxy = fault_proxy()
    proxy.plan(Fault(), Cut(after_bytes=1), times=3)
    assert proxy.unused == 6
    proxy.clear()
    assert proxy.unused == 0
