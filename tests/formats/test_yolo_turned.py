from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    BOXES,
    SHAPES,
    Converted,
    annotation,
    box,
    convert_tasks,
    ellipse,
    polygon,
    task,
)
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError

# Tested elsewhere: that boxes of other controls are read. Here: what a row holds.


def rows(done: Converted, name: str = "im1") -> list[list[float]]:
    lines = done.text(f"labels/{name}.txt").splitlines()
    found = [[float(word) for word in line.split(" ")] for line in lines]
    assert all(len(row) == 9 for row in found)
    return found


def turned(folder: Path, *drawn: dict[str, Any], **options: Any) -> Converted:
    xml = options.pop("xml", BOXES)
    tasks = [task(1, annotation(*drawn))]
    return convert_tasks(folder, "YOLO_OBB", tasks, xml=xml, **options)


def test_a_turned_box_keeps_its_four_corners(tmp_path: Path) -> None:
    """40 x 40 px at (100, 10), 45 degrees about its corner, on 200 x 100."""
    done = turned(tmp_path, box(50, 10, 20, 40, 45))
    (row,) = rows(done)
    leg = 40 / 2**0.5
    expected = [100, 10, 100 + leg, 10 + leg, 100, 10 + 2 * leg, 100 - leg, 10 + leg]
    shares = [number / (200, 100)[index % 2] for index, number in enumerate(expected)]
    assert row == pytest.approx([0, *shares])
    assert done.report.lossless


def test_a_box_without_rotation_is_written_too(tmp_path: Path) -> None:
    drawn = box(10, 20, 30, 40)
    del drawn["value"]["rotation"]
    (row,) = rows(turned(tmp_path, drawn))
    assert row == [0, 0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]


def test_a_polygon_becomes_four_corners(tmp_path: Path) -> None:
    """F15: a row never has another number of corners."""
    done = turned(tmp_path, polygon((10, 10), (40, 10), (25, 60)), xml=SHAPES)
    (row,) = rows(done)
    assert row[0] == 1
    assert done.degraded() == {"outline reduced to its box": 1}


def test_a_rectangle_drawn_as_a_polygon_loses_nothing(tmp_path: Path) -> None:
    drawn = polygon((10, 20), (40, 20), (40, 60), (10, 60))
    done = turned(tmp_path, drawn, xml=SHAPES)
    assert rows(done) == [[1, 0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]]
    assert done.report.lossless


def test_an_ellipse_becomes_the_box_that_is_turned_as_it_is(tmp_path: Path) -> None:
    done = turned(tmp_path, ellipse(50, 50, 20, 10, 90), xml=SHAPES)
    (row,) = rows(done)
    # radii of 40 and 10 px about (100, 50), turned by a quarter
    assert row[1:] == pytest.approx([0.55, 0.1, 0.55, 0.9, 0.45, 0.9, 0.45, 0.1])


def test_corners_off_the_image_are_moved_to_its_edge(tmp_path: Path) -> None:
    """F16."""
    done = turned(tmp_path, box(90, 10, 30, 30))
    assert rows(done) == [[0, 0.9, 0.1, 1.0, 0.1, 1.0, 0.4, 0.9, 0.4]]
    assert done.degraded() == {"clipped to the image": 1}
    kept = turned(tmp_path, box(90, 10, 30, 30), clip=False)
    assert rows(kept) == [[0, 0.9, 0.1, 1.2, 0.1, 1.2, 0.4, 0.9, 0.4]]


def test_a_box_off_the_image_is_reported(tmp_path: Path) -> None:
    done = turned(tmp_path, box(120, 10, 30, 30, 10))
    assert done.text("labels/im1.txt") == ""
    assert done.skipped() == {"outside the image": 1}


def test_a_box_without_area_is_reported(tmp_path: Path) -> None:
    """F3."""
    assert turned(tmp_path, box(10, 10, 0, 30, 45)).skipped() == {"no area": 1}


@given(
    st.lists(
        st.tuples(
            *[st.floats(-50, 150)] * 2, *[st.floats(0, 150)] * 2, st.floats(0, 360)
        ),
        max_size=4,
    )
)
def test_whatever_is_drawn_is_on_the_image_or_reported(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[float, ...]]
) -> None:
    drawn = [box(*numbers) for numbers in boxes]  # type: ignore[arg-type]
    done = turned(tmp_path_factory.mktemp("obb"), *drawn)
    found = rows(done)
    assert all(0 <= number <= 1 for row in found for number in row[1:])
    assert len(found) + sum(done.skipped().values()) == len(boxes)


def test_the_name_stands_for_an_option_that_can_be_said(tmp_path: Path) -> None:
    same = convert_tasks(
        tmp_path, "yolo", [task(1, annotation(box(10, 20, 30, 40)))], task="obb"
    )
    assert len(rows(same)[0]) == 9
    with pytest.raises(UsageError, match="obb2"):
        convert_tasks(tmp_path, "yolo", [], task="obb2")
