from __future__ import annotations

import contextlib
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    PAINTED,
    PLAIN,
    SHAPES,
    Converted,
    annotation,
    box,
    choice,
    convert_tasks,
    ellipse,
    polygon,
    result,
    task,
)

from ls_tools.errors import UsageError
from ls_tools.output import MediaPlacer
from ls_tools.settings import Settings


def load(done: Converted) -> Any:
    """What pycocotools makes of the file."""
    judge = pytest.importorskip("pycocotools.coco")
    with contextlib.redirect_stdout(io.StringIO()):
        return judge.COCO(str(done.root / "result.json"))


def only_annotation(done: Converted) -> dict[str, Any]:
    (row,) = done.json("result.json")["annotations"]
    return dict(row)


def names_by_id(done: Converted) -> dict[int, str]:
    return {c["id"]: c["name"] for c in done.json("result.json")["categories"]}


def test_boxes_are_in_pixels(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(box(10, 20, 30, 40)))])
    assert done.json("result.json")["images"] == [
        {"id": 1, "width": 200, "height": 100, "file_name": "images/im1.jpg"}
    ]
    row = only_annotation(done)
    assert row["bbox"] == pytest.approx([20, 20, 60, 40])
    assert row["area"] == pytest.approx(2400)
    assert (row["segmentation"], row["iscrowd"]) == ([], 0)
    assert (row["id"], row["image_id"], row["category_id"]) == (1, 1, 0)


def test_pycocotools_counts_what_went_in(tmp_path: Path) -> None:
    tasks = [
        task(i, annotation(*[box(5 * k, 10, 10, 10) for k in range(i)]))
        for i in range(1, 6)
    ]
    done = convert_tasks(tmp_path, "COCO", tasks)
    coco = load(done)
    assert len(coco.imgs) == 5
    assert [len(coco.getAnnIds(imgIds=[i])) for i in coco.getImgIds()] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert done.report.regions_written == done.report.regions_in == 15
    assert coco.loadCats(coco.getCatIds(catNms=["Car"]))[0]["id"] == 0


def test_a_turned_box_has_its_true_hull_and_its_corners(tmp_path: Path) -> None:
    """F1: 40 x 40 px, 45 degrees, on 200 x 100."""
    done = convert_tasks(
        tmp_path, "coco", [task(1, annotation(box(50, 10, 20, 40, 45)))]
    )
    row = only_annotation(done)
    assert row["bbox"] == pytest.approx([71.72, 10, 56.57, 56.57], abs=5e-3)
    half = 40 / math.sqrt(2)
    assert row["segmentation"][0] == pytest.approx(
        [100, 10, 100 + half, 10 + half, 100, 10 + 2 * half, 100 - half, 10 + half]
    )
    assert row["area"] == pytest.approx(1600)
    assert row["attributes"] == {"rotation": 45}
    assert done.degraded() == {}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_draws_the_mask_of_a_turned_box(tmp_path: Path) -> None:
    done = convert_tasks(
        tmp_path, "coco", [task(1, annotation(box(50, 10, 20, 40, 45)))]
    )
    coco = load(done)
    mask = coco.annToMask(coco.loadAnns([1])[0])
    assert mask.shape == (100, 200)
    assert int(mask.sum()) == pytest.approx(1600, rel=0.03)
    assert mask[38, 100]
    assert not mask[38, 60]


@pytest.mark.parametrize("rotation", [0, 30, 90])
def test_a_box_of_no_width_is_reported_and_the_rest_is_written(
    tmp_path: Path, rotation: float
) -> None:
    """F3."""
    flat = box(10, 10, 0, 20, rotation)
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(flat, box(1, 2, 3, 4)))])
    assert done.skipped() == {"no area": 1}
    assert done.report.skipped[0].examples[0].region_id == flat["id"]
    assert done.report.regions_written == 1


def test_an_image_has_one_row_however_many_annotations_it_has(tmp_path: Path) -> None:
    """F5."""
    tasks = [
        task(1, annotation(box(1, 1, 5, 5)), annotation(box(2, 2, 5, 5))),
        task(2, annotation(box(3, 3, 5, 5))),
    ]
    done = convert_tasks(tmp_path, "coco", tasks, select="all")
    content = done.json("result.json")
    assert [row["id"] for row in content["images"]] == [1, 2]
    assert [row["image_id"] for row in content["annotations"]] == [1, 1, 2]
    assert [row["id"] for row in content["annotations"]] == [1, 2, 3]
    assert (done.report.tasks_written, done.report.annotations_selected) == (2, 3)


def test_the_size_of_an_image_may_come_from_any_of_its_annotations(
    tmp_path: Path,
) -> None:
    for both in (
        (annotation(), annotation(box(1, 1, 5, 5))),
        (annotation(box(1, 1, 5, 5)), annotation()),
    ):
        done = convert_tasks(tmp_path, "coco", [task(1, *both)], select="all")
        (row,) = done.json("result.json")["images"]
        assert (row["width"], row["height"]) == (200, 100)
        assert done.report.warnings == []


def test_the_latest_annotation_is_the_one_written(tmp_path: Path) -> None:
    """F4."""
    old, new = annotation(box(1, 1, 5, 5)), annotation(box(2, 2, 5, 5, 0, "Person"))
    for both in ((old, new), (new, old)):
        done = convert_tasks(tmp_path, "coco", [task(1, *both)])
        assert names_by_id(done)[only_annotation(done)["category_id"]] == "Person"


def test_category_attributes_are_the_ids(tmp_path: Path) -> None:
    """F6: unknown labels get an id of their own."""
    xml = """<View><Image name="img" value="$image"/>
      <RectangleLabels name="rect" toName="img">
        <Label value="dog" category="5"/><Label value="cat" category="2"/>
        <Label value="ant"/>
      </RectangleLabels></View>"""
    drawn = [box(1, 1, 5, 5, 0, x) for x in ("dog", "cat", "ant", "new")]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))], xml=xml)
    names = names_by_id(done)
    assert (names[5], names[2]) == ("dog", "cat")
    rows = done.json("result.json")["annotations"]
    assert [names[row["category_id"]] for row in rows] == ["dog", "cat", "ant", "new"]
    assert len(set(names)) == len(names) == 4


def test_choices_are_no_classes(tmp_path: Path) -> None:
    """F7."""
    done = convert_tasks(
        tmp_path,
        "coco",
        [task(1, annotation(choice("blurry"), box(1, 1, 5, 5)))],
        xml=SHAPES,
    )
    assert sorted(names_by_id(done).values()) == ["Car", "Eye", "Roof"]
    assert done.skipped() == {"control not expressible: Choices": 1}
    assert len(done.json("result.json")["annotations"]) == 1


def test_plain_labels_on_a_plain_polygon_are_written(tmp_path: Path) -> None:
    """F9."""
    points = {"points": [[60, 20], [90, 30], [75, 90]], "closed": True}
    drawn = [
        result("poly", "polygon", points, id="p"),
        result("label", "labels", {**points, "labels": ["Car"]}, id="p"),
    ]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))], xml=PLAIN)
    row = only_annotation(done)
    assert row["segmentation"] == [pytest.approx([120, 20, 180, 30, 150, 90])]
    assert row["bbox"] == pytest.approx([120, 20, 60, 70])
    assert row["area"] == pytest.approx(1950)
    assert (done.report.regions_in, done.report.regions_written) == (1, 1)


def test_a_text_on_a_region_is_listed_as_lost(tmp_path: Path) -> None:
    value = {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0}
    drawn = [
        result("rect", "rectangle", value, id="b"),
        result("label", "labels", {**value, "labels": ["Car"]}, id="b"),
        result("text", "textarea", {**value, "text": ["AB 12"]}, id="b"),
    ]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))], xml=PLAIN)
    assert only_annotation(done)["bbox"] == pytest.approx([2, 1, 10, 5])
    assert done.degraded() == {"control not expressible: TextArea": 1}


def test_an_ellipse_becomes_a_polygon_within_the_tolerance(tmp_path: Path) -> None:
    """F10."""
    drawn = [task(1, annotation(ellipse(50, 50, 10, 20)))]
    corners = []
    for tolerance_px in (0.5, 0.01):
        done = convert_tasks(
            tmp_path, "coco", drawn, xml=SHAPES, ellipse_tolerance_px=tolerance_px
        )
        row = only_annotation(done)
        assert row["bbox"] == pytest.approx([80, 30, 40, 40])
        assert row["area"] == pytest.approx(math.pi * 20 * 20)
        points = row["segmentation"][0]
        radii = [
            math.hypot(x - 100, y - 50)
            for x, y in zip(points[::2], points[1::2], strict=True)
        ]
        assert radii == pytest.approx([20] * len(radii))
        corners.append(len(radii))
        assert done.degraded() == {"ellipse approximated by a polygon": 1}
    assert corners[1] > corners[0]


def test_a_tolerance_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ellipse"):
        convert_tasks(tmp_path, "coco", [], ellipse_tolerance_px=0.0)
    with pytest.raises(UsageError, match="mask") as caught:
        convert_tasks(tmp_path, "coco", [], mask_tolerance_px=-1.0)
    assert "mask_tolerance_px" in caught.value.hint


def test_a_brush_that_cannot_be_decoded_is_reported(tmp_path: Path) -> None:
    """F10: never dropped without a word."""
    pytest.importorskip("numpy")
    pytest.importorskip("PIL")
    value = {"format": "rle", "rle": [0, 1], "brushlabels": ["Sky"]}
    drawn = [task(1, annotation(result("brush", "brushlabels", value)))]
    done = convert_tasks(tmp_path, "coco", drawn, xml=PAINTED)
    assert done.skipped() == {"malformed value: mask cannot be decoded": 1}


def test_boxes_are_clipped_to_the_image(tmp_path: Path) -> None:
    """F16."""
    drawn = [box(-10, 90, 30, 20), box(110, 10, 10, 10), box(70, 50, -20, -40)]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))])
    rows = done.json("result.json")["annotations"]
    assert [row["bbox"] for row in rows] == [
        pytest.approx([0, 90, 40, 10]),
        pytest.approx([100, 10, 40, 40]),
    ]
    assert done.skipped() == {"outside the image": 1}
    assert done.degraded() == {"clipped to the image": 1}


def test_without_clipping_boxes_stay_where_they_were_drawn(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(-10, 90, 30, 20)))]
    done = convert_tasks(tmp_path, "coco", drawn, clip=False)
    assert only_annotation(done)["bbox"] == pytest.approx([-20, 90, 60, 20])
    assert done.degraded() == {}


def test_a_clipped_polygon_has_the_box_and_area_of_what_is_left(tmp_path: Path) -> None:
    drawn = polygon((90, 10), (110, 10), (110, 90), (90, 90))
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))], xml=SHAPES)
    row = only_annotation(done)
    assert row["bbox"] == pytest.approx([180, 10, 20, 80])
    assert row["area"] == pytest.approx(1600)
    assert max(row["segmentation"][0][::2]) == 200


def test_a_clipped_turned_box_is_what_is_left_of_it(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(50, 0, 20, 40, 135)))]
    done = convert_tasks(tmp_path, "coco", drawn)
    row = only_annotation(done)
    assert min(row["segmentation"][0]) == 0
    assert row["area"] < 1600
    assert row["bbox"][1] == 0
    assert "attributes" not in row
    assert done.degraded() == {"clipped to the image": 1}


def test_a_polygon_beside_the_image_is_reported(tmp_path: Path) -> None:
    drawn = polygon((110, 10), (120, 10), (120, 90))
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))], xml=SHAPES)
    assert done.skipped() == {"outside the image": 1}


def test_a_polygon_around_a_corner_of_the_image_is_reported(tmp_path: Path) -> None:
    drawn = polygon((80, 130), (130, 130), (130, 80))
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))], xml=SHAPES)
    assert done.skipped() == {"outside the image": 1}


def test_rounding_at_the_edge_is_not_called_clipping(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(50, 0, 50.0000001, 100)))]
    done = convert_tasks(tmp_path, "coco", drawn)
    assert done.degraded() == {}


@pytest.mark.parametrize(
    ("labels", "written", "degraded"),
    [("first", ["Car"], {"second label dropped": 1}), ("all", ["Car", "Person"], {})],
)
def test_several_labels_of_one_box(
    tmp_path: Path, labels: str, written: list[str], degraded: dict[str, int]
) -> None:
    drawn = [task(1, annotation(box(1, 1, 5, 5, 0, "Car", "Person")))]
    done = convert_tasks(tmp_path, "coco", drawn, labels=labels)
    names = names_by_id(done)
    rows = done.json("result.json")["annotations"]
    assert [names[row["category_id"]] for row in rows] == written
    assert len({row["id"] for row in rows}) == len(written)
    assert done.degraded() == degraded
    assert (done.report.regions_in, done.report.regions_written) == (1, 1)


def test_a_box_without_a_label_is_reported(tmp_path: Path) -> None:
    drawn = result("rect", "rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5})
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))])
    assert done.skipped() == {"no label": 1}


def test_unlabeled_tasks_are_left_out_and_empty_ones_are_background(
    tmp_path: Path,
) -> None:
    tasks = [
        task(1),
        task(2, annotation()),
        task(3, annotation(box(1, 1, 5, 5))),
        task(4, annotation(was_cancelled=True)),
    ]
    done = convert_tasks(tmp_path, "coco", tasks)
    names = [row["file_name"] for row in done.json("result.json")["images"]]
    assert names == ["images/im2.jpg", "images/im3.jpg"]
    assert sum(loss.count for loss in done.report.tasks_skipped) == 2
    done = convert_tasks(tmp_path, "coco", tasks, include_unlabeled=True)
    assert len(done.json("result.json")["images"]) == 4


def test_the_size_of_a_background_image_is_read_from_the_file(tmp_path: Path) -> None:
    """F17: as the browser shows it, EXIF orientation applied."""
    pillow = pytest.importorskip("PIL.Image")
    root = tmp_path / "root"
    root.mkdir()
    image = pillow.new("RGB", (200, 100))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(root / "turned.jpg", exif=exif)
    settings = Settings(document_root=root, cache_dir=tmp_path / "cache")
    reference = "/data/local-files/?d=turned.jpg"
    done = convert_tasks(
        tmp_path,
        "coco",
        [task(1, annotation(), image=reference)],
        settings=settings,
        media="copy",
    )
    (row,) = done.json("result.json")["images"]
    assert (row["width"], row["height"]) == (100, 200)
    assert (done.root / row["file_name"]).is_file()


def test_a_region_that_tells_no_size_uses_that_of_the_others(tmp_path: Path) -> None:
    lone = box(10, 10, 10, 10, original_width=None, original_height=None)
    done = convert_tasks(
        tmp_path, "coco", [task(1, annotation(lone, box(50, 50, 10, 10)))]
    )
    rows = done.json("result.json")["annotations"]
    assert [row["bbox"] for row in rows] == [
        pytest.approx([20, 10, 20, 10]),
        pytest.approx([100, 50, 20, 10]),
    ]


def test_regions_that_disagree_on_the_size_are_placed_on_one_image(
    tmp_path: Path,
) -> None:
    """F17: whatever the sizes stated, boxes and polygons share one frame."""
    drawn = [
        box(10, 10, 10, 10),
        box(50, 50, 10, 40, original_height=300),
        box(50, 50, 10, 40, original_width=400),
    ]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))])
    rows = done.json("result.json")["annotations"]
    assert rows[1]["bbox"] == rows[2]["bbox"] == pytest.approx([100, 50, 20, 40])
    assert any("another size" in warning for warning in done.report.warnings)


def test_regions_of_unknown_image_size_are_reported(tmp_path: Path) -> None:
    lone = box(10, 10, 10, 10, original_width=None, original_height=None)
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(lone))])
    assert done.skipped() == {"image size unknown": 1}
    (row,) = done.json("result.json")["images"]
    assert (row["width"], row["height"]) == (None, None)
    assert any("size" in warning for warning in done.report.warnings)


def test_a_file_is_asked_for_its_size_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        MediaPlacer,
        "picture_size",
        lambda _self, reference, _item: asked.append(reference),
    )
    unknown: dict[str, Any] = {"original_width": None, "original_height": None}
    drawn = [box(10 * i, 10, 10, 10, **unknown) for i in range(5)]
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(*drawn))])
    assert asked == ["/data/upload/1/im1.jpg"]
    assert done.skipped() == {"image size unknown": 5}


def test_every_image_of_a_multi_image_task_has_its_own_regions(tmp_path: Path) -> None:
    xml = """<View><Image name="img" valueList="$images"/>
      <RectangleLabels name="rect" toName="img"><Label value="Car"/></RectangleLabels>
    </View>"""
    drawn = [
        box(10, 10, 10, 10, item_index=1),
        box(20, 10, 10, 10, item_index=0),
        box(30, 10, 10, 10, item_index=7),
    ]
    made = task(
        1, annotation(*drawn), images=["/data/upload/1/a.jpg", "b.jpg", "c.jpg"]
    )
    done = convert_tasks(tmp_path, "coco", [made], xml=xml)
    content = done.json("result.json")
    assert len(content["images"]) == 3
    assert [row["image_id"] for row in content["annotations"]] == [2, 1]
    assert done.skipped() == {"no image in the task data": 1}


def test_one_image_in_two_tasks_is_one_image(tmp_path: Path) -> None:
    same = "/data/upload/1/same.jpg"
    tasks = [task(i, annotation(box(10 * i, 10, 10, 10)), image=same) for i in (1, 2)]
    done = convert_tasks(tmp_path, "coco", tasks)
    content = done.json("result.json")
    assert len(content["images"]) == 1
    assert [row["image_id"] for row in content["annotations"]] == [1, 1]
    assert any("several tasks" in warning for warning in done.report.warnings)


def test_images_of_one_name_stay_apart(tmp_path: Path) -> None:
    """F12."""
    tasks = [
        task(i, annotation(box(1, 1, 5, 5)), image=f"https://h{i}.example/a.jpg")
        for i in (1, 2)
    ]
    done = convert_tasks(tmp_path, "coco", tasks)
    names = {row["file_name"] for row in done.json("result.json")["images"]}
    assert len(names) == 2


@pytest.mark.parametrize("image", [None, "", 5, [], {"a": 1}, [None]])
def test_a_task_without_an_image_is_reported(tmp_path: Path, image: Any) -> None:
    """F29."""
    bad = {**task(1, annotation(box(1, 1, 5, 5))), "data": {"image": image}}
    done = convert_tasks(tmp_path, "coco", [bad, task(2, annotation())])
    assert done.skipped() == {"no image in the task data": 1}
    assert [loss.reason for loss in done.report.tasks_skipped] == [
        "no image in the task data"
    ]
    assert len(done.json("result.json")["images"]) == 1


def test_video_boxes_are_refused_by_name(tmp_path: Path) -> None:
    """F34."""
    xml = """<View><Video name="vid" value="$video"/><Image name="img" value="$image"/>
      <Labels name="lab" toName="vid"><Label value="Car"/></Labels>
      <VideoRectangle name="track" toName="vid"/></View>"""
    track = result("track", "videorectangle", {"sequence": []}, to_name="vid", id="v")
    label = result("lab", "labels", {"labels": ["Car"]}, to_name="vid", id="v")
    span = result("lab", "labels", {"labels": ["Car"]}, to_name="vid", id="w")
    done = convert_tasks(
        tmp_path, "coco", [task(1, annotation(track, label, span))], xml=xml
    )
    assert sum(done.skipped().values()) == 2
    assert all("not expressible" in reason for reason in done.skipped())


def test_scores_of_predictions_are_kept(tmp_path: Path) -> None:
    made = task(1)
    made["predictions"] = [{"id": 1, "result": [box(1, 1, 5, 5, score=0.75)]}]
    done = convert_tasks(tmp_path, "coco", [made], select="predictions")
    assert only_annotation(done)["score"] == 0.75


def test_notes_on_regions_are_listed_as_lost(tmp_path: Path) -> None:
    drawn = box(1, 1, 5, 5, meta={"text": ["look again"]})
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))])
    assert done.degraded() == {"note dropped": 1}


def test_an_open_polygon_is_closed_and_listed(tmp_path: Path) -> None:
    drawn = polygon((10, 10), (20, 10), (20, 20))
    drawn["value"]["closed"] = False
    done = convert_tasks(tmp_path, "coco", [task(1, annotation(drawn))], xml=SHAPES)
    assert done.degraded() == {"open polygon closed": 1}


@pytest.mark.parametrize("points", [((10, 10),), ((10, 10), (20, 20)), ()])
def test_polygons_of_fewer_than_three_points_are_reported(
    tmp_path: Path, points: tuple[tuple[float, float], ...]
) -> None:
    drawn = [task(1, annotation(polygon(*points), box(1, 1, 5, 5)))]
    done = convert_tasks(tmp_path, "coco", drawn, xml=SHAPES)
    assert sum(done.skipped().values()) == 1
    assert done.report.regions_written == 1


def test_each_split_has_a_file_of_its_own(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5))) for i in range(1, 21)]
    done = convert_tasks(tmp_path, "coco", tasks, split="train=0.5,val=0.5")
    names = set()
    for name in ("train", "val"):
        content = done.json(f"{name}.json")
        count = len(content["images"])
        assert [row["id"] for row in content["images"]] == list(range(1, count + 1))
        assert [row["image_id"] for row in content["annotations"]] == list(
            range(1, count + 1)
        )
        assert len(content["categories"]) == 2
        names |= {row["file_name"] for row in content["images"]}
    assert len(names) == 20
    assert {name.rpartition("/")[0] for name in names} == {"images/train", "images/val"}


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5, i))) for i in range(1, 20)]
    written = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        done = convert_tasks(tmp_path / name, "coco", tasks)
        written.append((done.root / "result.json").read_bytes())
    assert written[0] == written[1]


def test_the_date_comes_from_the_data(tmp_path: Path) -> None:
    old = annotation(box(1, 1, 5, 5), updated_at="2024-01-01T00:00:00Z")
    new = annotation(box(1, 1, 5, 5), updated_at="2025-06-01T00:00:00Z")
    done = convert_tasks(tmp_path, "coco", [task(1, new), task(2, old)])
    info = done.json("result.json")["info"]
    assert (info["year"], info["date_created"]) == (2025, "2025-06-01T00:00:00Z")
    undated = annotation(box(1, 1, 5, 5), updated_at=None, created_at=None)
    done = convert_tasks(tmp_path, "coco", [task(1, undated)])
    assert "date_created" not in done.json("result.json")["info"]


def test_nothing_in_gives_a_valid_empty_file(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "coco", [])
    content = done.json("result.json")
    assert (content["images"], content["annotations"]) == ([], [])
    assert len(load(done).cats) == 2


def test_many_rows_are_written_in_order(tmp_path: Path) -> None:
    tasks = [
        task(i, annotation(*[box(k, 1, 5, 5) for k in range(50)]))
        for i in range(1, 102)
    ]
    done = convert_tasks(tmp_path, "coco", tasks)
    content = json.loads(done.text("result.json"))
    assert [row["id"] for row in content["annotations"]] == list(range(1, 5051))
    assert [row["image_id"] for row in content["annotations"][::50]] == list(
        range(1, 102)
    )
