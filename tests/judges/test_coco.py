"""What pycocotools, supervision and datumaro read from coco."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ls_tools import Report
from ls_tools.rle import decode_coco

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

STREETS = ("street_124d2807.jpg", "street_8fc22b8f.jpg")
EMPTY = "empty road.jpg"

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def load(judge: Judge, folder: Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return judge("pycocotools.coco").COCO(str(folder / "result.json"))


def test_pycocotools_counts_what_went_in(judge: Judge, converted: Converted) -> None:
    folder, report = converted("coco")
    coco = load(judge, folder)
    assert {row["file_name"] for row in coco.imgs.values()} == {
        f"images/{name}" for name in (EMPTY, *STREETS)
    }
    points = sum(row["num_keypoints"] for row in coco.anns.values())
    # three keypoints, one of which has an annotation of its own
    assert (points, len(coco.anns)) == (3, 9)
    assert report.regions_written == len(coco.anns) + points - 1
    assert [row["iscrowd"] for row in coco.anns.values()].count(1) == 1
    assert all((folder / row["file_name"]).is_file() for row in coco.imgs.values())


def test_pycocotools_draws_the_masks_that_were_painted(
    judge: Judge, converted: Converted
) -> None:
    folder, _ = converted("coco")
    coco = load(judge, folder)
    mask = judge("pycocotools.mask")
    codes = [row for row in coco.anns.values() if isinstance(row["segmentation"], dict)]
    assert len(codes) == 2
    for row in codes:
        drawn = coco.annToMask(row).astype(bool)
        assert (drawn == decode_coco(row["segmentation"])).all()
        assert drawn.sum() == row["area"] == mask.area(row["segmentation"])
        assert mask.toBbox(row["segmentation"]).tolist() == row["bbox"]


def test_pycocotools_draws_outlines_where_they_are(
    judge: Judge, converted: Converted
) -> None:
    folder, _ = converted("coco")
    coco = load(judge, folder)
    rings = [row for row in coco.anns.values() if isinstance(row["segmentation"], list)]
    outlined = [row for row in rings if row["segmentation"]]
    assert len(outlined) == 3
    for row in outlined:
        drawn = int(coco.annToMask(row).sum())
        assert drawn == pytest.approx(row["area"], rel=0.06)


@pytest.mark.parametrize("kind", ["bbox", "keypoints"])
def test_what_was_labeled_scores_in_full_against_itself(
    judge: Judge, converted: Converted, kind: str
) -> None:
    folder, _ = converted("coco")
    coco = load(judge, folder)
    evaluation = judge("pycocotools.cocoeval").COCOeval
    found = [
        {**row, "score": 1.0}
        for row in coco.anns.values()
        if not row["iscrowd"] and (kind == "bbox" or row["num_keypoints"])
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        results = coco.loadRes(found)
        scored = evaluation(coco, results, kind)
        if kind == "keypoints":
            scored.params.kpt_oks_sigmas = scored.params.kpt_oks_sigmas[:3]
        scored.evaluate()
        scored.accumulate()
        scored.summarize()
    assert scored.stats[0] == pytest.approx(1.0)


def test_supervision_reads_every_region(judge: Judge, converted: Converted) -> None:
    folder, _ = converted("coco")
    supervision = judge("supervision")
    dataset = supervision.DetectionDataset.from_coco(
        images_directory_path=str(folder), annotations_path=str(folder / "result.json")
    )
    found = {Path(path).name: detections for path, _, detections in dataset}
    assert {name: len(found[name]) for name in found} == {
        STREETS[0]: 5,
        STREETS[1]: 4,
        EMPTY: 0,
    }
    first = found[STREETS[0]]
    assert first.xyxy[0].tolist() == [20, 20, 80, 60]
    assert first.mask[3].sum() == 570


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        ("instances", {"Bbox": 9, "Mask": 2, "Polygon": 3}),
        ("person_keypoints", {"Points": 9}),
    ],
)
def test_datumaro_reads_every_region(
    judge: Judge, converted: Converted, tmp_path: Path, task: str, kinds: dict[str, int]
) -> None:
    folder, _ = converted("coco")
    datumaro = judge("datumaro")
    place = tmp_path / "datumaro" / "annotations"
    place.mkdir(parents=True)
    shutil.copy(folder / "result.json", place / f"{task}_all.json")
    shutil.copytree(folder / "images", place.parent / "images" / "all" / "images")
    dataset = datumaro.Dataset.import_from(str(place.parent), f"coco_{task}")
    found: dict[str, int] = {}
    for item in dataset:
        for one in item.annotations:
            kind = type(one).__name__
            kind = "Mask" if kind.endswith("Mask") else kind
            found[kind] = found.get(kind, 0) + 1
    assert len(dataset) == 3
    assert {kind: found.get(kind) for kind in kinds} == kinds
