"""What pycocotools and supervision read from brush_coco."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ls_tools import Report

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def test_pycocotools_draws_every_mask(judge: Judge, converted: Converted) -> None:
    folder, report = converted("brush_coco")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = judge("pycocotools.coco").COCO(str(folder / "result.json"))
    assert len(coco.anns) == report.regions_written == 3
    masks = [coco.annToMask(row) for row in coco.anns.values()]
    assert [int(mask.sum()) for mask in masks] == [570, 8, 8]
    assert masks[0][17, 165] == 0
    assert masks[0][12, 165] == 1


def test_supervision_reads_every_mask(judge: Judge, converted: Converted) -> None:
    folder, _ = converted("brush_coco")
    dataset = judge("supervision").DetectionDataset.from_coco(
        images_directory_path=str(folder), annotations_path=str(folder / "result.json")
    )
    assert sum(len(detections) for _, _, detections in dataset) == 3
