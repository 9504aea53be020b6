"""Several processes read the same media as one, and fetch none of them twice."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from formats.goldens import read_tree
from formats.recordings_rig import wav
from pipeline.rig import EVERYTHING, box, png, rich_task, span, turn, usable_formats
from resolver.media_server import MediaServer

from ls_tools import Report, Settings, convert
from ls_tools.pipeline.division import planning
from ls_tools.reading import inputs

XML = EVERYTHING.replace(
    '<Text name="txt" value="$text"/>',
    '<Text name="txt" value="$text" valueType="url"/>',
).replace("</View>", '<TextArea name="said" toName="snd" perRegion="true"/></View>')
COUNT = 40


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK_BYTES", 4000)
    monkeypatch.setattr(planning, "WORTH_BYTES", 1)
    monkeypatch.setattr(planning, "core_count", lambda: 2)
    monkeypatch.setattr(inputs, "_MAPPED_FROM_BYTES", 1)


def unsized(number: int, where: str) -> dict[str, Any]:
    """A task whose media alone tell their size, length and text."""
    around, spoken = box(), turn(0.01, 5)
    del around["original_width"], around["original_height"], spoken["original_length"]
    said = {**spoken, "from_name": "said", "type": "textarea", "value": {"text": ["a"]}}
    return rich_task(
        number,
        *(around, span(0, 5), spoken, said),
        image=f"{where}p{number}.png",
        sound=f"{where}s{number}.wav",
        text=f"{where}t.txt",
    )


def media(folder: Path) -> dict[str, bytes]:
    bodies, sound = {"t.txt": b"hello"}, wav(folder, "s.wav", 0.1).read_bytes()
    for number in range(COUNT):
        bodies[f"p{number}.png"] = png(20 + number, 10)
        bodies[f"s{number}.wav"] = sound
    return {name: bodies[name] for name in bodies if not name.startswith("p7.")}


def both(
    folder: Path, to: str, where: str, caplog: pytest.LogCaptureFixture, **given: Any
) -> list[Report]:
    """The Reports of one and of two processes, whose files are the same."""
    caplog.set_level(logging.DEBUG, "ls_tools")
    tasks = [unsized(number, where) for number in range(COUNT)]
    export, config = folder / "export.json", folder / "config.xml"
    export.write_text(json.dumps(tasks))
    config.write_text(XML)
    reports = []
    for count in (1, 2):
        caplog.clear()
        cache = folder / f"cache{count}"
        settings = Settings(processes=count, cache_dir=cache, **given)
        out = folder / f"out{count}"
        reports.append(convert(export, to, out, config=config, settings=settings))
        reports[-1].run = Report(format="").run
    assert read_tree(folder / "out1") == read_tree(folder / "out2")
    assert not any("One process" in text for text in caplog.messages)
    return reports


def asking(*formats: str) -> list[Any]:
    """These formats, as far as what they need for brushes is there."""
    return [one for one in usable_formats(painted=True) if one.values[0] in formats]


@pytest.mark.parametrize(
    "to", asking("coco", "voc", "yolo", "masks", "conll2003", "asr_manifest", "rttm")
)
def test_files_of_the_document_root_are_read_by_all(
    to: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name, body in media(tmp_path).items():
        (root / name).write_bytes(body)
    where = "/data/local-files/?d="
    one, two = both(tmp_path, to, where, caplog, document_root=root, mode="offline")
    assert one == two
    assert one.regions_written


@pytest.mark.parametrize("to", asking("coco", "voc", "masks", "conll2003"))
def test_no_medium_is_fetched_twice(
    to: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with MediaServer() as server:
        for name, body in media(tmp_path).items():
            server.put(f"/{name}", body)
        one, two = both(tmp_path, to, f"{server.url}/", caplog)
        asked = Counter(server.targets)
    assert one == two
    assert one.regions_written
    assert asked
    assert {name for name, times in asked.items() if times > 2} <= {"/p7.png"}
