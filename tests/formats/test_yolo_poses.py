from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    Converted,
    annotation,
    box,
    convert_tasks,
    result,
    task,
)

from ls_tools.output import ClassPolicy

POSES = """
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="rect" toName="img">
    <Label value="Car"/><Label value="Person"/>
  </RectangleLabels>
  <KeyPointLabels name="kp" toName="img">
    <Label value="nose"/><Label value="left_eye"/><Label value="right_eye"/>
  </KeyPointLabels>
  <Choices name="seen" toName="img" perRegion="true">
    <Choice value="hidden"/><Choice value="plain"/>
  </Choices>
</View>"""

INDEXED = (
    POSES.replace('value="nose"', 'value="nose" model_index="2"')
    .replace('value="left_eye"', 'value="left_eye" model_index="0"')
    .replace('value="right_eye"', 'value="right_eye" model_index="1"')
)

POINTS_ONLY = """
<View>
  <Image name="img" value="$image"/>
  <KeyPointLabels name="kp" toName="img">
    <Label value="nose"/><Label value="tail"/>
  </KeyPointLabels>
</View>"""


def point(
    x: float, y: float, label: str = "nose", parent: str | None = None, **fields: Any
) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [label]}
    if parent:
        fields["parentID"] = parent
    return result("kp", "keypointlabels", value, **fields)


def posed(
    folder: Path, *drawn: dict[str, Any], xml: str = POSES, **options: Any
) -> Converted:
    tasks = [task(1, annotation(*drawn))]
    return convert_tasks(folder, "yolo", tasks, xml=xml, **options)


def rows(done: Converted) -> list[list[float]]:
    text = done.text("labels/im1.txt")
    assert not text or text.endswith("\n")
    return [[float(word) for word in line.split()] for line in text.splitlines()]


def test_keypoints_stand_behind_the_box_that_they_belong_to(tmp_path: Path) -> None:
    """F14."""
    done = posed(
        tmp_path,
        box(10, 10, 20, 20, 0, "Person", id="ann"),
        point(55, 50, "left_eye", "bob"),
        point(15, 15, "nose", "ann"),
        box(50, 40, 20, 20, 0, "Person", id="bob"),
        point(60, 50, "nose", "bob"),
    )
    assert rows(done) == [
        [1, 0.2, 0.2, 0.2, 0.2, 0.15, 0.15, 2, 0, 0, 0, 0, 0, 0],
        [1, 0.6, 0.5, 0.2, 0.2, 0.6, 0.5, 2, 0.55, 0.5, 2, 0, 0, 0],
    ]
    assert done.report.regions_written == done.report.regions_in == 5
    assert done.report.lossless


def test_names_of_keypoints_are_no_classes(tmp_path: Path) -> None:
    done = posed(tmp_path, box(10, 10, 20, 20, 0, "Person", id="ann"))
    assert done.text("classes.txt") == "Car\nPerson\n"
    assert "kpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\n" in done.text("data.yaml")


def test_the_columns_are_in_the_order_of_model_index(tmp_path: Path) -> None:
    """F13."""
    done = posed(
        tmp_path,
        box(10, 10, 20, 20, 0, "Person", id="ann"),
        point(12, 12, "left_eye", "ann"),
        point(15, 15, "nose", "ann"),
        xml=INDEXED,
    )
    assert rows(done)[0][5:] == [0.12, 0.12, 2, 0, 0, 0, 0.15, 0.15, 2]


def test_a_keypoint_without_a_box_is_reported(tmp_path: Path) -> None:
    """F14."""
    done = posed(
        tmp_path,
        box(10, 10, 20, 20, id="ann"),
        point(15, 15),
        point(16, 16, "nose", "nobody"),
    )
    assert done.skipped() == {
        "keypoint without a region that it belongs to": 1,
        "region of the keypoint was not written": 1,
    }
    assert len(rows(done)) == 1


def test_a_name_that_a_box_has_twice_is_reported(tmp_path: Path) -> None:
    done = posed(
        tmp_path,
        box(10, 10, 20, 20, id="ann"),
        point(15, 15, "nose", "ann"),
        point(16, 16, "nose", "ann"),
    )
    assert rows(done)[0][5:8] == [0.15, 0.15, 2]
    assert done.skipped() == {"second keypoint of one name in its region": 1}


def test_a_keypoint_off_the_image_is_missing_and_reported(tmp_path: Path) -> None:
    done = posed(tmp_path, box(10, 10, 20, 20, id="ann"), point(105, 15, "nose", "ann"))
    assert rows(done)[0][5:8] == [0, 0, 0]
    assert done.skipped() == {"outside the image": 1}


def test_keypoints_of_a_box_that_is_not_written_are_reported(tmp_path: Path) -> None:
    done = posed(tmp_path, box(10, 10, 0, 20, id="ann"), point(15, 15, "nose", "ann"))
    assert rows(done) == []
    assert done.skipped() == {
        "no area": 1,
        "region of the keypoint was not written": 1,
    }


def test_a_choice_can_say_that_a_keypoint_is_occluded(tmp_path: Path) -> None:
    hidden = result("seen", "choices", {"choices": ["hidden"]}, id="k1")
    drawn = (
        box(10, 10, 20, 20, id="ann"),
        point(15, 15, "nose", "ann", id="k1"),
        hidden,
    )
    done = posed(tmp_path, *drawn, occluded="hidden")
    assert rows(done)[0][5:8] == [0.15, 0.15, 1]
    assert done.report.lossless
    plain = posed(tmp_path, *drawn)
    assert rows(plain)[0][5:8] == [0.15, 0.15, 2]
    assert plain.degraded() == {"control not expressible: Choices": 1}


def test_what_else_a_keypoint_was_said_to_be_is_listed_as_lost(tmp_path: Path) -> None:
    both = result("seen", "choices", {"choices": ["hidden", "plain"]}, id="k1")
    body, nose = box(10, 10, 20, 20, id="ann"), point(15, 15, "nose", "ann", id="k1")
    done = posed(tmp_path, body, nose, both, occluded="hidden")
    assert rows(done)[0][7] == 1
    assert done.degraded() == {"control not expressible: Choices": 1}
    both["value"]["choices"] = ["plain"]
    done = posed(tmp_path, body, nose, both, occluded="hidden")
    assert rows(done)[0][7] == 2
    assert done.degraded() == {"control not expressible: Choices": 1}


def test_keypoints_alone_are_one_pose_an_image(tmp_path: Path) -> None:
    done = posed(tmp_path, point(20, 20), point(60, 80, "tail"), xml=POINTS_ONLY)
    assert rows(done) == [[0, 0.4, 0.5, 0.4, 0.6, 0.2, 0.2, 2, 0.6, 0.8, 2]]
    assert done.text("classes.txt") == "keypoints\n"
    assert done.report.regions_written == 2


def test_a_rename_file_may_drop_keypoints_alone(tmp_path: Path) -> None:
    rename = tmp_path / "rename.csv"
    rename.write_text("keypoints,\n")
    classes = ClassPolicy(rename=rename)
    done = posed(tmp_path, point(20, 20), xml=POINTS_ONLY, classes=classes)
    assert rows(done) == []
    assert done.skipped() == {"label dropped by the rename file": 1}


def test_the_class_of_keypoints_alone_is_told(tmp_path: Path) -> None:
    done = posed(tmp_path, point(20, 20), xml=POINTS_ONLY)
    assert (
        "Keypoints without a region belong to no label: 'keypoints' became class 0."
    ) in done.report.warnings


def test_one_keypoint_alone_has_a_box_of_a_pixel(tmp_path: Path) -> None:
    (row,) = rows(posed(tmp_path, point(20, 20), xml=POINTS_ONLY))
    assert row[:5] == [0, 0.2, 0.2, 1 / 200, 1 / 100]


def test_an_image_without_regions_keeps_an_empty_file(tmp_path: Path) -> None:
    assert posed(tmp_path).text("labels/im1.txt") == ""


@pytest.mark.parametrize("label", ["", "ear"])
def test_a_keypoint_of_no_known_name_is_reported(tmp_path: Path, label: str) -> None:
    drawn = point(15, 15, label, "ann")
    if not label:
        drawn["value"]["keypointlabels"] = []
    done = posed(tmp_path, box(10, 10, 20, 20, id="ann"), drawn)
    reason = (
        "keypoint label is not in the label config"
        if label
        else ("keypoint without a label")
    )
    assert done.skipped() == {reason: 1}


def test_other_tasks_list_the_keypoints(tmp_path: Path) -> None:
    drawn = (box(10, 10, 20, 20, id="ann"), point(15, 15, "nose", "ann"))
    done = posed(tmp_path, *drawn, task="detect")
    assert len(rows(done)[0]) == 5
    assert done.skipped() == {"control not expressible: KeyPointLabels": 1}
