"""What Ultralytics and supervision read from yolo, in each of its geometries."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ls_tools import Report

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

STREETS = ("street_124d2807.jpg", "street_8fc22b8f.jpg")


def labels_of(judge: Judge, folder: Path, task: str) -> dict[str, Any]:
    """What Ultralytics' own loader has of each image, after its own check.

    Its loader calls an image corrupt, and leaves it out, when a label file is not
    as it should be.
    """
    utils = judge("ultralytics.data.utils")
    data = utils.check_det_dataset(str(folder / "data.yaml"), autodownload=False)
    loader = judge("ultralytics.data.dataset").YOLODataset
    found = loader(img_path=data["train"], data=data, task=task, augment=False)
    shutil.rmtree(folder / "labels.cache", ignore_errors=True)
    return {Path(one["im_file"]).name: one for one in found.labels}


def rows(found: dict[str, Any]) -> int:
    return sum(len(one["cls"]) for one in found.values())


def test_ultralytics_reads_every_box(judge: Judge, converted: Converted) -> None:
    folder, report = converted("yolo")
    found = labels_of(judge, folder, "detect")
    assert set(found) == {"empty road.jpg", *STREETS}
    # one region has two labels, so it has two rows
    assert rows(found) == report.regions_written + 1
    assert len(found["empty road.jpg"]["cls"]) == 0
    first = found[STREETS[0]]["bboxes"][0]
    assert first.tolist() == pytest.approx([0.25, 0.4, 0.3, 0.4])


def test_ultralytics_reads_every_class(judge: Judge, converted: Converted) -> None:
    folder, _ = converted("yolo")
    utils = judge("ultralytics.data.utils")
    data = utils.check_det_dataset(str(folder / "data.yaml"), autodownload=False)
    names = {0: "bus", 1: "car", 2: 'Person: "walking"', 3: "tram\nline 2"}
    assert data["names"] == names


def test_ultralytics_reads_every_turned_box(judge: Judge, converted: Converted) -> None:
    folder, report = converted("yolo-obb")
    found = labels_of(judge, folder, "obb")
    assert rows(found) == report.regions_written
    corners = found[STREETS[0]]["segments"][0]
    leg = 40 / 2**0.5
    expected = [[100, 10], [100 + leg, 10 + leg], [100, 10 + 2 * leg]]
    pixels = corners[:3] * [200, 100]
    assert pixels.round(3).tolist() == [pytest.approx(p, abs=1e-2) for p in expected]


def test_ultralytics_reads_every_outline(judge: Judge, converted: Converted) -> None:
    folder, report = converted("yolo-segment")
    found = labels_of(judge, folder, "segment")
    assert rows(found) == report.regions_written
    assert all(len(one["segments"]) == len(one["cls"]) for one in found.values())


def test_a_mask_fills_as_it_was_painted(judge: Judge, converted: Converted) -> None:
    """Two parts, one of them with a hole, come back from one row."""
    folder, _ = converted("yolo-segment")
    found = labels_of(judge, folder, "segment")[STREETS[0]]
    numpy = judge("numpy")
    drawn = [
        segment
        for segment, name in zip(found["segments"], found["cls"][:, 0], strict=True)
        if name == 2
    ]
    utils = judge("ultralytics.data.utils")
    filled = utils.polygon2mask((100, 200), [drawn[0] * [200, 100]]).astype(bool)
    painted = numpy.zeros((100, 200), bool)
    painted[20:60, 20:80] = True
    painted[30:40, 40:50] = False
    painted[70:90, 150:180] = True
    both = (filled & painted).sum() / (filled | painted).sum()
    assert both > 0.9


def test_ultralytics_reads_every_pose(judge: Judge, converted: Converted) -> None:
    folder, _ = converted("yolo-pose")
    found = labels_of(judge, folder, "pose")
    assert rows(found) == 3
    points = found[STREETS[0]]["keypoints"]
    assert points.shape == (2, 3, 3)
    assert points[0].tolist() == [
        pytest.approx([0.18, 0.28, 2.0]),
        pytest.approx([0.0, 0.0, 0.0]),
        pytest.approx([0.2, 0.3, 2.0]),
    ]


def test_supervision_reads_every_box(judge: Judge, converted: Converted) -> None:
    folder, report = converted("yolo")
    loaded = judge("supervision").DetectionDataset.from_yolo(
        images_directory_path=str(folder / "images"),
        annotations_directory_path=str(folder / "labels"),
        data_yaml_path=str(folder / "data.yaml"),
    )
    assert len(loaded) == 3
    count = sum(len(detections) for _, _, detections in loaded)
    assert count == report.regions_written + 1
