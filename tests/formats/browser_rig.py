"""What was drawn by mouse in a real browser, and what must have come of it.

The places are those of the mouse on the picture; the checks look at what a format made
of the server's export.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Settings, convert
from ls_tools.errors import MissingDependencyError

Patch = tuple[int, int, int, int]
Point = tuple[float, float]
Check = Callable[[Path, Path], None]
"""Checks an export: its JSON file, and a folder to write in."""

SIZE = (96, 64)
RED: Patch = (20, 16, 36, 28)
GREEN: Patch = (56, 12, 80, 20)
BLUE: Patch = (20, 36, 30, 54)
PATCHES = {RED: (255, 0, 0), GREEN: (0, 255, 0), BLUE: (0, 0, 255)}
TURNS = (0, 1, 3)
"""Quarters by which the pictures were turned in the page."""
STROKE: tuple[Point, ...] = ((40, 30), (60, 30), (60, 50))
SEA: tuple[Point, ...] = ((36, 52), (56, 52))
ERASED: tuple[Point, ...] = ((46, 46), (46, 58))
TEXT = "Ada 👩‍👩‍👧 met 查尔斯 in Zürich.\nIt rained."
HTML = "<div><p>Ada <b>Love</b>lace &amp; 👋 Co</p><p>in London</p></div>"
TALK = (
    {"who": "Ada", "said": "Good 👋 morning Charles!"},
    {"who": "Charles", "said": "Morning 👩‍👩‍👧. How\nare you?"},
)

_NEAR_PX = 0.6
"""The mouse moves by pixels of the window, about a quarter of a picture's."""


def check_turned(source: Path, folder: Path) -> None:
    """However the page turned the picture, shapes are where the mouse was on it."""
    results = [one["annotations"][0]["result"] for one in read(source)]
    turns = [[result["image_rotation"] for result in found] for found in results]
    assert [set(found) for found in turns] == [{90 * number} for number in TURNS]
    pictures = coco_of(source, folder)
    assert len(pictures) == len(TURNS)
    for shapes in pictures.values():
        near(shapes["Car"]["bbox"], ltwh(RED))
        near(shapes["Roof"]["bbox"], ltwh(BLUE))
        near(shapes["Eye"]["bbox"], ltwh(GREEN))
        near(shapes["Path"]["bbox"], (40, 8, 10, 6))
        near(shapes["Nose"]["keypoints"][:2], (48, 32))
        is_inside = mask_of(shapes["Sky"])
        assert all(is_inside(*point) for point in STROKE)
        assert not any(is_inside(*point) for point in ((50, 40), (40, 50), (8, 8)))


def check_masks(source: Path, folder: Path) -> None:
    """Masks have the pixels where the mouse was, less those erased."""
    [result] = [one["annotations"][0]["result"] for one in read(source)]
    kinds = [one["type"] for one in result]
    assert kinds == ["brushlabels", "brushlabels", "bitmasklabels", "magicwand"]
    [shapes] = coco_of(source, folder).values()
    sky, sea, mask = (mask_of(shapes[label]) for label in ("Sky", "Sea", "Mask"))
    assert all(sky(*point) for point in (*STROKE, (50, 30), (60, 40)))
    assert sea(38, 52)
    assert sea(54, 52)
    assert not sea(46, 52)
    assert not sky(46, 52)
    assert mask(75, 44)
    assert not mask(20, 20)


def check_text(source: Path, folder: Path) -> None:
    """Offsets are code points, whatever the text of the span says."""
    [task] = read(source)
    values = [one["value"] for one in task["annotations"][0]["result"]]
    parts = [TEXT[value["start"] : value["end"]] for value in values]
    assert parts == ["👩‍👩‍👧", "查尔斯", "Zürich.\nIt"]
    assert [value["text"] for value in values] == ["👩‍👩‍👧", "查尔斯", r"Zürich.\nIt"]
    assert labelled_text(source, folder) == "👩‍👩‍👧查尔斯Zürich.It"


def check_hypertext(source: Path, folder: Path) -> None:
    """Of two kinds of offsets one counts code points of the whole text."""
    text = "Ada Lovelace & 👋 Coin London"
    [task] = read(source)
    values = [one["value"] for one in task["annotations"][0]["result"]]
    offsets = [value["globalOffsets"] for value in values]
    parts = [text[found["start"] : found["end"]] for found in offsets]
    assert parts == ["Lovelace", "👋 Co", "London"]
    assert [(value["startOffset"], value["endOffset"]) for value in values] == [
        (0, 4),
        (7, 12),  # of UTF-16 in one node
        (3, 9),
    ]
    assert labelled_text(source, folder) == "Lovelace👋CoLondon"


def check_paragraphs(source: Path, folder: Path) -> None:
    """Offsets are UTF-16 units of one paragraph, counted from zero."""
    [task] = read(source)
    values = [one["value"] for one in task["annotations"][0]["result"]]
    said = [TALK[int(value["start"])]["said"].encode("utf-16-le") for value in values]
    parts = [
        text[2 * value["startOffset"] : 2 * value["endOffset"]].decode("utf-16-le")
        for text, value in zip(said, values, strict=True)
    ]
    assert parts == ["Charles!", "How\nare you"]
    assert [value["text"] for value in values] == ["Charles!", "How are you"]
    assert labelled_text(source, folder) == "Charles!Howareyou"


def check_video(source: Path, folder: Path) -> None:
    """A box at the frames where it was moved to, counted from one; between them it
    goes with the patch of colour in the video."""
    [task] = read(source)
    [result] = task["annotations"][0]["result"]
    value = result["value"]
    assert (value["framesCount"], value["duration"]) == (20, 2)
    frames = {one["frame"]: one for one in value["sequence"]}
    assert list(frames) == [1, 11, 20]
    for number, box in frames.items():
        assert box["time"] == pytest.approx(number / 10)
        left_pct = (20 + 15 * (number - 1)) / 4.8
        assert box["x"] == pytest.approx(left_pct, abs=0.5)
        assert (box["y"], box["height"]) == pytest.approx((31.25, 31.25), abs=0.5)
    written = folder / "video"
    offline = Settings(cache_dir=folder / "cache", mode="offline")
    config = source.with_suffix(".xml")
    convert(source, "video_yolo", written, config=config, settings=offline)
    lines = [path.read_text() for path in sorted((written / "labels").iterdir())]
    assert len(lines) == 20
    for number, line in enumerate(lines):  # the patch moves by 15 pixels a frame
        center = (60 + 15 * number) / 480
        assert float(line.split()[1]) == pytest.approx(center, abs=0.005)


CHECKS: dict[str, Check] = {
    "browser_turned": check_turned,
    "browser_masks": check_masks,
    "browser_text": check_text,
    "browser_hypertext": check_hypertext,
    "browser_paragraphs": check_paragraphs,
    "browser_video": check_video,
}
"""The check of each export in the corpus that a browser made."""


_CORNERS = frozenset({"points", "vertices"})


def form_of(value: Any) -> Any:
    """The keys and types of a JSON value; of numbers and corners not how many.

    How many corners a quick mouse leaves depends on how busy the machine is.
    """
    if isinstance(value, dict):
        return {
            key: _kinds(found) if key in _CORNERS else form_of(found)
            for key, found in sorted(value.items())
        }
    if isinstance(value, list):
        forms = [form_of(found) for found in value]
        return forms if any(form != "number" for form in forms) else ["number"]
    return "number" if type(value) in {int, float} else type(value).__name__


def _kinds(corners: Any) -> list[str]:
    return sorted({repr(form_of(corner)) for corner in corners})


def read(source: Path) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = json.loads(source.read_bytes())
    return tasks


def run(source: Path, to: str, folder: Path) -> str:
    """The one data file of a conversion."""
    settings = Settings(cache_dir=folder / "cache", mode="offline")
    out = folder / to
    config = source.with_suffix(".xml")
    try:
        convert(source, to, out, config=config, settings=settings).check()
    except MissingDependencyError as error:
        pytest.skip(error.hint)
    ours = {"manifest.jsonl", "report.json", "classes.txt"}
    [path] = [p for p in out.rglob("*.*") if p.name not in ours]
    return path.read_text(encoding="utf-8")


def labelled_text(source: Path, folder: Path) -> str:
    """The labelled tokens that the CoNLL format wrote, as one word."""
    lines = run(source, "conll2003", folder).splitlines()
    return "".join(line.split()[0] for line in lines if line[-4:-3] == "-")


def coco_of(source: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Rows of COCO by image and label."""
    content = json.loads(run(source, "coco", folder))
    names = {one["id"]: one["name"] for one in content["categories"]}
    files = {one["id"]: one["file_name"] for one in content["images"]}
    pictures: dict[str, dict[str, Any]] = {name: {} for name in files.values()}
    for row in content["annotations"]:
        label = names[row["category_id"]]
        label = "Nose" if row.get("num_keypoints") else label
        pictures[files[row["image_id"]]][label] = row
    return pictures


def mask_of(row: dict[str, Any]) -> Callable[[float, float], bool]:
    """Whether a point is inside the mask of a row."""
    pytest.importorskip("numpy")
    from ls_tools.rle import decode_coco

    mask = decode_coco(row["segmentation"])
    return lambda x, y: bool(mask[int(y), int(x)])


def ltwh(patch: Patch) -> tuple[float, float, float, float]:
    left, top, right, bottom = patch
    return left, top, right - left, bottom - top


def near(found: Any, wanted: Any) -> None:
    assert list(found) == pytest.approx(list(wanted), abs=_NEAR_PX), found
