from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    PAINTED,
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
from formats.test_brush import SKY, bitmask, brush

from ls_tools.formats.masking import BAD_MASK, TOO_LARGE
from ls_tools.formats.masks import pixels, semantic
from ls_tools.settings import Bounds, Settings

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

CAR, ROOF, EYE, SKY_VALUE = 1, 2, 3, 4


def rows(done: Converted, name: str = "index.csv") -> list[dict[str, str]]:
    with (done.root / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mask(done: Converted, name: str = "im1.png") -> Any:
    with Image.open(done.root / "masks" / name) as picture:
        return np.array(picture)


def write(folder: Path, *regions: dict[str, Any], **options: Any) -> Converted:
    return convert_tasks(
        folder, "masks", [task(1, annotation(*regions))], xml=PAINTED, **options
    )


def test_a_pixel_has_the_number_of_its_class_and_0_is_background(
    tmp_path: Path,
) -> None:
    done = write(tmp_path, box(10, 10, 40, 50), brush("Sky"))
    found = mask(done)
    assert found.shape == (100, 200)
    assert found[60:].max() == 0
    assert found[10, 25] == CAR
    assert found[10, 110] == SKY_VALUE
    assert done.text("classes.txt").split("\n")[:5] == [
        "background",
        "Car",
        "Roof",
        "Eye",
        "Sky",
    ]


def test_every_kind_of_shape_is_painted(tmp_path: Path) -> None:
    regions = [
        box(5, 5, 10, 10),
        polygon((60, 20), (90, 30), (75, 90)),
        ellipse(30, 80, 10, 15),
        brush("Sky"),
        bitmask(),
    ]
    done = write(tmp_path, *regions, kind="instance")
    assert done.report.regions_written == 5
    counts = [int(row["pixels"]) for row in rows(done)]
    assert counts[0] == 200
    assert counts[1] == pytest.approx(0.5 * abs(60 * 70 - 30 * 10), rel=0.01)
    assert counts[2] == pytest.approx(np.pi * 20 * 15, rel=0.02)
    assert counts[3] == counts[4] == (SKY > 0).sum()


def test_a_turned_box_is_painted_turned(tmp_path: Path) -> None:
    """F2"""
    done = write(tmp_path, box(50, 0, 20, 40, 45))
    found = mask(done)
    assert found.sum() == pytest.approx(1600, rel=0.03)
    assert found[28, 100] == CAR  # straight below the corner that it turns about
    assert found[2, 130] == 0  # inside of it before it was turned


def test_later_regions_cover_earlier_ones(tmp_path: Path) -> None:
    done = write(
        tmp_path, box(0, 0, 50, 100), polygon((25, 0), (75, 0), (75, 100), (25, 100))
    )
    found = mask(done)
    assert found[50, 10] == CAR
    assert found[50, 60] == ROOF
    assert found[50, 140] == ROOF
    reason = "partly covered by later regions of other classes"
    assert done.degraded() == {reason: 1}


def test_a_region_that_nothing_shows_of_is_reported(tmp_path: Path) -> None:
    done = write(
        tmp_path, box(10, 10, 5, 5), polygon((0, 0), (50, 0), (50, 50), (0, 50))
    )
    assert done.skipped() == {"covered by later regions of other classes": 1}
    assert done.report.regions_written == 1


def test_regions_of_one_class_do_not_cover_each_other(tmp_path: Path) -> None:
    done = write(tmp_path, box(10, 10, 5, 5), box(0, 0, 50, 50))
    assert done.report.regions_written == 2
    assert done.degraded() == done.skipped() == {}


def test_an_image_that_shows_nothing_has_an_empty_mask(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    Image.new("RGB", (30, 20)).save(media / "plain.png")
    tasks = [task(1, annotation(), image="/data/local-files/?d=plain.png")]
    settings = Settings(
        cache_dir=tmp_path / "cache", mode="offline", document_root=media
    )
    for kind in ("semantic", "instance"):
        (tmp_path / kind).mkdir()
        done = convert_tasks(
            tmp_path / kind,
            "masks",
            tasks,
            xml=PAINTED,
            settings=settings,
            media="copy",
            kind=kind,
        )
        assert (done.root / "images" / "plain.png").exists()
        assert rows(done)[0]["image"] == "images/plain.png"
        if kind == "semantic":
            assert not mask(done, "plain.png").any()
            assert mask(done, "plain.png").shape == (20, 30)
        else:
            assert rows(done)[0]["mask"] == ""


def test_an_image_of_unknown_size_is_told(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "masks", [task(1, annotation())], xml=PAINTED)
    assert any("size of 1 images" in warning for warning in done.report.warnings)
    assert rows(done) == []


def test_what_has_no_outline_is_reported(tmp_path: Path) -> None:
    done = write(tmp_path, choice("blurry"), box(1, 1, 9, 9))
    assert done.skipped() == {"control not expressible: Choices": 1}


def test_a_shape_without_pixels_is_reported(tmp_path: Path) -> None:
    empty = np.zeros_like(SKY)
    done = write(
        tmp_path,
        box(150, 10, 5, 5),
        box(10, 10, 0.1, 0.1),
        box(10, 10, 0, 5),
        brush("Sky", alpha=empty),
        box(90, 90, 20, 5),
    )
    assert done.skipped() == {
        "outside the image": 1,
        "no centre of a pixel inside": 1,
        "no area": 2,
    }
    assert done.degraded() == {"clipped to the image": 1}


def test_more_than_255_classes_have_masks_of_16_bits(tmp_path: Path) -> None:
    labels = "".join(f'<Label value="c{number}"/>' for number in range(400))
    xml = f"""<View><Image name="img" value="$image"/>
      <RectangleLabels name="rect" toName="img">{labels}</RectangleLabels></View>"""
    tasks = [
        task(1, annotation(box(0, 0, 50, 50, 0, "c7"), box(50, 50, 50, 50, 0, "c399"))),
        task(2, annotation(box(0, 0, 50, 50, 0, "c254"))),
    ]
    done = convert_tasks(tmp_path, "masks", tasks, xml=xml)
    found = mask(done)
    assert sorted(np.unique(found).tolist()) == [0, 8, 400]
    with Image.open(done.root / "masks" / "im2.png") as picture:
        assert np.array(picture).max() == 255
    assert len(done.text("classes.txt").splitlines()) == 401
    assert len(done.text("palette.txt").splitlines()) == 401


def test_the_palette_is_that_of_pascal_voc(tmp_path: Path) -> None:
    done = write(tmp_path, box(10, 10, 40, 50))
    with Image.open(done.root / "masks" / "im1.png") as picture:
        assert picture.mode == "P"
        palette = picture.getpalette()
    assert palette is not None
    assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
    assert palette[255 * 3 :] == [224, 224, 192]
    lines = done.text("palette.txt").splitlines()
    assert lines[:3] == ["0 0 0", "128 0 0", "0 128 0"]


def test_a_region_has_a_mask_of_its_own(tmp_path: Path) -> None:
    done = write(tmp_path, box(0, 0, 50, 100), box(25, 0, 50, 100), kind="instance")
    first, second = (mask(done, f"im1/{number}.png") for number in (1, 2))
    assert sorted(np.unique(first).tolist()) == [0, 255]
    assert (first > 0).sum() == (second > 0).sum() == 10_000
    assert (first & second).any()
    assert [row["left"] for row in rows(done)] == ["0", "50"]
    assert done.degraded() == {}


def test_both_labels_of_an_instance_are_listed(tmp_path: Path) -> None:
    region = box(0, 0, 50, 100, 0, "Car", "Roof")
    done = write(tmp_path, region, kind="instance")
    assert rows(done)[0]["labels"] == "Car|Roof"
    assert done.degraded() == {}
    (tmp_path / "semantic").mkdir()
    done = write(tmp_path / "semantic", region)
    assert done.degraded() == {"second label dropped": 1}


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_an_image_of_several_tasks_has_what_all_of_them_say(
    tmp_path: Path, kind: str
) -> None:
    image = "/data/upload/1/shared.jpg"
    tasks = [
        task(1, annotation(box(0, 0, 10, 10)), image=image),
        task(2, annotation(box(50, 50, 10, 10)), image=image),
        task(3, annotation(box(50, 50, 10, 10, original_width=999)), image=image),
    ]
    done = convert_tasks(tmp_path, "masks", tasks, xml=PAINTED, kind=kind)
    assert done.report.regions_written == 2
    assert done.skipped() == {"another task states another size of the image": 1}
    if kind == "semantic":
        assert (mask(done, "shared.png") > 0).sum() == 400
    else:
        assert len(list((done.root / "masks" / "shared").iterdir())) == 2


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_all_annotations_are_on_one_image(tmp_path: Path, kind: str) -> None:
    tasks = [task(1, annotation(box(0, 0, 10, 10)), annotation(box(50, 50, 10, 10)))]
    done = convert_tasks(tmp_path, "masks", tasks, xml=PAINTED, kind=kind, select="all")
    assert done.report.regions_written == 2
    found = [Image.open(path) for path in sorted((done.root / "masks").rglob("*.png"))]
    assert sum(int((np.array(picture) > 0).sum()) for picture in found) == 400


def test_each_split_has_its_folders_and_a_table(tmp_path: Path) -> None:
    tasks = [task(number, annotation(box(0, 0, 9, 9))) for number in range(1, 30)]
    done = convert_tasks(
        tmp_path, "masks", tasks, xml=PAINTED, split="train=0.5,val=0.5"
    )
    for name in ("train", "val"):
        table = rows(done, f"{name}.csv")
        assert table
        assert all(row["mask"].startswith(f"masks/{name}/") for row in table)
        assert all((done.root / row["mask"]).exists() for row in table)


def test_a_brush_keeps_its_holes(tmp_path: Path) -> None:
    """F25"""
    alpha = np.zeros_like(SKY)
    alpha[10:39, 10:39] = 255
    alpha[20:24, 12:22] = 0
    alpha[30, 12:13] = 0
    done = write(tmp_path, brush("Sky", alpha=alpha))
    assert (mask(done) == SKY_VALUE).sum() == 800


def test_a_vector_that_is_closed_is_filled(tmp_path: Path) -> None:
    xml = """<View><Image name="img" value="$image"/>
      <VectorLabels name="vec" toName="img"><Label value="Roof"/></VectorLabels>
      </View>"""
    corners = [(10, 10), (50, 10), (50, 50), (10, 50)]
    value = {
        "vertices": [
            {"id": f"v{n}", "x": x, "y": y} for n, (x, y) in enumerate(corners)
        ],
        "closed": True,
        "vectorlabels": ["Roof"],
    }
    tasks = [task(1, annotation(result("vec", "vectorlabels", value)))]
    done = convert_tasks(tmp_path, "masks", tasks, xml=xml)
    assert (mask(done) == 1).sum() == 80 * 40


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_an_image_of_absurd_size_has_no_mask_and_its_regions_are_listed(
    tmp_path: Path, kind: str
) -> None:
    huge = {"original_width": 200_000, "original_height": 100_000}
    turned = box(10, 10, 5, 5, 30, **huge)
    done = write(tmp_path, turned, box(1, 1, 5, 5, **huge), kind=kind)
    assert done.skipped() == {TOO_LARGE: 2}
    assert rows(done) == []
    assert any("too many pixels" in warning for warning in done.report.warnings)


@pytest.mark.parametrize(
    "to", ["masks", "coco", "voc", "yolo_segment", "yolo_detect", "brush_png"]
)
@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (Bounds(image_pixels=200 * 100 - 1), TOO_LARGE),
        (Bounds(mask_values=4 * 200 * 100 - 1), BAD_MASK),
        (Bounds(image_pixels=200 * 100, mask_values=4 * 200 * 100), None),
    ],
)
def test_the_bounds_of_the_settings_hold_for_every_mask(
    tmp_path: Path, to: str, bounds: Bounds, reason: str | None
) -> None:
    settings = Settings(cache_dir=tmp_path / "cache", mode="offline", bounds=bounds)
    tasks = [task(1, annotation(brush("Sky")))]
    done = convert_tasks(tmp_path, to, tasks, xml=PAINTED, settings=settings)
    assert done.skipped() == ({reason: 1} if reason else {})


LARGE = {"original_width": 5000, "original_height": 4000}


@pytest.mark.parametrize("shape", [box(90, 90, 1, 1, 20), ellipse(90, 90, 1, 1)])
def test_a_small_region_of_a_large_image_costs_its_own_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: dict[str, Any]
) -> None:
    painted = []

    def count(*given: Any) -> Any:
        patch = pixels.paint(*given)
        painted.append(0 if isinstance(patch, str) else patch.inside.size)
        return patch

    monkeypatch.setattr(semantic, "paint", count)
    done = write(tmp_path, *[{**shape, **LARGE, "id": f"r{n}"} for n in range(50)])
    assert done.report.regions_written == 50
    assert sum(painted) < 50 * 20_000


@pytest.mark.parametrize(("kind", "bytes_each"), [("semantic", 2), ("instance", 1)])
def test_a_large_image_has_no_more_copies_than_needed(
    tmp_path: Path, kind: str, bytes_each: int
) -> None:
    turned = [{**box(n, n, 3, 3, 40), **LARGE, "id": f"r{n}"} for n in range(9)]
    write(tmp_path, *turned, kind=kind)  # what is imported and kept
    (tmp_path / "again").mkdir()
    tracemalloc.start()
    done = write(tmp_path / "again", *turned, kind=kind)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.report.regions_written == 9
    assert peak_bytes < (bytes_each + 0.5) * 5000 * 4000


def test_brushes_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    alpha = np.full((4000, 5000), 255, np.uint8)
    painted = brush("Sky", alpha=alpha, **LARGE)
    brushes = [{**painted, "id": f"b{n}"} for n in range(3)]
    tracemalloc.start()
    done = write(tmp_path, *brushes)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.report.regions_written == 3
    assert peak_bytes < 4.6 * alpha.size


def test_the_colours_of_values_are_made_once(tmp_path: Path) -> None:
    pixels.voc_palette.cache_clear()
    tasks = [task(number, annotation(box(0, 0, 9, 9))) for number in range(1, 6)]
    convert_tasks(tmp_path, "masks", tasks, xml=PAINTED)
    assert pixels.voc_palette.cache_info().misses == 2


@pytest.mark.parametrize("count", [255, 256, 300])
def test_regions_are_told_apart_however_many_there_are(
    tmp_path: Path, count: int
) -> None:
    rows_of_boxes = [
        box(5 * (n % 20), 5 * (n // 20), 5, 5, 0, ("Car", "Roof")[n % 2], id=f"r{n}")
        for n in range(count)
    ]
    over = polygon((0, 0), (2.5, 0), (2.5, 5), (0, 5), id="over")
    done = write(tmp_path, *rows_of_boxes, over)
    assert done.report.regions_written == count + 1
    assert done.degraded() == {
        "partly covered by later regions of other classes": 1,
    }


def test_values_that_nothing_shows_are_not_listed(tmp_path: Path) -> None:
    covered, over = box(10, 10, 5, 5), polygon((0, 0), (50, 0), (50, 50), (0, 50))
    done = write(tmp_path, covered, over, box(60, 60, 5, 5), box(60, 60, 9, 9))
    assert rows(done)[0]["values"] == f"{CAR}|{ROOF}"
    (tmp_path / "covered").mkdir()
    done = write(tmp_path / "covered", covered, over)
    assert rows(done)[0]["values"] == f"{ROOF}"
