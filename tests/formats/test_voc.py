"""Pascal VOC: valid XML always, every image once, the server's bytes where right."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from formats.coco_rig import BRUSHES, brush, holed_square, state_of
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
    task,
)
from formats.test_hostile_pictures import OPTIONS, TASKS, hostile
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.formats.voc.writer import NAME_CHANGED
from ls_tools.output import ClassMap
from ls_tools.pipeline import convert
from ls_tools.settings import Settings

HERE = Path(__file__).parent
ROOT_TAGS = ["folder", "filename", "source", "owner", "size", "segmented"]
OBJECT_TAGS = ["name", "pose", "truncated", "difficult"]


def convert_drawn(folder: Path, *drawn: dict[str, Any], **options: Any) -> Converted:
    return convert_tasks(folder, "voc", [task(1, annotation(*drawn))], **options)


def page(done: Converted, stem: str = "im1") -> Element:
    return parse(done.root / f"Annotations/{stem}.xml")


def parse(path: Path) -> Element:
    """A page, checked against what VOC allows."""
    root: Element = fromstring(path.read_bytes())
    assert root.tag == "annotation"
    assert [one.tag for one in root][: len(ROOT_TAGS)] == ROOT_TAGS
    assert {one.tag for one in root[len(ROOT_TAGS) :]} <= {"object"}
    for number in root.findall("size/*"):
        assert int(number.text or "") >= 0
    for one in root.findall("object"):
        check_object(one)
    return root


def check_object(one: Element) -> None:
    tags = [part.tag for part in one if part.tag not in {"occluded", "polygon"}]
    assert tags == [*OBJECT_TAGS, "bndbox"]
    assert one.findtext("name")
    x_min, y_min, x_max, y_max = corners(one)
    assert x_min < x_max
    assert y_min < y_max
    for ring in one.findall("polygon"):
        tags = [part.tag for part in ring]
        assert tags == [
            f"{axis}{i // 2 + 1}" for i, axis in enumerate("xy" * (len(ring) // 2))
        ]
        assert all(int(part.text or "") is not None for part in ring)


def corners(one: Element) -> list[int]:
    sides = one.find("bndbox")
    assert sides is not None
    assert [side.tag for side in sides] == ["xmin", "ymin", "xmax", "ymax"]
    return [int(side.text or "") for side in sides]


def rings(one: Element) -> list[list[int]]:
    return [[int(n.text or "") for n in ring] for ring in one.findall("polygon")]


def test_pages_equal_those_of_the_server(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path / "cache")
    source = HERE / "data/rect_export.json"
    convert(source, "VOC", tmp_path / "out", settings=settings).check()
    for path in sorted((HERE / "samples/voc").iterdir()):
        written = tmp_path / "out/Annotations" / path.name
        assert written.read_bytes() == path.read_bytes()


def test_boxes_are_whole_pixels_rounded(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, box(9.96, 20.4, 30.2, 40.2))
    root = page(done)
    (one,) = root.findall("object")
    assert corners(one) == [20, 20, 80, 61]
    assert (one.findtext("name"), one.findtext("pose")) == ("Car", "Unspecified")
    assert [root.findtext(f"size/{x}") for x in ("width", "height", "depth")] == [
        "200",
        "100",
        "3",
    ]
    assert done.degraded() == {}


def test_the_first_pixel_may_be_one(tmp_path: Path) -> None:
    drawn = [box(0, 0, 100, 100), polygon((10, 10), (20, 10), (15, 30))]
    done = convert_drawn(tmp_path, *drawn, xml=SHAPES, first_pixel=1)
    whole, roof = page(done).findall("object")
    assert corners(whole) == [1, 1, 200, 100]
    assert corners(roof) == [21, 11, 40, 30]
    assert rings(roof) == [[21, 11, 41, 11, 31, 31]]


def test_a_first_pixel_of_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 or 1"):
        convert_drawn(tmp_path, first_pixel=2)


def test_a_turned_box_has_its_hull_and_is_listed(tmp_path: Path) -> None:
    """F2: 40 x 40 px, 45 degrees, on 200 x 100."""
    done = convert_drawn(tmp_path, box(50, 10, 20, 40, 45), box(50, 10, 20, 20, 90))
    turned, upright = page(done).findall("object")
    assert corners(turned) == [72, 10, 128, 67]
    assert corners(upright) == [80, 10, 100, 50]
    assert done.degraded() == {"rotation dropped": 1}


def test_outlines_stand_beside_their_boxes(tmp_path: Path) -> None:
    """F9, F10."""
    points = {"points": [[60, 20], [90, 30], [75, 90]], "closed": True}
    drawn = [
        result("poly", "polygon", points, id="p"),
        result("label", "labels", {**points, "labels": ["Car"]}, id="p"),
        {**ellipse(50, 50, 10, 20), "from_name": "oval"},
    ]
    done = convert_drawn(tmp_path, *drawn, xml=PLAIN)
    root = page(done)
    roof, wheel = root.findall("object")
    assert (corners(roof), rings(roof)) == (
        [120, 20, 180, 90],
        [[120, 20, 180, 30, 150, 90]],
    )
    assert corners(wheel) == [80, 30, 120, 70]
    assert len(rings(wheel)[0]) >= 16
    assert root.findtext("segmented") == "1"
    assert done.degraded() == {"ellipse approximated by a polygon": 1}


def test_a_mask_has_its_box_and_its_outline(tmp_path: Path) -> None:
    """F10."""
    np = pytest.importorskip("numpy")
    parts = np.zeros((100, 200), bool)
    parts[10:20, 30:50] = parts[60:70, 30:50] = True
    done = convert_drawn(tmp_path, brush(holed_square()), brush(parts), xml=BRUSHES)
    holed, several = page(done).findall("object")
    assert (corners(holed), len(rings(holed))) == ([30, 20, 59, 49], 1)
    assert (corners(several), len(rings(several))) == ([30, 10, 50, 70], 2)
    assert done.degraded() == {
        "holes of a mask filled": 1,
        "mask approximated by its outline": 1,
    }
    done = convert_drawn(tmp_path, brush(np.zeros((100, 200), bool)), xml=BRUSHES)
    assert done.skipped() == {"no area": 1}
    done = convert_drawn(tmp_path, brush(np.ones((10, 20), bool)), xml=BRUSHES)
    assert done.skipped() == {"malformed value: mask cannot be decoded": 1}


def test_a_choice_before_the_boxes_does_no_harm(tmp_path: Path) -> None:
    """F11."""
    done = convert_drawn(tmp_path, choice("blurry"), box(1, 1, 5, 5), xml=SHAPES)
    assert len(page(done).findall("object")) == 1
    assert done.skipped() == {"control not expressible: Choices": 1}


def test_two_files_of_one_name_both_survive(tmp_path: Path) -> None:
    """F12."""
    tasks = [
        task(i, annotation(box(i, 1, 5, 5)), image=f"https://h{i}.example/a.jpg")
        for i in (1, 2)
    ]
    done = convert_tasks(tmp_path, "voc", tasks)
    pages = list((done.root / "Annotations").iterdir())
    assert len(pages) == 2
    for path in pages:
        assert Path(parse(path).findtext("filename") or "").stem == path.stem
    listed = done.text("ImageSets/Main/trainval.txt").split("\n")[:-1]
    assert sorted(listed) == sorted(path.stem for path in pages)


def test_boxes_are_clipped_to_the_image(tmp_path: Path) -> None:
    """F16."""
    drawn = [box(-10, 90, 30, 20), box(110, 10, 10, 10), box(70, 50, -20, -40)]
    done = convert_drawn(tmp_path, *drawn)
    found = [corners(one) for one in page(done).findall("object")]
    assert found == [[0, 90, 40, 100], [100, 10, 140, 50]]
    assert done.skipped() == {"outside the image": 1}
    assert done.degraded() == {"clipped to the image": 1}
    done = convert_drawn(tmp_path, *drawn, clip=False)
    assert corners(page(done).findall("object")[0]) == [-20, 90, 40, 110]


def test_the_lowest_box_is_a_pixel_too(tmp_path: Path) -> None:
    done = convert_drawn(tmp_path, box(10, 99.9, 10, 0.1))
    assert corners(page(done).findall("object")[0]) == [20, 99, 40, 100]


@pytest.mark.parametrize(
    ("left", "x_min", "x_max"), [(10.1, 20, 21), (99.85, 199, 200), (0, 0, 1)]
)
def test_the_smallest_box_is_a_pixel(
    tmp_path: Path, left: float, x_min: int, x_max: int
) -> None:
    done = convert_drawn(tmp_path, box(left, 10, 0.1, 20))
    assert corners(page(done).findall("object")[0])[::2] == [x_min, x_max]


def test_each_image_has_its_own_dimensions(tmp_path: Path) -> None:
    xml = BOXES.replace('value="$image"', 'valueList="$images"')
    other = {"original_width": 400, "original_height": 300}
    drawn = [box(10, 10, 10, 10, item_index=0), box(10, 10, 10, 10, item_index=1)]
    drawn[1].update(other)
    made = task(1, annotation(*drawn), images=["/data/upload/1/a.jpg", "b.jpg"])
    done = convert_tasks(tmp_path, "voc", [made], xml=xml)
    assert page(done, "a").findtext("size/width") == "200"
    assert page(done, "b").findtext("size/width") == "400"
    assert corners(page(done, "b").findall("object")[0]) == [40, 30, 80, 60]


def test_a_size_that_no_region_tells_is_read_from_the_file(tmp_path: Path) -> None:
    """F17, F29."""
    pillow = pytest.importorskip("PIL.Image")
    root = tmp_path / "root"
    root.mkdir()
    pillow.new("RGB", (120, 80)).save(root / "plain.png")
    settings = Settings(document_root=root, cache_dir=tmp_path / "cache")
    lone = box(50, 50, 10, 10, original_width=None, original_height=None)
    for drawn in ([], [lone]):
        made = [task(1, annotation(*drawn), image="/data/local-files/?d=plain.png")]
        done = convert_tasks(
            tmp_path, "VOC_WITH_IMAGES", made, settings=settings, media="copy"
        )
        root_element = page(done, "plain")
        assert root_element.findtext("size/width") == "120"
        assert (done.root / "images/plain.png").is_file()
        found = [corners(one) for one in root_element.findall("object")]
        assert found == ([[60, 40, 72, 48]] if drawn else [])


def test_unknown_sizes_are_reported(tmp_path: Path) -> None:
    """F29."""
    lone = box(50, 50, 10, 10, original_width=None, original_height=None)
    done = convert_drawn(tmp_path, lone)
    assert page(done).findtext("size/width") == "0"
    assert done.skipped() == {"image size unknown": 1}
    assert any("size" in warning for warning in done.report.warnings)


@pytest.mark.parametrize("image", [None, "", 5, [], {"a": 1}, [None]])
def test_a_task_without_an_image_is_reported(tmp_path: Path, image: Any) -> None:
    """F29."""
    bad = {**task(1, annotation(box(1, 1, 5, 5))), "data": {"image": image}}
    done = convert_tasks(tmp_path, "voc", [bad, task(2, annotation())])
    assert done.skipped() == {"no image in the task data": 1}
    assert len(list((done.root / "Annotations").iterdir())) == 1


def test_unlabeled_tasks_have_no_page_and_empty_ones_one_without_objects(
    tmp_path: Path,
) -> None:
    tasks = [task(1), task(2, annotation()), task(3, annotation(box(1, 1, 5, 5)))]
    for include in (False, True):
        done = convert_tasks(tmp_path, "voc", tasks, include_unlabeled=include)
        pages = sorted(path.name for path in (done.root / "Annotations").iterdir())
        assert pages == ["im2.xml", "im3.xml"]
        assert page(done, "im2").findall("object") == []
        assert done.text("ImageSets/Main/trainval.txt") == "im2\nim3\n"


def test_control_characters_leave_the_xml_valid(tmp_path: Path) -> None:
    """F30."""
    names = [
        "x\ufffe",
        "a\x01b",
        "a\x02b",
        "a<b>&\"'",
        "\ud800",
        "x\uffff",
        "  ",
        "é 漢 😀",
        "]]>",
    ]
    drawn = [box(i, 1, 5, 5, 0, name) for i, name in enumerate(names)]
    made = annotation(*drawn, completed_by="a\x00<b>@x")
    done = convert_tasks(tmp_path, "voc", [task(1, made)])
    root = page(done)
    found = [one.findtext("name") for one in root.findall("object")]
    assert found == [
        "x\ufffd",
        "a b",
        "a b (2)",
        "a<b>&\"'",
        "\ufffd",
        "x\ufffd (2)",
        "_",
        "é 漢 😀",
        "]]>",
    ]
    assert root.findtext("source/annotator") == "a\ufffd<b>@x"
    assert NAME_CHANGED in done.report.warnings
    assert any("a\\x01b" in warning for warning in done.report.warnings)
    assert any("x\\uffff" in warning for warning in done.report.warnings)


def test_classes_are_listed_for_those_who_read_a_label_map(tmp_path: Path) -> None:
    drawn = [box(1, 1, 5, 5, 0, "a:b"), box(1, 1, 5, 5, 0, "#c")]
    done = convert_drawn(tmp_path, *drawn)
    lines = done.text("labelmap.txt").split("\n")
    assert lines == ["# label:color_rgb:parts:actions", "Car:::", "Person:::", ""]
    assert sum("labelmap.txt" in warning for warning in done.report.warnings) == 2


def test_a_class_that_is_met_costs_no_look_at_all_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"class {number}" for number in range(300)]
    looks: list[list[str]] = []
    look = ClassMap.line_names

    def count(classes: ClassMap) -> list[str]:
        looks.append(look(classes))
        return looks[-1]

    monkeypatch.setattr(ClassMap, "line_names", count)
    done = convert_drawn(tmp_path, *(box(1, 1, 5, 5, 0, name) for name in names))
    assert done.text("labelmap.txt").split("\n")[3:-1] == [f"{n}:::" for n in names]
    assert len(looks) <= 1


def test_classes_that_lines_cannot_hold_stay_distinct(tmp_path: Path) -> None:
    names = ["a", "a\n", "a\t", "b\n", "b", "c"]
    done = convert_drawn(tmp_path, *(box(1, 1, 5, 5, 0, name) for name in names))
    found = [one.findtext("name") for one in page(done).findall("object")]
    assert found == ["a", "a (2)", "a (3)", "b", "b (2)", "c"]
    assert done.text("labelmap.txt").split("\n")[3:-1] == [f"{n}:::" for n in found]


def test_choices_tell_what_is_truncated_difficult_or_occluded(tmp_path: Path) -> None:
    pytest.importorskip("numpy")  # the label config names brushes
    pytest.importorskip("PIL")
    one, other, third = (box(i, 1, 5, 5) for i in (1, 2, 3))
    drawn = [one, state_of(one, "Truncated"), other, state_of(other, "occluded")]
    drawn += [third, state_of(third, "Crowd")]
    done = convert_drawn(tmp_path, *drawn, xml=BRUSHES)
    first, second, _ = page(done).findall("object")
    assert first.findtext("truncated") == "1"
    assert (first.findtext("difficult"), first.find("occluded")) == ("0", None)
    assert second.findtext("occluded") == "1"
    assert done.degraded() == {"control not expressible: Choices": 1}


@pytest.mark.parametrize(
    ("labels", "written", "degraded"),
    [("first", ["Car"], {"second label dropped": 1}), ("all", ["Car", "Person"], {})],
)
def test_several_labels_of_one_box(
    tmp_path: Path, labels: str, written: list[str], degraded: dict[str, int]
) -> None:
    done = convert_drawn(tmp_path, box(1, 1, 5, 5, 0, "Car", "Person"), labels=labels)
    assert [one.findtext("name") for one in page(done).findall("object")] == written
    assert done.degraded() == degraded


def test_all_annotators_of_an_image_share_its_page(tmp_path: Path) -> None:
    """F4: the newest alone, or every one."""
    both = [
        annotation(box(1, 1, 5, 5), completed_by={"email": "a@x.org"}),
        annotation(box(2, 2, 5, 5, 0, "Person"), completed_by=7),
    ]
    root = page(convert_tasks(tmp_path, "voc", [task(1, *both)], select="all"))
    assert len(root.findall("object")) == 2
    assert set((root.findtext("source/annotator") or "").split(", ")) == {
        "a@x.org",
        "7",
    }
    root = page(convert_tasks(tmp_path, "voc", [task(1, *both)]))
    assert [one.findtext("name") for one in root.findall("object")] == ["Person"]
    assert root.findtext("source/annotator") == "7"


def test_one_image_in_two_tasks_has_one_page(tmp_path: Path) -> None:
    same = "/data/upload/1/same.jpg"
    tasks = [task(1, annotation(), image=same)]
    tasks += [task(i, annotation(box(i, 1, 5, 5)), image=same) for i in (2, 3)]
    done = convert_tasks(tmp_path, "voc", tasks)
    root = page(done, "same")
    assert len(root.findall("object")) == 2
    assert root.findtext("size/width") == "200"
    assert done.text("ImageSets/Main/trainval.txt") == "same\n"
    assert any("several tasks" in warning for warning in done.report.warnings)


def test_each_split_is_listed_and_has_its_folders(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5))) for i in range(1, 21)]
    done = convert_tasks(tmp_path, "voc", tasks, split="train=0.5,val=0.5")
    listed = []
    for split in ("train", "val"):
        for line in done.text(f"ImageSets/Main/{split}.txt").splitlines():
            assert line.startswith(f"{split}/")
            root = parse(done.root / f"Annotations/{line}.xml")
            assert root.findtext("folder") == f"images/{split}"
            listed.append(line.partition("/")[2])
    assert sorted(listed) == sorted(f"im{i}" for i in range(1, 21))


def test_nothing_in_gives_an_empty_list(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "voc", [])
    assert done.text("ImageSets/Main/trainval.txt") == ""


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    tasks = [task(i, annotation(box(i, 1, 5, 5, i))) for i in range(1, 20)]
    written = []
    for _ in range(2):
        done = convert_tasks(tmp_path, "voc", tasks)
        written.append(
            {path: path.read_bytes() for path in (done.root / "Annotations").iterdir()}
        )
    assert written[0] == written[1]


@hostile
@given(tasks=st.lists(TASKS, max_size=4), options=OPTIONS)
def test_hostile_exports_become_voc_that_loads(
    tasks: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        done = convert_tasks(Path(name), "voc", tasks, xml=SHAPES, **options)
        inside = {path.name for path in Path(name).iterdir()}
        assert inside <= {"export.json", "config.xml", "out", "cache"}
        pages = [parse(path) for path in (done.root / "Annotations").glob("**/*.xml")]
        objects = sum(len(root.findall("object")) for root in pages)
        assert objects >= done.report.regions_written
