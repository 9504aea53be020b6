"""What NumPy, Pillow and pycocotools read from brushes and masks."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ls_tools import Report
from ls_tools.rle import encode_coco

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_numpy_reads_every_brush(judge: Judge, converted: Converted) -> None:
    folder, report = converted("brush_numpy")
    numpy = judge("numpy")
    arrays = [numpy.load(folder / row["file"]) for row in rows(folder)]
    assert len(arrays) == report.regions_written
    assert {(array.shape, str(array.dtype)) for array in arrays} == {((8, 12), "uint8")}
    painted = [int((array > 0).sum()) for array in arrays]
    assert painted == [int(row["pixels"]) for row in rows(folder)]


def test_pillow_reads_the_same_of_every_brush(
    judge: Judge, converted: Converted
) -> None:
    numpy, pillow = judge("numpy"), judge("PIL.Image")
    arrays, pictures = converted("brush_numpy")[0], converted("brush_png")[0]
    for one, other in zip(rows(arrays), rows(pictures), strict=True):
        with pillow.open(pictures / other["file"]) as picture:
            found = numpy.array(picture)
        assert (found == numpy.load(arrays / one["file"])).all()


def test_every_class_is_seen_in_the_mask(judge: Judge, converted: Converted) -> None:
    numpy, pillow = judge("numpy"), judge("PIL.Image")
    folder, _ = converted("masks")
    for row in rows(folder):
        with pillow.open(folder / row["mask"]) as picture:
            assert picture.mode == "P"
            values = set(numpy.unique(numpy.array(picture)).tolist()) - {0}
        with pillow.open(folder / row["image"]) as picture:
            assert picture.size == (int(row["width"]), int(row["height"]))
        assert values == {int(value) for value in row["values"].split("|") if value}


def test_pycocotools_measures_every_instance_alike(
    judge: Judge, converted: Converted
) -> None:
    numpy, pillow = judge("numpy"), judge("PIL.Image")
    coco = judge("pycocotools.mask")
    folder, report = converted("masks-instance")
    found = [row for row in rows(folder) if row["mask"]]
    assert len(found) == report.regions_written
    for row in found:
        with pillow.open(folder / row["mask"]) as picture:
            mask: Any = numpy.array(picture) > 0
        theirs = coco.encode(numpy.asfortranarray(mask.astype("uint8")))
        assert encode_coco(mask)["counts"].encode() == theirs["counts"]
        assert coco.area(theirs) == int(row["pixels"])
        left, top, width, height = coco.toBbox(theirs).tolist()
        box = [left, top, left + width, top + height]
        assert box == [int(row[side]) for side in ("left", "top", "right", "bottom")]


@pytest.mark.parametrize("angle", [0, 30, 90, 213])
def test_pycocotools_fills_a_polygon_nearly_alike(judge: Judge, angle: float) -> None:
    from ls_tools.geometry import Box, Size, corners
    from ls_tools.raster import mask_of

    coco, numpy = judge("pycocotools.mask"), judge("numpy")
    box = Box(150, 120, 83.3, 61.7, angle)
    ring = [[number for point in corners(box) for number in point]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its own arrays
        theirs = coco.decode(coco.frPyObjects(ring, 300, 400)[0])
    ours = mask_of(box, Size(400, 300))
    # pycocotools counts pixels that an edge touches on one side of it.
    edge = 2 * (83.3 + 61.7)
    assert numpy.abs(ours.astype(int) - theirs).sum() < edge
