"""Masks alone, as COCO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.coco_rig import BRUSHES, brush, holed_square, load, names_by_id, rows_of
from formats.pictures_rig import annotation, box, convert_tasks, task

from ls_tools.rle import decode_coco

np = pytest.importorskip("numpy")

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def convert_drawn(folder: Path, *drawn: dict[str, Any], **options: Any) -> Any:
    made = [task(1, annotation(*drawn))]
    return convert_tasks(folder, "BRUSH_TO_COCO", made, xml=BRUSHES, **options)


def test_holes_are_no_part_of_a_mask(tmp_path: Path) -> None:
    """F25: 800 pixels, not the 841 around them."""
    done = convert_drawn(tmp_path, brush(holed_square()))
    (row,) = rows_of(done)
    assert row["area"] == 800
    coco = load(done)
    assert int(coco.annToMask(coco.anns[1]).sum()) == 800


def test_images_behind_signed_urls_are_written(tmp_path: Path) -> None:
    """F25."""
    url = "https://bucket.example/a.jpg?X-Amz-Signature=abc"
    made = [task(1, annotation(brush(holed_square())), image=url)]
    done = convert_tasks(tmp_path, "brush_coco", made, xml=BRUSHES)
    (image,) = done.json("result.json")["images"]
    assert image["file_name"] == "images/a.jpg"
    assert done.report.regions_written == 1


def test_an_instance_is_not_split_where_its_mask_is(tmp_path: Path) -> None:
    """F25."""
    mask = np.zeros((100, 200), bool)
    mask[:5, :5] = mask[90:, 190:] = True
    done = convert_drawn(tmp_path, brush(mask))
    (row,) = rows_of(done)
    assert np.array_equal(decode_coco(row["segmentation"]), mask)


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """F25: ids and all."""
    drawn = [brush(holed_square()), brush(~holed_square(), "Sea")]
    made = [task(1, annotation(*drawn))]
    written = [
        convert_tasks(tmp_path, "brush_coco", made, xml=BRUSHES).text("result.json")
        for _ in range(2)
    ]
    assert written[0] == written[1]


def test_what_is_no_mask_is_reported_and_no_class(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, box(1, 1, 5, 5), brush(holed_square(), "Sea"))
    assert done.skipped() == {"control not expressible: RectangleLabels": 1}
    assert names_by_id(done) == {0: "Sky", 1: "Sea", 2: "Sand"}
    assert [row["category_id"] for row in rows_of(done)] == [1]


def test_every_label_of_a_mask_is_written_where_asked(tmp_path: Path) -> None:
    both = brush(holed_square(), "Sky", "Sea")
    assert len(rows_of(convert_drawn(tmp_path, both))) == 1
    done = convert_drawn(tmp_path, both, labels="all")
    assert [row["category_id"] for row in rows_of(done)] == [0, 1]


def test_an_image_without_masks_is_background(tmp_path: Path) -> None:
    done = convert_tasks(
        tmp_path, "brush_coco", [task(1, annotation()), task(2)], xml=BRUSHES
    )
    assert len(done.json("result.json")["images"]) == 1
