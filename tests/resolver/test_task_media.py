"""The media of a task: which values, and in which shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from resolver.media_server import MediaServer

from ls_tools.errors import BadReferenceError, NotAnExportError, NotFoundError
from ls_tools.label_config import parse_label_config
from ls_tools.models import Task
from ls_tools.pipeline import fetch_media
from ls_tools.resolver import Resolver, resolve_task
from ls_tools.settings import Bounds, Settings


@pytest.fixture
def task(server: MediaServer) -> dict[str, Any]:
    for name in ("a.png", "b.png", "t.csv", "text.txt"):
        server.put(f"/data/upload/1/{name}", name.encode())
    server.put("/tasks/7/resolve/", b"sound")
    return {
        "id": 7,
        "project": 3,
        "data": {
            "image": "/data/upload/1/a.png",
            "pages": [
                {"url": "/data/upload/1/b.png", "page": 1},
                "/data/upload/1/a.png",
            ],
            "series": {"csv": "/data/upload/1/t.csv", "rows": 3},
            "sound": "s3://clips/one.wav",
            "text": "A picture of upload/1 is at /data/upload/1/a.png",
            "long": "/data/upload/1/text.txt",
            "count": 5,
            "inline": "data:image/png;base64,AAAA",
        },
    }


def read(value: Any) -> str:
    return Path(value).read_bytes().decode()


def test_media_are_found_by_form(task: dict[str, Any], resolver: Resolver) -> None:
    media = resolve_task(task, resolver=resolver)
    assert sorted(media) == ["image", "long", "pages", "series", "sound"]
    assert read(media["image"]) == "a.png"
    assert read(media["sound"]) == "sound"


def test_lists_and_objects_keep_their_shape(
    task: dict[str, Any], settings: Settings
) -> None:
    media = resolve_task(task, settings=settings)
    assert read(media["pages"][0]["url"]) == "b.png"
    assert media["pages"][0]["page"] == 1
    assert read(media["pages"][1]) == "a.png"
    assert read(media["series"]["csv"]) == "t.csv"
    assert media["series"]["rows"] == 3
    assert task["data"]["pages"][1] == "/data/upload/1/a.png"


def test_a_label_config_says_what_is_media(
    task: dict[str, Any], resolver: Resolver
) -> None:
    config = """<View>
      <Image name="i" value="$image"/> <Image name="n" value="$inline"/>
      <Image name="p" valueList="$pages"/> <Text name="t" value="$text"/>
      <Text name="l" value="$long" valueType="url"/>
      <TimeSeries name="s" value="$series" valueType="json"/>
      <Audio name="gone" value="$nothing"/>
      <Choices name="c" toName="i"><Choice value="x"/></Choices>
    </View>"""
    for given in (config, parse_label_config(config)):
        media = resolve_task(task, given, resolver=resolver)
        assert sorted(media) == ["image", "long", "pages"]


def test_a_value_that_media_need_but_that_is_none_is_an_error(
    task: dict[str, Any], resolver: Resolver
) -> None:
    task["data"]["image"] = "not a reference"
    config = '<View><Image name="i" value="$image"/></View>'
    with pytest.raises(ValueError, match="not a reference"):
        resolve_task(task, config, resolver=resolver)


def test_a_task_of_an_export_is_taken_too(
    task: dict[str, Any], resolver: Resolver
) -> None:
    parsed = Task(id=7, data=task["data"], project=3)
    assert resolve_task(parsed, resolver=resolver) == resolve_task(
        task, resolver=resolver
    )


def test_task_data_alone_is_taken_too(task: dict[str, Any], resolver: Resolver) -> None:
    media = resolve_task({"image": task["data"]["image"]}, resolver=resolver)
    assert read(media["image"]) == "a.png"


def test_all_are_tried_before_the_first_error_is_raised(
    task: dict[str, Any], resolver: Resolver, server: MediaServer
) -> None:
    data = {"one": "/data/upload/1/gone.png", "two": "/data/upload/1/a.png"}
    with pytest.raises(NotFoundError):
        resolve_task({"id": 7, "data": data}, resolver=resolver)
    assert "/data/upload/1/a.png" in server.targets
    assert task


@pytest.mark.parametrize("value", [None, [], "text", 1, {"id": 1, "data": None}])
def test_what_has_no_task_data_is_refused(resolver: Resolver, value: Any) -> None:
    with pytest.raises(NotAnExportError):
        resolve_task(value, resolver=resolver)


def test_what_is_no_task_is_refused(resolver: Resolver) -> None:
    with pytest.raises(NotAnExportError, match="list"):
        resolve_task({"id": 1, "data": []}, resolver=resolver)


def test_an_id_that_is_text_names_its_task_all_the_same(
    task: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    task |= {"id": "7", "project": "3"}
    assert read(resolve_task(task, settings=settings)["sound"]) == "sound"
    export = tmp_path / "tasks.json"
    export.write_text(json.dumps([task]), encoding="utf-8")
    assert fetch_media(export, settings=settings, keys=["sound"]).failed == []


@pytest.mark.parametrize("odd", ["1" * 5000, "x", "\u00b2", 1.5, True, None, [7]])
def test_an_id_that_is_none_stops_no_other_reference(
    odd: object, resolver: Resolver, task: dict[str, Any]
) -> None:
    task |= {"id": odd, "project": odd}
    del task["data"]["sound"]
    assert read(resolve_task(task, resolver=resolver)["image"]) == "a.png"


@pytest.mark.parametrize("bounds", [Bounds(references_per_value=1), Bounds(nesting=1)])
def test_the_settings_bound_what_a_value_may_hold(
    bounds: Bounds, task: dict[str, Any], settings: Settings
) -> None:
    settings = settings.evolve(bounds=bounds)
    for config in (None, '<View><Image name="p" valueList="$pages"/></View>'):
        with pytest.raises(BadReferenceError, match="more than 1"):
            resolve_task(task, config, settings=settings)
