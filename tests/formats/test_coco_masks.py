"""Brushes, bitmasks and crowds in COCO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.coco_rig import (
    BRUSHES,
    bitmask,
    brush,
    holed_square,
    load,
    names_by_id,
    rows_of,
    state_of,
)
from formats.pictures_rig import annotation, box, convert_tasks, result, task

from ls_tools.errors import UsageError
from ls_tools.rle import decode_coco, encode_brush

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def convert_drawn(folder: Path, *drawn: dict[str, Any], **options: Any) -> Any:
    made = [task(1, annotation(*drawn))]
    return convert_tasks(folder, "coco", made, xml=BRUSHES, **options)


@pytest.mark.parametrize("draw", [brush, bitmask])
def test_a_mask_is_written_exactly_with_its_holes(tmp_path: Path, draw: Any) -> None:
    """F10, F25: 800 pixels, not the 841 around them."""
    mask = holed_square()
    done = convert_drawn(tmp_path, draw(mask))
    (row,) = rows_of(done)
    assert np.array_equal(decode_coco(row["segmentation"]), mask)
    assert (row["area"], row["bbox"], row["iscrowd"]) == (800, [30, 20, 29, 29], 0)
    coco = load(done)
    assert np.array_equal(coco.annToMask(coco.anns[1]), mask)
    assert (done.report.regions_written, done.degraded()) == (1, {})


def test_what_is_apart_stays_one_instance(tmp_path: Path) -> None:
    """F25."""
    mask = np.zeros((100, 200), bool)
    mask[:5, :5] = mask[90:, 190:] = True
    done = convert_drawn(tmp_path, brush(mask))
    (row,) = rows_of(done)
    assert (row["area"], row["bbox"]) == (125, [0, 0, 200, 100])


def test_a_plain_brush_takes_its_label_from_labels(tmp_path: Path) -> None:
    xml = """<View><Image name="img" value="$image"/>
      <Labels name="label" toName="img"><Label value="Fog"/></Labels>
      <Brush name="brush" toName="img"/></View>"""
    value = {"format": "rle", "rle": encode_brush(holed_square())}
    drawn = [
        result("brush", "brush", value, id="b"),
        result("label", "labels", {**value, "labels": ["Fog"]}, id="b"),
        result("label", "labels", {**value, "labels": ["Fog"]}, id="alone"),
    ]
    for to in ("coco", "brush_coco"):
        done = convert_tasks(tmp_path, to, [task(1, annotation(*drawn))], xml=xml)
        assert [row["area"] for row in rows_of(done)] == [800, 800]
        assert names_by_id(done) == {0: "Fog"}
        assert (done.report.regions_in, done.report.regions_written) == (2, 2)


def test_an_empty_mask_has_no_area(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, brush(np.zeros((100, 200), bool)))
    assert done.skipped() == {"no area": 1}


def test_a_mask_of_another_size_than_its_image_is_reported(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, brush(np.ones((10, 20), bool)))
    assert done.skipped() == {"malformed value: mask cannot be decoded": 1}


@pytest.mark.parametrize(
    ("draw", "known"), [(bitmask, {}), (brush, {"original_width": 200})]
)
def test_a_mask_may_tell_the_size_of_its_image(
    tmp_path: Path, draw: Any, known: dict[str, int]
) -> None:
    unknown = {"original_width": None, "original_height": None, **known}
    done = convert_drawn(tmp_path, draw(holed_square(), **unknown))
    assert [row["area"] for row in rows_of(done)] == [800]
    (image,) = done.json("result.json")["images"]
    assert (image["width"], image["height"]) == (200, 100)


def test_polygons_take_the_place_of_codes_where_asked(tmp_path: Path) -> None:
    square = np.zeros((100, 200), bool)
    square[10:20, 30:50] = square[60:70, 30:50] = True
    drawn = [brush(square), brush(holed_square())]
    done = convert_drawn(tmp_path, *drawn, masks="polygon")
    flat, holed = rows_of(done)
    assert len(flat["segmentation"]) == 2
    assert (flat["area"], flat["bbox"]) == (400, [30, 10, 20, 60])
    assert np.array_equal(decode_coco(holed["segmentation"]), holed_square())
    assert done.degraded() == {"mask approximated by its outline": 1}
    coco = load(done)
    drawn_again = coco.annToMask(coco.anns[1]).astype(bool)
    assert np.array_equal(drawn_again, square)


def test_a_crowd_is_a_code_with_iscrowd(tmp_path: Path) -> None:
    many, one = box(10, 10, 20, 20), box(50, 50, 10, 10)
    drawn = [many, state_of(many, "Crowd"), one, state_of(one, "Occluded")]
    done = convert_drawn(tmp_path, *drawn, crowd="Crowd")
    crowd, single = rows_of(done)
    assert (crowd["iscrowd"], single["iscrowd"]) == (1, 0)
    mask = decode_coco(crowd["segmentation"])
    assert mask.sum() == mask[10:30, 20:60].sum() == crowd["area"] == 800
    assert done.degraded() == {"control not expressible: Choices": 1}
    painted = brush(holed_square())
    done = convert_drawn(
        tmp_path, painted, state_of(painted, "Crowd"), crowd="Crowd", masks="polygon"
    )
    assert rows_of(done)[0]["iscrowd"] == 1
    assert np.array_equal(load(done).annToMask(rows_of(done)[0]), holed_square())


def test_without_the_word_a_choice_is_listed_as_lost(tmp_path: Path) -> None:
    many = box(10, 10, 20, 20)
    done = convert_drawn(tmp_path, many, state_of(many, "Crowd"))
    assert rows_of(done)[0]["iscrowd"] == 0
    assert done.degraded() == {"control not expressible: Choices": 1}


def test_a_crowd_that_has_no_area_is_reported(tmp_path: Path) -> None:
    flat = box(10, 10, 0, 20)
    done = convert_drawn(tmp_path, flat, state_of(flat, "Crowd"), crowd="Crowd")
    assert done.skipped() == {"no area": 1}


def test_a_tolerance_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        convert_drawn(tmp_path, mask_tolerance_px=0.0)


def test_annotations_of_several_annotators_say_whose_they_are(tmp_path: Path) -> None:
    """F5: one image row, each annotator's regions beside each other."""
    tasks = [
        task(
            1,
            annotation(box(50, 50, 5, 5, 45), completed_by={"email": "a@x.org"}),
            annotation(box(2, 2, 5, 5), completed_by=7),
            annotation(box(3, 3, 5, 5), completed_by=None),
        )
    ]
    done = convert_tasks(tmp_path, "coco", tasks, xml=BRUSHES, select="all")
    assert len(done.json("result.json")["images"]) == 1
    told = {row["bbox"][1]: row.get("attributes") for row in rows_of(done)}
    assert told == {
        50: {"rotation": 45, "annotator": "a@x.org"},
        2: {"annotator": 7},
        3: None,
    }
