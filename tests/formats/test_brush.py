from __future__ import annotations

import base64
import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import (
    SHAPES,
    Converted,
    annotation,
    box,
    convert_tasks,
    result,
    task,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ls_tools.errors import MissingDependencyError
from ls_tools.pipeline import convert
from ls_tools.rle import encode_brush

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

XML = """
<View>
  <Image name="img" value="$image"/>
  <BrushLabels name="brush" toName="img"><Label value="Sky"/></BrushLabels>
  <Labels name="label" toName="img"><Label value="Sea"/></Labels>
  <Brush name="plain" toName="img"/>
  <BitmaskLabels name="bits" toName="img"><Label value="Fog"/></BitmaskLabels>
</View>"""

SAMPLE = Path(__file__).parent / "samples" / "image.json"
SKY = np.zeros((100, 200), np.uint8)
SKY[10:30, 50:120] = 255
SKY[40, 60] = 9


def brush(*labels: str, alpha: Any = SKY, **fields: Any) -> dict[str, Any]:
    value = {"format": "rle", "rle": encode_brush(alpha), "brushlabels": list(labels)}
    return result("brush", "brushlabels", value, **fields)


def bitmask(alpha: Any = SKY, **fields: Any) -> dict[str, Any]:
    picture = Image.new("RGBA", alpha.shape[::-1])
    picture.putalpha(Image.fromarray(alpha))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    value = {"imageDataURL": url, "bitmasklabels": ["Fog"]}
    return result("bits", "bitmasklabels", value, **fields)


def rows(done: Converted, name: str = "index.csv") -> list[dict[str, str]]:
    with (done.root / name).open(encoding="utf-8", newline="") as file:
        # Python's own reader refuses NUL before 3.11.
        lines = (line.replace("\0", "\ufffd") for line in file)
        return list(csv.DictReader(lines))


def arrays(done: Converted) -> list[Any]:
    return [np.load(done.root / row["file"]) for row in rows(done)]


def test_files_are_those_of_a_real_server(tmp_path: Path) -> None:
    convert(SAMPLE, "BRUSH_TO_NUMPY", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*.npy")
    assert path.name == "task-8-annotation-1-by-1-brush-Sky-0.npy"
    alpha = np.load(path)
    assert alpha.dtype == np.uint8
    assert alpha.shape == (100, 200)
    assert (alpha[5:40, 100:190] == 255).all()
    assert (alpha > 0).sum() == 3150


def test_values_are_the_alpha_in_both_formats(tmp_path: Path) -> None:
    tasks = [task(1, annotation(brush("Sky"), bitmask()))]
    (tmp_path / "png").mkdir()
    done = convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    assert [(found == SKY).all() for found in arrays(done)] == [True, True]
    done = convert_tasks(tmp_path / "png", "BRUSH_TO_PNG", tasks, xml=XML)
    for row in rows(done):
        with Image.open(done.root / row["file"]) as picture:
            assert picture.mode == "L"
            assert (np.array(picture) == SKY).all()


def test_labels_that_look_alike_in_a_file_name_get_a_file_each(tmp_path: Path) -> None:
    """F24"""
    regions = [brush("a/b"), brush("a-b"), brush("a\\b"), brush("A/B"), brush("a/b")]
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(*regions))], xml=XML
    )
    files = [row["file"] for row in rows(done)]
    assert len({file.lower() for file in files}) == 5
    assert [row["labels"] for row in rows(done)] == ["a/b", "a-b", "a\\b", "A/B", "a/b"]
    assert len(list(done.root.glob("*.npy"))) == 5


def test_a_long_label_makes_no_name_that_cannot_be_written(tmp_path: Path) -> None:
    """F24"""
    long = ["x" * 400 + "1", "x" * 400 + "2", "é" * 300]
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(*map(brush, long)))], xml=XML
    )
    files = [row["file"] for row in rows(done)]
    assert len(set(files)) == 3
    assert all(len(file.encode()) <= 200 for file in files)
    assert [row["labels"] for row in rows(done)] == long


@pytest.mark.parametrize(
    "label", ["../../up", "/etc/passwd", "..", "a\0b", "a\nb", "con", "\u202eabc", " "]
)
def test_no_label_leads_out_of_the_folder(tmp_path: Path, label: str) -> None:
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(brush(label)))], xml=XML
    )
    (row,) = rows(done)
    assert "/" not in row["file"]
    assert (done.root / row["file"]).exists()
    assert not {p.name for p in tmp_path.iterdir()} - {
        "out",
        "export.json",
        "config.xml",
        "cache",
    }


def test_ids_that_come_twice_overwrite_nothing(tmp_path: Path) -> None:
    other = np.zeros_like(SKY)
    tasks = [
        task(1, annotation(brush("Sky"), id=5)),
        task(1, annotation(brush("Sky", alpha=other), id=5)),
    ]
    done = convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    first, second = arrays(done)
    assert (first == SKY).all()
    assert (second == other).all()


@pytest.mark.parametrize(
    ("who", "spelled"),
    [
        ({"id": 4, "email": "ann.x+1@example.org"}, "ann.x1@example.org"),
        ({"id": 4, "email": ""}, "4"),
        (7, "7"),
        (None, "unknown"),
    ],
)
def test_the_annotator_is_in_the_name(tmp_path: Path, who: Any, spelled: str) -> None:
    tasks = [task(1, annotation(brush("Sky"), id=2, completed_by=who))]
    done = convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    (row,) = rows(done)
    assert row["file"] == f"task-1-annotation-2-by-{spelled}-brush-Sky-0.npy"


def test_a_brush_without_a_label_is_written(tmp_path: Path) -> None:
    value = {"format": "rle", "rle": encode_brush(SKY)}
    regions = [result("plain", "brush", value), brush()]
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(*regions))], xml=XML
    )
    assert done.report.regions_written == 2
    assert {row["labels"] for row in rows(done)} == {""}
    assert rows(done)[0]["file"].endswith("-plain-no_label-0.npy")


def test_a_brush_under_labels_is_written(tmp_path: Path) -> None:
    value = {"format": "rle", "rle": encode_brush(SKY), "labels": ["Sea"]}
    tasks = [task(1, annotation(result("label", "labels", value)))]
    done = convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    assert rows(done)[0]["labels"] == "Sea"


@pytest.mark.parametrize("missing", ["original_width", "original_height"])
def test_a_missing_side_is_read_from_the_code(tmp_path: Path, missing: str) -> None:
    tasks = [task(1, annotation(brush("Sky", **{missing: None})))]
    done = convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    assert (arrays(done)[0] == SKY).all()


def test_the_size_of_a_bitmask_is_its_own(tmp_path: Path) -> None:
    region = bitmask(original_width=None, original_height=None)
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(region))], xml=XML
    )
    assert (arrays(done)[0] == SKY).all()


def test_a_size_that_nothing_tells_is_reported(tmp_path: Path) -> None:
    region = brush("Sky", original_width=None, original_height=None)
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(region))], xml=XML
    )
    assert done.skipped() == {"image size unknown": 1}


@pytest.mark.parametrize(
    "rle", [[], [1, 2, 3], [300], "text", None, [0] * 12, {"a": 1}, [0.5]]
)
def test_a_broken_code_costs_one_region(tmp_path: Path, rle: Any) -> None:
    value = {"format": "rle", "rle": rle, "brushlabels": ["Sky"]}
    broken = result("brush", "brushlabels", value)
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(broken, brush("Sky")))], xml=XML
    )
    assert done.report.regions_written == 1
    assert sum(done.skipped().values()) == 1


def test_other_shapes_are_reported(tmp_path: Path) -> None:
    done = convert_tasks(
        tmp_path, "brush_png", [task(1, annotation(box(1, 2, 3, 4)))], xml=SHAPES
    )
    assert done.skipped() == {"control not expressible: RectangleLabels": 1}
    assert rows(done) == []


def test_every_label_is_in_the_name(tmp_path: Path) -> None:
    done = convert_tasks(
        tmp_path, "brush_numpy", [task(1, annotation(brush("Sky", "Sea")))], xml=XML
    )
    assert "-brush-Sky-Sea-0.npy" in rows(done)[0]["file"]
    assert done.degraded() == {}


def test_labels_are_renamed(tmp_path: Path) -> None:
    from ls_tools import ClassPolicy

    renames = tmp_path / "renames.json"
    renames.write_text('{"Sky": "Above", "Sea": null}')
    tasks = [task(1, annotation(brush("Sky"), brush("Sea")))]
    done = convert_tasks(
        tmp_path, "brush_numpy", tasks, xml=XML, classes=ClassPolicy(rename=renames)
    )
    assert [row["labels"] for row in rows(done)] == ["Above"]
    assert done.skipped() == {"label dropped by the rename file": 1}


def test_each_split_has_a_folder_and_a_table(tmp_path: Path) -> None:
    tasks = [task(number, annotation(brush("Sky"))) for number in range(1, 30)]
    done = convert_tasks(
        tmp_path, "brush_numpy", tasks, xml=XML, split="train=0.5,val=0.5"
    )
    found = {name: rows(done, f"{name}.csv") for name in ("train", "val")}
    assert sum(map(len, found.values())) == 29
    for name, table in found.items():
        assert all(row["file"].startswith(f"{name}/") for row in table)
        assert len(list((done.root / name).glob("*.npy"))) == len(table)


def test_the_same_export_gives_the_same_bytes(tmp_path: Path) -> None:
    tasks = [task(1, annotation(brush("Sky"), bitmask()))]
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        done = convert_tasks(tmp_path / name, "brush_png", tasks, xml=XML)
        files = sorted(path for path in done.root.rglob("*") if path.is_file())
        found.append([path.read_bytes() for path in files])
    assert found[0] == found[1]


def test_memory_holds_one_mask_at_a_time(tmp_path: Path) -> None:
    alpha = np.zeros((1000, 1000), np.uint8)
    alpha[:500] = 255
    size = {"original_width": 1000, "original_height": 1000}
    tasks = [task(n, annotation(brush("Sky", alpha=alpha, **size))) for n in range(30)]
    tracemalloc.start()
    convert_tasks(tmp_path, "brush_numpy", tasks, xml=XML)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 12_000_000


def test_a_missing_library_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependencyError, match=r"ls-tools\[vision\]"):
        convert_tasks(tmp_path, "brush_png", [task(1, annotation())], xml=XML)
    assert not (tmp_path / "out").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["rle", "format", "brushlabels", "labels", "imageDataURL", "x", "points"]
        ),
        JSON,
        max_size=5,
    ),
    st.sampled_from(["brushlabels", "labels", "brush", "bitmasklabels"]),
)
@pytest.mark.parametrize("to", ["brush_numpy", "masks"])
def test_no_value_makes_it_crash(
    tmp_path_factory: pytest.TempPathFactory, to: str, value: Any, kind: str
) -> None:
    region = result("brush", kind, value)
    folder = tmp_path_factory.mktemp("any")
    done = convert_tasks(
        folder, to, [task(1, annotation(region, brush("Sky")))], xml=XML
    )
    assert done.report.regions_in == 2
    assert done.report.regions_written >= 1
