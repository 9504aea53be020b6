"""Whatever masks and keypoints an export holds, the Report adds up and COCO loads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, cast

import pytest
from formats.coco_rig import BRUSHES, PEOPLE, bitmask, brush, load
from formats.pictures_rig import Converted, convert_tasks
from formats.test_hostile_pictures import JUNK, NUMBER, hostile, sometimes_junk
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.rle import decode_coco
from ls_tools.rle.coco import CocoRle

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")

CODE = brush(np.eye(100, 200, dtype=bool))["value"]["rle"]
PICTURE = bitmask(np.eye(100, 200, dtype=bool))["value"]["imageDataURL"]


@st.composite
def damaged(draw: st.DrawFn, code: Any) -> Any:
    """A code that was cut, or changed in one place."""
    place = draw(st.integers(0, len(code) - 1))
    if draw(st.booleans()):
        return code[:place]
    other = code[draw(st.integers(0, len(code) - 1))]
    put = other if isinstance(code, str) else [other]
    return code[:place] + put + code[place + 1 :]


CODES = st.just(CODE) | damaged(CODE) | st.lists(st.integers(-1, 256)) | JUNK
PICTURES = st.just(PICTURE) | damaged(PICTURE) | JUNK
IDS = st.sampled_from(["a", "b", "c", "d"])
NAMES = st.sampled_from(["nose", "left eye", "tail", "Sky", "Person", ""])
LABEL_KEYS = (
    "keypointlabels",
    "brushlabels",
    "bitmasklabels",
    "rectanglelabels",
    "labels",
)
LABELS = sometimes_junk(st.lists(NAMES, max_size=2))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        **{name: sometimes_junk(NUMBER) for name in ("x", "y", "width", "height")},
        "rle": CODES,
        "imageDataURL": PICTURES,
        "choices": sometimes_junk(st.lists(st.sampled_from(["Crowd", "Occluded"]))),
        **dict.fromkeys(LABEL_KEYS, LABELS),
    },
)
RESULTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from([*LABEL_KEYS, "choices", "relation"]),
        "value": sometimes_junk(VALUES),
    },
    optional={
        "id": sometimes_junk(IDS),
        "parentID": sometimes_junk(IDS),
        "from_name": st.sampled_from(["kp", "brush", "rect", "gone"]),
        "to_name": st.sampled_from(["img", "img", "img", "gone"]),
        "original_width": sometimes_junk(st.sampled_from([200, 200, 1e9, 0.1])),
        "original_height": sometimes_junk(st.sampled_from([100, 100, 1e9])),
        "score": JUNK,
    },
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(1, 9),
            "data": st.just({"image": "/data/upload/1/a.jpg"}),
            "annotations": st.lists(
                st.fixed_dictionaries({"result": st.lists(RESULTS, max_size=5)}),
                max_size=2,
            ),
        }
    ),
    max_size=3,
)
OPTIONS = st.fixed_dictionaries(
    {
        "select": st.sampled_from(["latest", "all"]),
        "clip": st.booleans(),
        "labels": st.sampled_from(["first", "all"]),
    }
)
OWN = st.fixed_dictionaries(
    {
        "masks": st.sampled_from(["rle", "polygon"]),
        "crowd": st.sampled_from(["", "Crowd"]),
        "occluded": st.sampled_from(["", "Occluded"]),
    }
)


def check(done: Converted) -> None:
    """What is true of every COCO file, by pycocotools and by itself."""
    content = done.json("result.json")
    keypoints = {c["id"]: c.get("keypoints", []) for c in content["categories"]}
    loaded = load(done)
    for row in content["annotations"]:
        assert row["area"] > 0
        columns = row.get("keypoints", [])
        assert len(columns) == 3 * len(keypoints[row["category_id"]])
        assert row.get("num_keypoints", 0) == sum(v > 0 for v in columns[2::3])
        if isinstance(row["segmentation"], dict):
            code = cast("CocoRle", row["segmentation"])
            assert decode_coco(code).any()
        else:
            assert not row["iscrowd"]
    assert len(loaded.anns) == len(content["annotations"])


@hostile
@given(tasks=TASKS, options=OPTIONS, own=OWN, xml=st.sampled_from([BRUSHES, PEOPLE]))
def test_hostile_masks_and_keypoints_become_coco_that_loads(
    tasks: list[dict[str, Any]], options: dict[str, Any], own: Any, xml: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        done = convert_tasks(Path(name), "coco", tasks, xml=xml, **options, **own)
        check(done)


@hostile
@given(tasks=TASKS, options=OPTIONS)
def test_hostile_masks_become_brush_coco_that_loads(
    tasks: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        check(convert_tasks(Path(name), "brush_coco", tasks, xml=BRUSHES, **options))
