"""Keypoints in COCO: whose they are, in which order, how visible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.coco_rig import PEOPLE, keypoint, load, names_by_id, rows_of, state_of
from formats.pictures_rig import annotation, box, convert_tasks, result, task

from ls_tools.errors import UsageError
from ls_tools.output import DROPPED, ClassPolicy

NAMES = ["nose", "left eye", "right eye"]


def convert_drawn(
    folder: Path, *drawn: dict[str, Any], xml: str = PEOPLE, **options: Any
) -> Any:
    return convert_tasks(
        folder, "coco", [task(1, annotation(*drawn))], xml=xml, **options
    )


def person(*fields: float, **more: Any) -> dict[str, Any]:
    x, y, width, height = fields
    return box(x, y, width, height, 0, "Person", **more)


def test_each_person_has_the_keypoints_that_belong_to_it(tmp_path: Path) -> None:
    """F13: not one annotation of everybody's."""
    drawn = [
        person(0, 0, 40, 90, id="a"),
        person(50, 0, 40, 90, id="b"),
        keypoint(60, 10, "nose", "b"),
        keypoint(10, 20, "left eye", "a"),
        keypoint(15, 10, "nose", "a"),
    ]
    done = convert_drawn(tmp_path, *drawn)
    first, second = rows_of(done)
    assert first["keypoints"] == [30, 10, 2, 20, 20, 2, 0, 0, 0]
    assert second["keypoints"] == [120, 10, 2, 0, 0, 0, 0, 0, 0]
    assert (first["num_keypoints"], second["num_keypoints"]) == (2, 1)
    assert first["bbox"] == [0, 0, 80, 90]
    assert done.report.regions_written == done.report.regions_in == 5
    assert done.degraded() == {}


def test_people_of_a_label_met_before_keep_their_keypoints(tmp_path: Path) -> None:
    """A box that is read as plain elsewhere is not where keypoints belong to it."""
    drawn = annotation(person(0, 0, 40, 90, id="a"), keypoint(15, 10, "nose", "a"))
    done = convert_tasks(tmp_path, "coco", [task(1, drawn), task(2, drawn)], xml=PEOPLE)
    first, second = (row["keypoints"] for row in rows_of(done))
    assert first == second == [30, 10, 2, 0, 0, 0, 0, 0, 0]
    assert done.degraded() == {}


def test_categories_list_their_keypoints_in_the_order_of_the_values(
    tmp_path: Path,
) -> None:
    """F13."""
    done = convert_drawn(tmp_path, person(0, 0, 40, 90), skeleton="1-2, 1-3")
    categories = done.json("result.json")["categories"]
    assert [category["name"] for category in categories] == ["Person", "Car"]
    for category in categories:
        assert category["keypoints"] == NAMES
        assert category["skeleton"] == [[1, 2], [1, 3]]


@pytest.mark.parametrize(
    ("places", "order"),
    [((2, 0, 1), ["left eye", "right eye", "nose"]), ((2, 0, ""), NAMES)],
)
def test_model_index_decides_the_order_where_every_label_has_one(
    tmp_path: Path, places: Any, order: list[str]
) -> None:
    """F13: names and values alike, and none of them missing is no error."""
    xml = PEOPLE
    for name, place in zip(NAMES, places, strict=True):
        index = f'model_index="{place}"' if place != "" else ""
        xml = xml.replace(f'value="{name}"', f'value="{name}" {index}')
    drawn = [person(0, 0, 40, 90, id="a"), keypoint(15, 10, "nose", "a")]
    done = convert_drawn(tmp_path, *drawn, xml=xml)
    assert done.json("result.json")["categories"][0]["keypoints"] == order
    values = rows_of(done)[0]["keypoints"]
    assert values[3 * order.index("nose") :][:3] == [30, 10, 2]


def test_keypoints_without_a_region_are_one_annotation_of_their_image(
    tmp_path: Path,
) -> None:
    drawn = [keypoint(10, 10, "nose"), keypoint(20, 30, "left eye")]
    done = convert_drawn(tmp_path, person(50, 0, 40, 90), *drawn)
    body, loose = rows_of(done)
    assert (body["num_keypoints"], body["keypoints"]) == (0, [0] * 9)
    assert loose["keypoints"] == [20, 10, 2, 40, 30, 2, 0, 0, 0]
    assert loose["bbox"] == [20, 10, 20, 20]
    assert names_by_id(done)[loose["category_id"]] == "keypoints"
    assert done.report.regions_written == 3


def test_a_project_of_keypoints_alone_has_an_annotation_per_image(
    tmp_path: Path,
) -> None:
    xml = """<View><Image name="img" value="$image"/>
      <KeyPointLabels name="kp" toName="img"><Label value="nose"/></KeyPointLabels>
      </View>"""
    tasks = [task(i, annotation(keypoint(10 * i, 50, "nose"))) for i in (1, 2)]
    done = convert_tasks(tmp_path, "coco", tasks, xml=xml)
    assert [row["keypoints"] for row in rows_of(done)] == [[20, 50, 2], [40, 50, 2]]
    assert [row["bbox"] for row in rows_of(done)] == [
        [19.5, 49.5, 1, 1],
        [39.5, 49.5, 1, 1],
    ]
    assert names_by_id(done) == {0: "keypoints"}
    assert len(load(done).anns) == 2


def test_a_plain_keypoint_takes_its_label_from_labels(tmp_path: Path) -> None:
    xml = """<View><Image name="img" value="$image"/>
      <Labels name="label" toName="img"><Label value="tip"/></Labels>
      <KeyPoint name="kp" toName="img"/></View>"""
    value = {"x": 10, "y": 10, "width": 0.5}
    drawn = [
        result("kp", "keypoint", value, id="k"),
        result("label", "labels", {**value, "labels": ["tip"]}, id="k"),
    ]
    done = convert_drawn(tmp_path, *drawn, xml=xml)
    assert rows_of(done)[0]["keypoints"] == [20, 10, 2]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (keypoint(11, 11, "nose", "a"), "second keypoint of one name in its region"),
        (keypoint(11, 11, "tail", "a"), "keypoint label is not in the label config"),
        (keypoint(120, 11, "left eye", "a"), "outside the image"),
    ],
)
def test_keypoints_that_no_column_can_hold_are_reported(
    tmp_path: Path, point: dict[str, Any], reason: str
) -> None:
    drawn = [person(0, 0, 40, 90, id="a"), keypoint(10, 10, "nose", "a"), point]
    done = convert_drawn(tmp_path, *drawn)
    assert done.skipped() == {reason: 1}
    assert rows_of(done)[0]["num_keypoints"] == 1


def test_loose_keypoints_that_are_all_off_the_image_leave_no_annotation(
    tmp_path: Path,
) -> None:
    done = convert_drawn(tmp_path, keypoint(120, 50, "nose"))
    assert done.skipped() == {"outside the image": 1}
    assert rows_of(done) == []


def test_without_clipping_keypoints_stay_where_they_were_drawn(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, keypoint(120, 50, "nose"), clip=False)
    assert rows_of(done)[0]["keypoints"][:3] == [240, 50, 2]


def test_keypoints_of_a_region_that_is_not_written_are_reported(
    tmp_path: Path,
) -> None:
    drawn = [person(0, 0, 0, 90, id="a"), keypoint(10, 10, "nose", "a")]
    done = convert_drawn(tmp_path, *drawn)
    assert done.skipped() == {
        "no area": 1,
        "region of the keypoint was not written": 1,
    }


def test_a_keypoint_is_not_of_a_person_on_another_image(tmp_path: Path) -> None:
    xml = PEOPLE.replace('value="$image"', 'valueList="$images"')
    assert "valueList" in xml
    drawn = [
        person(0, 0, 40, 90, id="a", item_index=0),
        keypoint(10, 10, "nose", "a", item_index=1),
    ]
    made = task(1, annotation(*drawn), images=["/data/a.png", "/data/b.png"])
    done = convert_tasks(tmp_path, "coco", [made], xml=xml)
    body, loose = rows_of(done)
    assert body["num_keypoints"] == 0
    assert loose["num_keypoints"] == 1
    assert body["image_id"] != loose["image_id"]


def test_keypoints_of_people_who_are_dropped_are_not_put_together(
    tmp_path: Path,
) -> None:
    """F13: they would be one figure of several people."""
    names = tmp_path / "names.json"
    names.write_text('{"Person": null}')
    drawn = [
        person(0, 0, 40, 90, id="a"),
        keypoint(10, 10, "nose", "a"),
        person(50, 0, 40, 90, id="b"),
        keypoint(60, 10, "left eye", "b"),
    ]
    done = convert_drawn(tmp_path, *drawn, classes=ClassPolicy(rename=names))
    assert rows_of(done) == []
    assert done.skipped() == {DROPPED: 2, "region of the keypoint was not written": 2}


def test_a_choice_tells_that_a_keypoint_is_occluded(tmp_path: Path) -> None:
    hidden, seen = keypoint(10, 10, "nose", "a"), keypoint(20, 20, "left eye", "a")
    drawn = [person(0, 0, 40, 90, id="a"), hidden, state_of(hidden, "Occluded"), seen]
    done = convert_drawn(tmp_path, *drawn, occluded="Occluded")
    (row,) = rows_of(done)
    assert row["keypoints"][2::3] == [1, 2, 0]
    assert row["num_keypoints"] == 2
    assert done.degraded() == {}


def test_a_second_label_of_a_keypoint_is_listed_as_lost(tmp_path: Path) -> None:
    point = keypoint(10, 10, "nose")
    point["value"]["keypointlabels"].append("left eye")
    for labels in ("first", "all"):
        done = convert_drawn(tmp_path, point, labels=labels)
        assert done.degraded() == {"second label dropped": 1}


def test_all_labels_of_a_person_have_its_keypoints(tmp_path: Path) -> None:
    body = box(0, 0, 40, 90, 0, "Person", "Car", id="a")
    done = convert_drawn(tmp_path, body, keypoint(10, 10, "nose", "a"), labels="all")
    assert [row["num_keypoints"] for row in rows_of(done)] == [1, 1]


def test_scores_of_single_keypoints_have_no_place(tmp_path: Path) -> None:
    made = task(1)
    made["predictions"] = [{"id": 1, "result": [keypoint(1, 1, "nose", score=0.5)]}]
    done = convert_tasks(tmp_path, "coco", [made], xml=PEOPLE, select="predictions")
    assert "score" not in rows_of(done)[0]
    assert done.degraded() == {"score dropped": 1}


def test_a_rename_file_may_drop_loose_keypoints(tmp_path: Path) -> None:
    rename = tmp_path / "rename.csv"
    rename.write_text("keypoints,\n")
    classes = ClassPolicy(rename=rename)
    done = convert_drawn(tmp_path, keypoint(10, 10, "nose"), classes=classes)
    assert done.skipped() == {"label dropped by the rename file": 1}


@pytest.mark.parametrize("skeleton", ["1", "0-1", "a-b", "1-2,", "1-2;2-3"])
def test_a_skeleton_that_is_none_is_refused(tmp_path: Path, skeleton: str) -> None:
    with pytest.raises(UsageError, match="skeleton"):
        convert_drawn(tmp_path, skeleton=skeleton)


def test_a_skeleton_of_more_keypoints_than_there_are_is_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="keypoint 4"):
        convert_drawn(tmp_path, skeleton="1-4")


def test_keypoints_that_no_config_names_are_reported(tmp_path: Path) -> None:
    xml = PEOPLE.replace("KeyPointLabels", "EllipseLabels")
    done = convert_drawn(tmp_path, keypoint(10, 10, "nose"), xml=xml)
    assert done.skipped() == {"keypoint label is not in the label config": 1}


def test_pycocotools_evaluates_keypoints(tmp_path: Path) -> None:
    drawn = [
        person(0, 0, 40, 90, id="a"),
        person(50, 0, 40, 90),
        keypoint(10, 20, "nose", "a"),
    ]
    coco = load(convert_drawn(tmp_path, *drawn))
    assert [one["num_keypoints"] for one in coco.loadAnns(coco.getAnnIds())] == [1, 0]
