from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    BOXES,
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
    split_by_parity,
    task,
)
from hypothesis import example, given
from hypothesis import strategies as st

from ls_tools.formats.yolo.rows import lines
from ls_tools.output import ClassPolicy
from ls_tools.settings import Settings


def rows(done: Converted, name: str = "im1") -> list[list[float]]:
    """The rows of a label file, held to what YOLO loaders demand."""
    text = done.text(f"labels/{name}.txt")
    assert text == "" or text.endswith("\n")
    found = [[float(word) for word in line.split(" ")] for line in text.splitlines()]
    for row in found:
        assert row[0] == int(row[0])
        assert len(row) == 5 or (len(row) >= 7 and len(row) % 2 == 1)
        assert all(0 <= number <= 1 for number in row[1:])
    return found


def data_yaml(done: Converted) -> dict[str, Any]:
    judge = pytest.importorskip("yaml")
    return dict(judge.safe_load(done.text("data.yaml")))


def test_a_box_is_class_centre_and_size(tmp_path: Path) -> None:
    drawn = [box(10, 20, 30, 40), box(50, 10, 20, 20, 0, "Person")]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))])
    assert done.text("labels/im1.txt") == "0 0.25 0.4 0.3 0.4\n1 0.6 0.2 0.2 0.2\n"
    assert (done.report.regions_in, done.report.regions_written) == (2, 2)


def test_a_turned_box_becomes_its_true_hull(tmp_path: Path) -> None:
    """F2."""
    drawn = [task(1, annotation(box(50, 10, 20, 40, 45)))]
    done = convert_tasks(tmp_path, "yolo", drawn)
    (row,) = rows(done)
    assert row == pytest.approx([0, 0.5, 0.383, 0.283, 0.566], abs=5e-4)
    assert done.degraded() == {"rotation dropped": 1}


def test_quarter_turns_lose_nothing(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(50, 10, 20, 40, 90)))]
    done = convert_tasks(tmp_path, "yolo", drawn)
    assert rows(done) == [pytest.approx([0, 0.4, 0.3, 0.2, 0.4])]
    assert done.degraded() == {}


def test_the_newest_annotation_wins(tmp_path: Path) -> None:
    """F4."""
    old, new = annotation(box(1, 1, 5, 5)), annotation(box(2, 2, 5, 5, 0, "Person"))
    for both in ((old, new), (new, old)):
        done = convert_tasks(tmp_path, "yolo", [task(1, *both)])
        assert [row[0] for row in rows(done)] == [1]


def test_several_annotations_of_a_task_share_a_label_file(tmp_path: Path) -> None:
    made = task(1, annotation(box(1, 1, 5, 5)), annotation(box(2, 2, 5, 5)))
    done = convert_tasks(tmp_path, "yolo", [made], select="all")
    assert len(rows(done)) == 2
    assert done.report.regions_written == 2


def test_the_line_of_a_class_is_its_id(tmp_path: Path) -> None:
    """F6, F7, F8: with category attributes, choices, and any order."""
    xml = """<View><Image name="img" value="$image"/>
      <Choices name="quality" toName="img"><Choice value="blurry"/></Choices>
      <RectangleLabels name="rect" toName="img">
        <Label value="zebra" category="5"/><Label value="ant" category="2"/>
        <Label value="cat" category="0"/>
      </RectangleLabels></View>"""
    labels = ("zebra", "ant", "cat", "new")
    drawn = [box(1, 1, 5, 5, 0, label) for label in labels]
    done = convert_tasks(
        tmp_path, "yolo", [task(1, annotation(choice("blurry"), *drawn))], xml=xml
    )
    lines = done.text("classes.txt").splitlines()
    assert sorted(lines) == sorted(labels)
    assert [lines[int(row[0])] for row in rows(done)] == list(labels)
    assert data_yaml(done)["names"] == dict(enumerate(lines))
    assert data_yaml(done)["nc"] == len(lines)
    notes = done.json("notes.json")["categories"]
    assert notes == [{"id": k, "name": name} for k, name in enumerate(lines)]


HOSTILE = [
    "a\nb",
    'say "hi"',
    "it's: #1",
    "- x",
    "yes",
    "{a}",
    "\u2028",
    "caf\u00e9",
    "\U0001f600",
    "\x7f\x85",
    "\ufeff",
    "C:\\x",
    "  ",
]


def test_any_label_stays_on_its_line_and_in_the_yaml(tmp_path: Path) -> None:
    """F31."""
    drawn = [box(1, 1, 5, 5, 0, label) for label in HOSTILE]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))])
    names = data_yaml(done)["names"]
    lines = done.text("classes.txt").removesuffix("\n").split("\n")
    assert len(lines) == len(names) == 2 + len(HOSTILE)
    found = [names[int(row[0])] for row in rows(done)]
    assert found == HOSTILE
    assert [c["name"] for c in done.json("notes.json")["categories"]] == list(
        names.values()
    )


def test_data_yaml_names_folders_that_are_there_and_no_path(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(box(1, 1, 5, 5)))])
    found = data_yaml(done)
    assert "path" not in found
    assert (found["train"], found["val"]) == ("images", "images")
    assert any("val equals train" in warning for warning in done.report.warnings)


def test_splits_have_folders_that_data_yaml_names(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5))) for i in range(1, 6)]
    split = split_by_parity(tmp_path, range(1, 6))
    done = convert_tasks(tmp_path, "yolo", tasks, split=split)
    found = data_yaml(done)
    assert (found["train"], found["val"]) == ("images/train", "images/val")
    assert len(list((done.root / "labels/train").iterdir())) == 3
    assert len(list((done.root / "labels/val").iterdir())) == 2
    assert not done.report.warnings


def test_an_outline_beside_the_image_is_reported(tmp_path: Path) -> None:
    drawn = polygon((110, 10), (120, 10), (120, 90))
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(drawn))], xml=SHAPES)
    assert rows(done) == []
    assert done.skipped() == {"outside the image": 1}


def test_an_empty_annotation_keeps_an_empty_file(tmp_path: Path) -> None:
    tasks = [task(1, annotation()), task(2)]
    done = convert_tasks(tmp_path, "yolo", tasks)
    assert done.text("labels/im1.txt") == ""
    assert not (done.root / "labels/im2.txt").exists()
    assert [loss.count for loss in done.report.tasks_skipped] == [1]


def test_an_unlabeled_image_is_never_called_negative(tmp_path: Path) -> None:
    tasks = [task(1, annotation(box(1, 1, 5, 5))), task(2)]
    done = convert_tasks(tmp_path, "yolo", tasks, include_unlabeled=True)
    assert done.report.tasks_written == 2
    assert not (done.root / "labels/im2.txt").exists()


def test_one_geometry_per_dataset_outlines_where_there_are_polygons(
    tmp_path: Path,
) -> None:
    """F15."""
    drawn = [
        box(10, 20, 30, 40),
        polygon((60, 20), (90, 30), (75, 90)),
        box(50, 10, 20, 40, 45),
    ]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))], xml=SHAPES)
    half = 40 / math.sqrt(2)
    assert rows(done) == [
        pytest.approx([0, 0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]),
        pytest.approx([1, 0.6, 0.2, 0.9, 0.3, 0.75, 0.9]),
        pytest.approx(
            [
                0,
                0.5,
                0.1,
                (100 + half) / 200,
                (10 + half) / 100,
                0.5,
                (10 + 2 * half) / 100,
                (100 - half) / 200,
                (10 + half) / 100,
            ]
        ),
    ]
    assert done.degraded() == {}


def test_one_geometry_per_dataset_boxes_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    """F10, F15."""
    drawn = [
        box(10, 20, 30, 40),
        polygon((60, 20), (90, 30), (75, 90)),
        ellipse(50, 50, 10, 20),
    ]
    done = convert_tasks(
        tmp_path, "yolo", [task(1, annotation(*drawn))], xml=SHAPES, task="detect"
    )
    assert rows(done) == [
        pytest.approx([0, 0.25, 0.4, 0.3, 0.4]),
        pytest.approx([1, 0.75, 0.55, 0.3, 0.7]),
        pytest.approx([2, 0.5, 0.5, 0.2, 0.4]),
    ]
    assert done.degraded() == {"outline reduced to its box": 2}


def test_an_ellipse_becomes_an_outline(tmp_path: Path) -> None:
    done = convert_tasks(
        tmp_path, "yolo", [task(1, annotation(ellipse(50, 50, 10, 20)))], xml=SHAPES
    )
    (row,) = rows(done)
    xs, ys = row[1::2], row[2::2]
    assert (min(xs), max(xs)) == pytest.approx((0.4, 0.6))
    assert (min(ys), max(ys)) == pytest.approx((0.3, 0.7))
    assert done.degraded() == {"ellipse approximated by a polygon": 1}


def test_outlines_may_be_asked_for_where_there_are_boxes_only(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(10, 20, 30, 40)))]
    done = convert_tasks(tmp_path, "yolo", drawn, task="segment")
    assert len(rows(done)[0]) == 9


def test_plain_labels_on_plain_shapes_are_written(tmp_path: Path) -> None:
    """F9."""
    value = {"points": [[60, 20], [90, 30], [75, 90]], "closed": True}
    drawn = [
        result("poly", "polygon", value, id="p"),
        result("label", "labels", {**value, "labels": ["Red"]}, id="p"),
    ]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))], xml=PLAIN)
    assert rows(done) == [pytest.approx([1, 0.6, 0.2, 0.9, 0.3, 0.75, 0.9])]


def test_boxes_are_clipped_to_the_image(tmp_path: Path) -> None:
    """F16."""
    drawn = [
        box(-10, 90, 30, 20),
        box(120, 1, 5, 5),
        box(5, 5, 5, -0.607),
        box(0, 0, 0, 9),
    ]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))])
    assert rows(done) == [
        pytest.approx([0, 0.1, 0.95, 0.2, 0.1]),
        pytest.approx([0, 0.075, 0.046965, 0.05, 0.00607]),
    ]
    assert done.skipped() == {"outside the image": 1, "no area": 1}
    assert done.degraded() == {"clipped to the image": 1}


def test_without_clipping_numbers_leave_the_image(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(-10, 90, 30, 20)))]
    done = convert_tasks(tmp_path, "yolo", drawn, clip=False)
    assert done.text("labels/im1.txt") == "0 0.05 1.0 0.3 0.2\n"


def test_upright_boxes_need_no_image_size_and_turned_ones_do(tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"original_width": None, "original_height": None}
    drawn = [box(10, 20, 30, 40, **unknown), box(50, 10, 20, 40, 45, **unknown)]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(*drawn))])
    assert rows(done) == [pytest.approx([0, 0.25, 0.4, 0.3, 0.4])]
    assert done.skipped() == {"image size unknown": 1}


def test_images_of_one_name_keep_a_label_file_each(tmp_path: Path) -> None:
    """F12."""
    tasks = [
        task(i, annotation(box(10 * i, 1, 5, 5)), image=f"https://h{i}.example/a.{e}")
        for i, e in ((1, "jpg"), (2, "png"))
    ]
    done = convert_tasks(tmp_path, "yolo", tasks)
    assert len(list((done.root / "labels").iterdir())) == 2


def test_one_image_in_two_tasks_has_one_label_file_with_both(tmp_path: Path) -> None:
    same = "/data/upload/1/im1.jpg"
    tasks = [task(i, annotation(box(10 * i, 10, 10, 10)), image=same) for i in (1, 2)]
    done = convert_tasks(tmp_path, "yolo", tasks)
    assert len(rows(done)) == 2
    assert any("several tasks" in warning for warning in done.report.warnings)


def test_several_labels_of_a_box_are_a_row_each(tmp_path: Path) -> None:
    drawn = [task(1, annotation(box(1, 1, 5, 5, 0, "Car", "Person")))]
    done = convert_tasks(tmp_path, "yolo", drawn)
    assert [row[0] for row in rows(done)] == [0, 1]
    assert done.report.regions_written == 1
    done = convert_tasks(tmp_path, "yolo", drawn, labels="first")
    assert [row[0] for row in rows(done)] == [0]
    assert done.degraded() == {"second label dropped": 1}


def test_labels_merged_into_one_class_are_one_row(tmp_path: Path) -> None:
    rename = tmp_path / "rename.json"
    rename.write_text('{"Car": "thing", "Person": "thing"}')
    drawn = [task(1, annotation(box(1, 1, 5, 5, 0, "Car", "Person")))]
    done = convert_tasks(
        tmp_path, "yolo", drawn, classes=ClassPolicy(rename=rename), labels="all"
    )
    assert [row[0] for row in rows(done)] == [0]


def test_a_label_that_the_rename_file_drops_is_reported(tmp_path: Path) -> None:
    rename = tmp_path / "rename.json"
    rename.write_text('{"Car": null}')
    drawn = [box(1, 1, 5, 5, 0, "Car"), box(1, 1, 5, 5, 0, "Car", "Person")]
    done = convert_tasks(
        tmp_path,
        "yolo",
        [task(1, annotation(*drawn))],
        classes=ClassPolicy(rename=rename),
    )
    assert done.skipped() == {"label dropped by the rename file": 1}
    assert len(rows(done)) == 1


def test_labels_and_images_have_the_same_stem(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name in ("a b.png", "c.jpg"):
        (root / name).write_bytes(b"not looked into")
    settings = Settings(document_root=root, cache_dir=tmp_path / "cache")
    tasks = [
        task(i, annotation(box(1, 1, 5, 5)), image=f"/data/local-files/?d={name}")
        for i, name in enumerate(("a%20b.png", "c.jpg"))
    ]
    done = convert_tasks(
        tmp_path, "YOLO_WITH_IMAGES", tasks, xml=BOXES, settings=settings
    )
    images = {path.stem for path in (done.root / "images").iterdir()}
    labels = {path.stem for path in (done.root / "labels").iterdir()}
    assert images == labels
    assert len(images) == 2
    assert done.report.media.failed == []


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5, i))) for i in range(1, 20)]
    written = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        done = convert_tasks(tmp_path / name, "yolo", tasks)
        files = sorted(p for p in done.root.rglob("*") if p.is_file())
        written.append([(p.relative_to(done.root), p.read_bytes()) for p in files])
    assert written[0] == written[1]


def test_nothing_in_still_gives_a_data_yaml(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "yolo", [])
    assert data_yaml(done)["names"] == {0: "Car", 1: "Person"}
    bare = "<View><Image name='img' value='$image'/></View>"
    done = convert_tasks(tmp_path, "yolo", [], xml=bare)
    assert data_yaml(done)["names"] == {}


def test_a_score_has_no_column(tmp_path: Path) -> None:
    drawn = box(10, 20, 30, 40, score=0.9)
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(drawn))])
    assert len(rows(done)[0]) == 5
    assert done.degraded() == {"score dropped": 1}


@pytest.mark.parametrize("turn", [90, 270])
def test_a_quarter_turn_needs_the_size_of_its_image(tmp_path: Path, turn: int) -> None:
    """Width and height are percents of different lengths, which a turn exchanges."""
    drawn = box(50, 50, 20, 20, turn)
    del drawn["original_width"], drawn["original_height"]
    done = convert_tasks(tmp_path, "yolo", [task(1, annotation(drawn))])
    assert done.text("labels/im1.txt") == ""
    assert done.skipped() == {"image size unknown": 1}


@given(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-0.1, 1.1))
@example(0.9999999995)
@example(0.9999994995)
@example(0.00009999999951)
@example(1e-4)
@example(0.5)
@example(0.0000000005)
@example(-0.0)
@example(2)
def test_numbers_are_spelled_as_python_rounds_them(number: float) -> None:
    assert lines([3], [number, number]) == [
        f"3 {round(number, 9)} {round(number, 9)}\n"
    ]
