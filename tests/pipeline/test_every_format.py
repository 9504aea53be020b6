"""What every format promises of messy exports."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline.rig import (
    CONFIG,
    Workshop,
    box,
    expresses_boxes,
    holds_tasks,
    is_usable,
    mood,
    task,
    usable_formats,
)
from reading.strategies import messy_export

from ls_tools import LsToolsError, Settings, Split, convert
from ls_tools.errors import NotAnExportError
from ls_tools.formats import FORMATS

THIRDS = Split(fractions={"train": 0.5, "val": 0.25, "test": 0.25})

every_format = pytest.mark.parametrize("to", usable_formats())

TWO_OBJECTS = """\
<View>
  <Image name="b" value="$second"/><Image name="a" value="$first"/>
  <RectangleLabels name="box" toName="a"><Label value="Car"/></RectangleLabels>
  <RectangleLabels name="other" toName="b"><Label value="Bus"/></RectangleLabels>
</View>
"""


def times(*moments: str | None) -> list[dict[str, Any]]:
    """A task with one annotation per moment, the last of them the newest."""
    one = task(1)
    one["annotations"] = [
        {"id": number, "result": [box()], **({"created_at": at} if at else {})}
        for number, at in enumerate(moments, start=1)
    ]
    return [one]


@every_format
def test_a_missing_created_at_is_no_obstacle(workshop: Workshop, to: str) -> None:
    """F26."""
    report = workshop.convert(times(None, "2024-01-01T00:00:00Z"), to, config=CONFIG)
    assert report.tasks_written == holds_tasks(to)
    assert report.annotations_in == 2
    for policy in ("all", "latest", "oldest"):
        mixed = times("2024-01-01T00:00:00Z", None, "2024-01-01 00:00", "yesterday")
        report = workshop.convert(mixed, to, config=CONFIG, select=policy)
        assert report.tasks_in == 1


@every_format
@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"[", b'[{"id": 1', b"not json", b"<html></html>", b"[1, 2]"],
    ids=["empty", "blank", "open", "cut", "text", "html", "numbers"],
)
def test_what_is_no_export_is_an_error_and_leaves_nothing(
    workshop: Workshop, to: str, content: bytes
) -> None:
    """F27."""
    with pytest.raises(NotAnExportError):
        workshop.convert(content, to, config=CONFIG)
    assert {path.name for path in workshop.folder.iterdir()} <= {"config.xml", "root"}


@every_format
def test_every_spelling_of_an_export_gives_the_same_output(
    workshop: Workshop, to: str
) -> None:
    """F27 and F33."""
    tasks = [task(n, box()) for n in (1, 2, 3)]
    folder = workshop.folder / "tasks"
    folder.mkdir()
    for one in tasks:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    path = workshop.folder / "tasks.json"
    path.write_text(json.dumps(tasks))
    spellings = (
        path,
        folder,
        b"\xef\xbb\xbf" + json.dumps(tasks).encode(),
        "\n".join(json.dumps(one) for one in tasks).encode(),
    )
    trees = []
    for spelling in spellings:
        report = workshop.convert(spelling, to, config=CONFIG)
        assert report.tasks_written == 3 * holds_tasks(to)
        assert report.regions_written == 3 * expresses_boxes(to)
        trees.append(workshop.tree())
    assert all(tree == trees[0] for tree in trees)


@every_format
def test_one_task_alone_is_an_export(workshop: Workshop, to: str) -> None:
    """F33."""
    report = workshop.convert(json.dumps(task(1, box())).encode(), to, config=CONFIG)
    assert report.tasks_written == holds_tasks(to)


def test_the_hash_seed_decides_nothing(tmp_path: Path) -> None:
    """F28."""
    one = task(1, box(), box("s", from_name="other", to_name="b"))
    one["data"] = {"first": "/data/upload/1/a.png", "second": "/data/upload/1/b.png"}
    (tmp_path / "tasks.json").write_text(json.dumps([one]))
    (tmp_path / "config.xml").write_text(TWO_OBJECTS)
    script = (
        "import sys; from ls_tools import convert\n"
        "for name in sys.argv[2:]:\n"
        "  convert('tasks.json', name, sys.argv[1] + name, config='config.xml')\n"
        "  convert('tasks.json', name, sys.argv[1] + name + '-inferred')\n"
    )
    names = [name for name in FORMATS if is_usable(name)]
    for seed in ("0", "1", "2"):
        subprocess.run(
            [sys.executable, "-c", script, f"{seed}/", *names],
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
    trees = [content_of(tmp_path / seed) for seed in ("0", "1", "2")]
    assert len(trees[0]) > 2 * len(names)
    assert trees[0] == trees[1] == trees[2]


def content_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@every_format
@pytest.mark.parametrize("config", [CONFIG, None], ids=["config", "inferred"])
def test_missing_data_and_sizes_lose_no_more_than_themselves(
    workshop: Workshop, to: str, config: str | None
) -> None:
    """F29."""
    sizeless: dict[str, Any] = {"original_width": None, "original_height": None}
    tasks = [
        task(1, box(**sizeless)),
        task(2, box(), image=None),
        task(3, box()),
        task(4, box()),
        {"id": 5, "annotations": [{"id": 5, "result": [box()]}]},
    ]
    del tasks[2]["data"]["image"]
    report = workshop.convert(tasks, to, config=config)
    assert report.tasks_in == 5
    assert report.regions_in == 5
    assert (report.regions_written > 0) == expresses_boxes(to)


@every_format
def test_a_list_of_pictures_is_no_obstacle(workshop: Workshop, to: str) -> None:
    """F29."""
    config = CONFIG.replace('value="$image"', 'valueList="$images"')
    images = [f"/data/local-files/?d=p{n}.png" for n in (1, 2)]
    tasks = [task(1, box(item_index=0), box("s", item_index=1), images=images)]
    report = workshop.convert(tasks, to, config=config)
    assert report.tasks_in == 1
    assert report.regions_in == 2


@every_format
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    export=messy_export(),
    policy=st.sampled_from([None, "latest", "all", "predictions", "drafts", "by:1"]),
    has_config=st.booleans(),
    include_unlabeled=st.booleans(),
    split=st.sampled_from([None, THIRDS, replace(THIRDS, stratify=True)]),
)
def test_whatever_the_export_the_report_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    to: str,
    export: bytes,
    policy: str | None,
    has_config: bool,  # noqa: FBT001 -- drawn by hypothesis
    include_unlabeled: bool,  # noqa: FBT001 -- likewise
    split: Split | None,
) -> None:
    folder = tmp_path_factory.mktemp("messy")
    config = folder / "config.xml"
    config.write_text(CONFIG)
    offline = Settings(cache_dir=folder / "cache", mode="offline")
    try:
        report = convert(
            io.BytesIO(export),
            to,
            folder / "out",
            config=config if has_config else None,
            settings=offline,
            select=policy,
            include_unlabeled=include_unlabeled,
            split=split,
        )
    except LsToolsError:
        assert not (folder / "out").exists()
    else:
        report.check()
        written = [p for p in (folder / "out").rglob("*") if p.is_file()]
        assert report.files_written == len(written) - 2
        if split is not None:
            assert isinstance(report.splits, dict)
            assert sum(report.splits.values()) == report.tasks_written
    known = {"config.xml", "cache", "out"}
    assert {path.name for path in folder.iterdir()} <= known
    shutil.rmtree(folder)


def test_mood_is_a_region_too(workshop: Workshop) -> None:
    report = workshop.convert([task(1, box(), mood())], "csv", config=CONFIG)
    assert (report.regions_in, report.regions_written) == (2, 2)
