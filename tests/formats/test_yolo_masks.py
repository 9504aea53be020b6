from __future__ import annotations

import math
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    PAINTED,
    Converted,
    annotation,
    convert_tasks,
    result,
    task,
)

from ls_tools.formats.yolo.joining import join_outlines
from ls_tools.geometry import polygon_area

np = pytest.importorskip("numpy")

JOINED = "parts and holes of a mask joined by lines without width"


def brush(mask: Any) -> dict[str, Any]:
    from ls_tools.rle import encode_brush

    code = encode_brush(mask.astype(np.uint8) * 255)
    return result("brush", "brushlabels", {"rle": code, "brushlabels": ["Sky"]})


def blank() -> Any:
    return np.zeros((100, 200), bool)


def painted(folder: Path, mask: Any, **options: Any) -> Converted:
    tasks = [task(1, annotation(brush(mask)))]
    return convert_tasks(folder, "yolo", tasks, xml=PAINTED, **options)


def only_row(done: Converted) -> list[float]:
    (line,) = done.text("labels/im1.txt").splitlines()
    return [float(word) for word in line.split()]


def points_px(row: list[float]) -> list[tuple[float, float]]:
    numbers = iter(row[1:])
    return [(x * 200, y * 100) for x, y in zip(numbers, numbers, strict=True)]


def test_a_mask_becomes_its_outline(tmp_path: Path) -> None:
    """F10."""
    mask = blank()
    mask[20:60, 20:80] = True
    done = painted(tmp_path, mask)
    row = only_row(done)
    assert row[0] == 3
    assert polygon_area(points_px(row)) == pytest.approx(2400)
    assert done.degraded() == {"mask approximated by its outline": 1}


def test_a_mask_of_two_parts_with_a_hole_stays_one_row(tmp_path: Path) -> None:
    """F25: 800 pixels painted around a hole of 41 stay 800."""
    mask = blank()
    mask[20:49, 20:49] = True  # 841 pixels
    mask[30:31, 25:46] = False  # 21 of them erased
    mask[35:36, 25:45] = False  # and 20 more
    mask[80:90, 100:110] = True
    done = painted(tmp_path, mask, mask_tolerance_px=0.01)
    ring = points_px(only_row(done))
    turns = sum(
        x1 * y2 - x2 * y1
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)
    )
    assert abs(turns) / 2 == pytest.approx(800 + 100)
    assert done.degraded() == {JOINED: 1}


def test_thousands_of_parts_are_joined_in_time_that_grows_with_their_number() -> None:
    rings = [
        ((x, y), (x + 1.0, y), (x + 1.0, y + 1), (x, y + 1))
        for y in np.arange(0.0, 240, 3).tolist()
        for x in np.arange(0.0, 240, 3).tolist()
    ]
    began = time.process_time()
    ring = join_outlines(rings)
    assert time.process_time() - began < 10  # the square of it took minutes
    turns = sum(
        x1 * y2 - x2 * y1
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)
    )
    assert turns / 2 == pytest.approx(len(rings))


def test_long_outlines_are_joined_in_little_memory() -> None:
    steps = [(i / 100, float(i % 2)) for i in range(20_000)]
    first = [*steps, (200.0, 9.0), (0.0, 9.0)]
    second = [(x, y + 20) for x, y in first]
    tracemalloc.start()
    ring = join_outlines([first, second])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(ring) == 2 * len(first) + 2
    assert peak < 100 * 2**20


def test_detection_takes_the_box_of_a_mask(tmp_path: Path) -> None:
    mask = blank()
    mask[20:60, 20:80] = True
    mask[70:71, 100:101] = True
    done = painted(tmp_path, mask, task="detect")
    assert only_row(done) == [3, 0.3025, 0.455, 0.405, 0.51]
    assert done.degraded() == {"outline reduced to its box": 1}


def test_turned_boxes_stand_around_a_mask(tmp_path: Path) -> None:
    mask = blank()
    mask[20:60, 20:80] = True
    done = painted(tmp_path, mask, task="obb")
    corners = sorted(points_px(only_row(done)))
    assert corners == [(20, 20), (20, 60), (80, 20), (80, 60)]


@pytest.mark.parametrize("geometry", ["detect", "segment", "obb"])
def test_an_empty_mask_is_reported(tmp_path: Path, geometry: str) -> None:
    done = painted(tmp_path, blank(), task=geometry)
    assert done.text("labels/im1.txt") == ""
    assert done.skipped() == {"no area": 1}


@pytest.mark.parametrize("geometry", ["detect", "segment", "obb"])
@pytest.mark.parametrize("code", [[1, 2, 3], [0] * 40, [255] * 40])
def test_a_broken_mask_is_reported(
    tmp_path: Path, code: list[int], geometry: str
) -> None:
    drawn = result("brush", "brushlabels", {"rle": code, "brushlabels": ["Sky"]})
    done = convert_tasks(
        tmp_path, "yolo", [task(1, annotation(drawn))], xml=PAINTED, task=geometry
    )
    assert done.skipped() == {"malformed value: mask cannot be decoded": 1}


def test_joined_rings_are_entered_where_they_are_nearest() -> None:
    left = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    right = [(5.0, 0.0), (6.0, 0.0), (6.0, 1.0), (5.0, 1.0)]
    joined = join_outlines([left, right])
    assert len(joined) == len(left) + len(right) + 2
    steps = zip(joined, joined[1:] + joined[:1], strict=True)
    assert sum(math.dist(a, b) for a, b in steps) == pytest.approx(4 + 4 + 2 * 4)
