from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from formats.pictures_rig import (
    BOXES,
    SHAPES,
    Converted,
    annotation,
    box,
    convert_tasks,
    ellipse,
    result,
    task,
)
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import MissingDependencyError, UsageError
from ls_tools.formats.parquet import ParquetOptions
from ls_tools.formats.parquet import groups as module
from ls_tools.formats.parquet.cells import as_double
from ls_tools.formats.parquet.columns import ROWS, STRUCTS, Column, columns_of
from ls_tools.models import Task
from ls_tools.output import ClassPolicy, Item
from ls_tools.output.records import read_json

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "parquet.md"
MEDIA = """
<View>
  <Text name="text" value="$text"/><HyperText name="page" value="$page"/>
  <Audio name="audio" value="$audio"/><TimeSeries name="series" value="$csv"/>
  <Video name="video" value="$video"/>
  <Labels name="label" toName="text,audio"><Label value="A"/></Labels>
</View>"""


def rows_of(done: Converted, name: str = "result") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(
        done.root / f"{name}.parquet"
    ).to_pylist()
    return found


def cells(row: dict[str, Any] | None) -> dict[str, Any]:
    """What is not null."""
    return {name: cell for name, cell in (row or {}).items() if cell is not None}


def one_region(tmp_path: Path, *results: Any, xml: str = SHAPES) -> dict[str, Any]:
    done = convert_tasks(tmp_path, "parquet", [task(1, annotation(*results))], xml=xml)
    (row,) = rows_of(done)
    return cells(row)


def test_shapes_are_in_pixels_and_in_percent(tmp_path: Path) -> None:
    row = one_region(tmp_path, ellipse(50, 50, 10, 20, 30))
    pixels = {"x": 100, "y": 50, "radius_x": 20, "radius_y": 20, "rotation_deg": 30}
    percent = {"x": 50, "y": 50, "radius_x": 10, "radius_y": 20, "rotation_deg": 30}
    assert cells(row["shape_px"]) == {"kind": "ellipse", **pixels}
    assert cells(row["shape_percent"]) == {"kind": "ellipse", **percent}
    assert row["labels"] == ["Eye"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("brushlabels", {"format": "rle", "rle": [0, 1]}, "mask"),
        ("keypointlabels", {"x": 1, "y": 2, "width": 1}, "keypoint"),
        ("polygonlabels", {"points": [[0, 0], [9, 0], [9, 9]]}, "polygon"),
        ("vectorlabels", {"vertices": [{"x": 0, "y": 0}, {"x": 9, "y": 9}]}, "line"),
    ],
)
def test_every_kind_of_shape_has_its_name(
    kind: str, value: Any, expected: str, tmp_path: Path
) -> None:
    row = one_region(tmp_path, result("any", kind, value))
    assert row["shape_px"]["kind"] == row["shape_percent"]["kind"] == expected


def test_a_shape_on_an_image_of_unknown_size_is_in_percent_alone(
    tmp_path: Path,
) -> None:
    sizeless = box(10, 20, 30, 40, original_width=None, original_height=None)
    row = one_region(tmp_path, sizeless)
    assert "shape_px" not in row
    assert row["shape_percent"]["width"] == 30


@pytest.mark.parametrize(
    ("on", "kind", "value", "column", "expected"),
    [
        (
            "text",
            "labels",
            {"start": 1, "end": 3, "text": "bc", "labels": ["A"]},
            "span",
            {"start": 1, "end": 3, "text": "bc"},
        ),
        (
            "page",
            "hypertextlabels",
            {
                "start": "/p[1]/text()[1]",
                "end": "/p[2]/text()[1]",
                "startOffset": 4,
                "endOffset": 2,
                "globalOffsets": {"start": 4, "end": 9},
            },
            "span",
            {
                "start": 4,
                "end": 2,
                "start_path": "/p[1]/text()[1]",
                "end_path": "/p[2]/text()[1]",
                "global_start": 4,
                "global_end": 9,
            },
        ),
        (
            "audio",
            "labels",
            {"start": 0.25, "end": 1, "channel": 1, "labels": ["A"]},
            "segment",
            {"start": 0.25, "end": 1.0, "channel": 1},
        ),
        (
            "series",
            "timeserieslabels",
            {"start": 10, "end": 10, "instant": True},
            "segment",
            {"start": 10.0, "end": 10.0, "instant": True},
        ),
    ],
)
def test_what_has_a_place_in_a_text_or_in_time_has_it_in_columns(
    on: str, kind: str, value: Any, column: str, expected: Any, tmp_path: Path
) -> None:
    row = one_region(tmp_path, result("label", kind, value, to_name=on), xml=MEDIA)
    assert cells(row[column]) == expected
    assert not {"span", "segment", "track"} - {column} & set(row)


def test_key_frames_of_a_video_are_a_list(tmp_path: Path) -> None:
    frame = {"frame": 1, "time": 0.04, "enabled": True, "x": 1, "y": 2}
    frame |= {"width": 3, "height": 4, "rotation": 5}
    value = {"framesCount": 50, "duration": 2, "sequence": [frame]}
    row = one_region(tmp_path, result("box", "videorectangle", value), xml=MEDIA)
    assert row["track"]["frame_count"] == 50
    (found,) = row["track"]["key_frames"]
    assert found == {
        "frame": 1,
        "time_s": 0.04,
        "enabled": True,
        "x": 1.0,
        "y": 2.0,
        "width": 3.0,
        "height": 4.0,
        "rotation_deg": 5.0,
    }


@pytest.mark.parametrize(
    ("kind", "value", "column", "expected"),
    [
        ("choices", {"choices": ["a", "b"]}, "choices", ["a", "b"]),
        ("textarea", {"text": "one"}, "texts", ["one"]),
        (
            "taxonomy",
            {"taxonomy": [["a", "b"], ["c"]]},
            "taxonomy",
            [["a", "b"], ["c"]],
        ),
        ("rating", {"rating": 3}, "number", 3.0),
        ("number", {"number": 1.5}, "number", 1.5),
        ("datetime", {"datetime": "2026-01-02"}, "datetime", "2026-01-02"),
        ("pairwise", {"selected": "left"}, "selected", "left"),
    ],
)
def test_every_kind_of_answer_has_a_column(
    kind: str, value: Any, column: str, expected: Any, tmp_path: Path
) -> None:
    row = one_region(tmp_path, result("any", kind, value))
    assert row[column] == expected
    assert json.loads(row["results"][0]["value"]) == value


def test_results_of_one_region_share_a_row(tmp_path: Path) -> None:
    shape = box(0, 0, 10, 10, id="r")
    text = result("said", "textarea", {"text": ["AB 12"]}, id="r")
    row = one_region(tmp_path, shape, text)
    assert (row["labels"], row["texts"]) == (["Car"], ["AB 12"])
    assert [found["control"] for found in row["results"]] == ["rect", "said"]


def test_rows_may_stand_for_results(tmp_path: Path) -> None:
    results = [
        box(0, 0, 10, 10, id="r"),
        result("said", "textarea", {"text": ["AB 12"]}, id="r"),
    ]
    tasks = [task(1, annotation(*results))]
    done = convert_tasks(tmp_path, "parquet", tasks, rows="result")
    found = [(r["region_id"], r["labels"], r["texts"]) for r in rows_of(done)]
    assert found == [("r", ["Car"], None), ("r", None, ["AB 12"])]
    assert done.report.regions_written == 1


def test_rows_may_stand_for_tasks_and_hold_them_whole(tmp_path: Path) -> None:
    tasks = [task(1, annotation(box(0, 0, 10, 10)), annotation()), task(2)]
    done = convert_tasks(tmp_path, "parquet", tasks, rows="task")
    rows = rows_of(done)
    assert [json.loads(row["task"]) for row in rows] == json.loads(json.dumps(tasks))
    assert [[len(a["regions"]) for a in r["annotations"]] for r in rows] == [[0, 1], []]


def test_other_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="'word'"):
        ParquetOptions(rows="word")


def test_a_number_that_no_float_holds_stays_in_the_json() -> None:
    assert read_json(b'{"x": 1e999}') is None
    assert as_double("1e999") is None


def test_without_pyarrow_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError) as caught:
        convert_tasks(tmp_path, "parquet", [])
    assert "pip install 'ls-tools[parquet]'" in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_an_empty_annotation_and_a_task_without_any_keep_their_row(
    tmp_path: Path,
) -> None:
    done = convert_tasks(tmp_path, "parquet", [task(1, annotation()), task(2)])
    rows = rows_of(done)
    assert [row["task_id"] for row in rows] == [1, 2]
    assert [row["annotation_id"] is None for row in rows] == [False, True]
    assert [row["region_index"] for row in rows] == [None, None]


def test_an_export_without_tasks_gives_an_empty_table(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "parquet", [])
    table = pq.read_table(done.root / "result.parquet")
    assert table.num_rows == 0
    assert table.column_names == [column.name for column in columns_of("region")]


def test_what_does_not_fit_its_column_is_kept_as_json(tmp_path: Path) -> None:
    odd = annotation(box(0, 0, 10, 10), created_at="soon")
    odd["id"] = 2**65
    done = convert_tasks(tmp_path, "parquet", [task(1, odd)])
    (row,) = rows_of(done)
    assert (row["annotation_id"], row["created_at"]) == (None, None)
    assert json.loads(row["unread"]) == {"annotation_id": 2**65, "created_at": "soon"}


def test_labels_are_renamed_and_dropped_and_what_is_dropped_is_listed(
    tmp_path: Path,
) -> None:
    rename = tmp_path / "rename.json"
    rename.write_text('{"Car": "Vehicle", "Person": null}')
    both = box(0, 0, 10, 10, 0, "Car", "Person", id="both")
    tasks = [task(1, annotation(both, box(0, 0, 10, 10, 0, "Person")))]
    policy = ClassPolicy(rename=rename)
    done = convert_tasks(tmp_path, "parquet", tasks, classes=policy)
    assert [row["labels"] for row in rows_of(done)] == [["Vehicle"]]
    assert done.skipped() == {"label dropped by the rename file": 1}
    assert done.degraded() == {"a label dropped by the rename file": 1}
    assert done.report.warnings == []


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    tasks = [task(n, annotation(box(n, n, 10, 10))) for n in range(1, 9)]
    bodies = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        done = convert_tasks(tmp_path / name, "parquet", tasks)
        bodies.add((done.root / "result.parquet").read_bytes())
    assert len(bodies) == 1


def test_rows_go_out_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 3)
    tasks = [task(n, annotation(box(n, n, 10, 10))) for n in range(1, 9)]
    done = convert_tasks(tmp_path, "parquet", tasks)
    file = pq.ParquetFile(done.root / "result.parquet")
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sizes == [3, 3, 2]


@given(
    st.lists(
        st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=5), max_size=8),
        max_size=4,
    )
)
def test_rows_of_several_processes_are_grouped_as_those_of_one(
    parts: list[list[list[int]]],
) -> None:
    """Of parts of items of rows, each with so much data."""
    schema = pa.schema([("data", pa.string())])
    one: list[Any] = []
    several: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "GROUP_ROWS", 4)
        patch.setattr(module, "GROUP_BYTES", 70)
        alone = module.Gathering(schema, one.append)
        for part in parts:
            apart = module.Gathering(
                module.with_sizes(schema), lambda b: several.append(module.pack(b))
            )
            for sizes in part:
                item = Item(task=Task(raw=msgspec.Raw(b"x" * 10), index=0))
                for gathering in (alone, apart):
                    rows = [{"data": "x" * size} for size in sizes]
                    gathering.extend(rows, item)
            apart.flush()
        alone.flush()
        found = module.regroup(module.unpack(io.BytesIO(b"".join(several))))
        assert [g.to_pydict() for g in found] == [g.to_pydict() for g in one]


def test_long_tasks_make_small_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GROUP_BYTES", 10_000)
    boxes = [box(n, n, 10, 10) for n in range(6)]
    tasks = [task(1, annotation(*boxes), text="x" * 6000)]
    done = convert_tasks(tmp_path, "parquet", tasks)
    assert pq.ParquetFile(done.root / "result.parquet").num_row_groups == 3


def test_fields_say_what_they_mean(tmp_path: Path) -> None:
    done = convert_tasks(tmp_path, "parquet", [])
    schema = pq.read_schema(done.root / "result.parquet")
    assert schema.field("data").metadata[b"description"] == (
        b"the task data as in the export"
    )


HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**70, -(2**70), 10**400, 1e308, "1e999", "nan", "-5"])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["x", "y", "start", "frame"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
KEYS = (
    *("x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points"),
    *("vertices", "closed", "rle", "start", "end", "text", "startOffset", "endOffset"),
    *("globalOffsets", "channel", "instant", "sequence", "ranges", "framesCount"),
    *("duration", "choices", "taxonomy", "rating", "number", "datetime", "selected"),
    *("labels", "rectanglelabels"),
)
TYPES = ("rectanglelabels", "labels", "videorectangle", "choices", "relation", "odd")


@given(
    value=st.dictionaries(st.sampled_from(KEYS), HOSTILE, max_size=6) | HOSTILE,
    kind=st.sampled_from(TYPES),
    fields=st.dictionaries(
        st.sampled_from(["score", "item_index", "parentID", "meta", "labels", "id"]),
        HOSTILE,
        max_size=2,
    ),
    of_annotation=st.dictionaries(
        st.sampled_from(["id", "created_at", "completed_by", "lead_time", "score"]),
        HOSTILE,
        max_size=2,
    ),
    rows=st.sampled_from(ROWS),
)
def test_no_value_keeps_a_table_from_being_written(
    tmp_path_factory: pytest.TempPathFactory,
    value: Any,
    kind: str,
    fields: Any,
    of_annotation: Any,
    rows: str,
) -> None:
    own = {**result("any", kind, value), **fields}
    tasks = [task(1, {**annotation(own), **of_annotation}), task(2)]
    folder = tmp_path_factory.mktemp("hostile")
    done = convert_tasks(folder, "parquet", tasks, xml=BOXES, rows=rows)
    assert {row["task_index"] for row in rows_of(done)} == {0, 1}


def test_items_of_several_splits_may_come_mixed(tmp_path: Path) -> None:
    tasks = [task(n, annotation(box(n, n, 10, 10))) for n in range(1, 5)]
    done = convert_tasks(tmp_path, "parquet", tasks, split="train=0.5,test=0.5")
    names = sorted(path.stem for path in done.root.glob("*.parquet"))
    found = [row["task_id"] for name in names for row in rows_of(done, name)]
    assert sorted(found) == [1, 2, 3, 4]
    assert set(names) <= {"train", "test"}


def documented(column: Column) -> str:
    return f"| `{column.name}` | `{column.type}` | {column.meaning} |".replace(
        "  ", " "
    )


def test_the_page_has_every_column() -> None:
    page = PAGE.read_text(encoding="utf-8")
    columns = {*columns_of("region"), *columns_of("task")}
    columns |= {column for fields in STRUCTS.values() for column in fields}
    assert sorted(row for row in map(documented, columns) if row not in page) == []
