"""Whatever an export of an image project holds, the Report adds up and the output
loads."""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import PAINTED, Converted, convert_tasks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("numpy")  # the label config names brushes
pytest.importorskip("PIL")

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
NUMBER = st.floats(-20, 120) | st.sampled_from(["12.5", 0, 100, 1e12])
LABEL = st.sampled_from(["Car", "Roof", "Eye", "new", "a\nb", "../x", "\u202e", ""])
POINTS = st.lists(st.tuples(NUMBER, NUMBER) | JUNK, max_size=5)


def sometimes_junk(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, good, JUNK)


VALUES = sometimes_junk(
    st.fixed_dictionaries(
        {},
        optional={
            **{
                name: sometimes_junk(NUMBER)
                for name in ("x", "y", "width", "height", "radiusX", "radiusY")
            },
            "rotation": sometimes_junk(NUMBER),
            "points": sometimes_junk(POINTS),
            **{
                name: sometimes_junk(st.lists(LABEL, max_size=2))
                for name in ("rectanglelabels", "polygonlabels", "ellipselabels")
            },
            "labels": sometimes_junk(st.lists(LABEL, max_size=2)),
        },
    )
)
TYPES = st.sampled_from(
    [
        "rectanglelabels",
        "polygonlabels",
        "ellipselabels",
        "brushlabels",
        "labels",
        "rectangle",
        "choices",
        "relation",
        "",
    ]
)
RESULTS = st.fixed_dictionaries(
    {"type": sometimes_junk(TYPES), "value": VALUES},
    optional={
        "id": sometimes_junk(st.sampled_from(["a", "b", "c"])),
        "from_name": sometimes_junk(st.sampled_from(["rect", "poly", "gone"])),
        "to_name": sometimes_junk(st.sampled_from(["img", "img", "img", "gone"])),
        "original_width": sometimes_junk(st.sampled_from([200, "200", 0, None])),
        "original_height": sometimes_junk(st.just(100)),
        "image_rotation": JUNK,
        "item_index": JUNK,
        "meta": JUNK,
        "score": JUNK,
    },
)
ANNOTATIONS = st.fixed_dictionaries(
    {"result": sometimes_junk(st.lists(sometimes_junk(RESULTS), max_size=4))},
    optional={"id": JUNK, "updated_at": JUNK, "was_cancelled": JUNK},
)
IMAGES = st.sampled_from(
    ["/data/upload/1/a.jpg", "https://127.0.0.1:1/a.png", "../../etc/passwd", "", "x"]
)
TASKS = st.fixed_dictionaries(
    {
        "data": sometimes_junk(
            st.fixed_dictionaries(
                {}, optional={"image": sometimes_junk(IMAGES | st.lists(IMAGES))}
            )
        ),
        "annotations": sometimes_junk(st.lists(sometimes_junk(ANNOTATIONS))),
    },
    optional={"id": JUNK},
)
OPTIONS = st.fixed_dictionaries(
    {
        "select": st.sampled_from(["latest", "all"]),
        "clip": st.booleans(),
        "include_unlabeled": st.booleans(),
        "labels": st.sampled_from(["first", "all"]),
        "names": st.sampled_from(["original", "task-id"]),
    }
)

hostile = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def convert_hostile(
    to: str, tasks: list[dict[str, Any]], options: dict[str, Any]
) -> Converted:
    """Convert, and hold what is true of every format to the outcome."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = convert_tasks(folder, to, tasks, xml=PAINTED, **options)
        inside = {path.name for path in folder.iterdir()}
        assert inside <= {"export.json", "config.xml", "out", "cache"}
        (check_coco if to == "coco" else check_yolo)(done)
    return done


def check_coco(done: Converted) -> None:
    content = done.json("result.json")
    images = {row["id"] for row in content["images"]}
    categories = {row["id"] for row in content["categories"]}
    assert len(images) == len(content["images"])
    assert len({row["file_name"] for row in content["images"]}) == len(images)
    for row in content["annotations"]:
        assert row["image_id"] in images
        assert row["category_id"] in categories
        assert all(math.isfinite(number) for number in row["bbox"])
        assert row["area"] > 0
        for ring in row["segmentation"]:
            assert len(ring) >= 6
            assert len(ring) % 2 == 0
    judge = pytest.importorskip("pycocotools.coco")
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = judge.COCO(str(done.root / "result.json"))
    assert len(loaded.anns) >= done.report.regions_written


def check_yolo(done: Converted) -> None:
    classes = done.text("classes.txt").split("\n")[:-1]
    names = pytest.importorskip("yaml").safe_load(done.text("data.yaml"))["names"]
    assert list(names) == list(range(len(classes)))
    found = 0
    for path in (done.root / "labels").glob("**/*.txt"):
        for line in path.read_text().splitlines():
            class_id, *numbers = line.split(" ")
            assert int(class_id) < len(classes)
            assert all(math.isfinite(float(number)) for number in numbers)
            found += 1
    assert found >= done.report.regions_written


@hostile
@given(tasks=st.lists(TASKS, max_size=4), options=OPTIONS)
def test_hostile_exports_become_coco_that_loads(
    tasks: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    convert_hostile("coco", tasks, options)


@hostile
@given(
    tasks=st.lists(TASKS, max_size=4),
    options=OPTIONS,
    task=st.sampled_from(["auto", "detect", "segment"]),
)
def test_hostile_exports_become_yolo_that_loads(
    tasks: list[dict[str, Any]], options: dict[str, Any], task: str
) -> None:
    convert_hostile("yolo", tasks, {**options, "task": task})
