from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from formats.flat_rig import NAMES, SAMPLES, Flatten, task, text

ODD_SPELLING = b"""\
[ {"id" : 1,\r\n "data": {"a": 1.50, "b": "\\u00e9\\/", "n": 1e2}, "own": [1 , 2]} ,
  {"data": {"a": 12345678901234567890123}, "id": "x"}]"""


def split(body: bytes) -> list[bytes]:
    """The tasks of a result.json, one a line as they were written."""
    return body.removeprefix(b"[\n").removesuffix(b"\n]\n").split(b",\n")


@pytest.mark.parametrize("to", ["json", "jsonl"])
@pytest.mark.parametrize("name", NAMES)
def test_real_exports_come_through_unchanged(
    flatten: Flatten, name: str, to: str
) -> None:
    path = SAMPLES / f"{name}.json"
    body = flatten(path, to).body
    lines = body.splitlines()
    made = json.loads(body) if to == "json" else [json.loads(x) for x in lines]
    assert made == json.loads(path.read_bytes())


def test_json_keeps_every_byte_of_a_task(flatten: Flatten) -> None:
    body = flatten(ODD_SPELLING, "json").body
    inner = ODD_SPELLING.strip(b"[ ]")
    first, second = inner.split(b" ,\n  ")
    assert body == b"[\n" + first + b",\n" + second + b"\n]\n"


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
def test_jsonl_holds_one_task_a_line(flatten: Flatten, line_break: bytes) -> None:
    export = ODD_SPELLING.replace(b"\r\n", line_break)
    body = flatten(export, "jsonl").body
    assert len(body.splitlines()) == body.count(b"\n") == 2
    made = [json.loads(line) for line in body.splitlines()]
    assert made == json.loads(ODD_SPELLING)
    assert b'1.50,"b":"\\u00e9\\/","n":1e2' in body


def test_a_folder_of_tasks_becomes_one_file_and_back(
    flatten: Flatten, tmp_path: Path
) -> None:
    tasks = [task({"n": n}, [text("t", "x")], id=n) for n in range(12)]
    folder = tmp_path / "tasks"
    folder.mkdir()
    for one in tasks:
        (folder / f"{one['id']:03}.json").write_text(json.dumps(one))
    whole = flatten(folder, "json")
    assert whole.document == tasks
    lines = flatten(whole.body, "jsonl")
    assert [json.loads(line) for line in lines.body.splitlines()] == tasks
    assert flatten(gzip.compress(lines.body), "json").body == whole.body


def test_duplicate_ids_are_kept_and_told(flatten: Flatten) -> None:
    tasks = [task({"n": 1}), task({"n": 2})]
    made = flatten(tasks, "json")
    assert made.document == tasks
    assert "Duplicate task id: once, first in task 7." in made.report.warnings


def test_skipped_annotations_are_kept(flatten: Flatten) -> None:
    one = task({}, [])
    one["annotations"][0]["was_cancelled"] = True
    made = flatten([one], "json")
    assert made.document == [one]
    assert made.report.annotations_selected == 1


def several() -> dict[str, Any]:
    one = task({"a": 1}, [text("t", "first")], [text("t", "second")], meta={"k": 1})
    one["annotations"][1]["completed_by"] = {"id": 2, "email": "b@example.com"}
    one["annotations"][0]["ground_truth"] = True
    one["predictions"] = [
        {"id": 21, "model_version": "v1", "result": []},
        99,
        {"id": 22, "model_version": "v2", "result": []},
    ]
    one["drafts"] = [{"id": 31, "result": []}, {"id": 32, "result": []}]
    return one


def kept(one: dict[str, Any], kind: str) -> list[int]:
    return [entry["id"] for entry in one[kind]]


@pytest.mark.parametrize(
    ("policy", "kind", "ids"),
    [
        ("latest", "annotations", [1]),
        ("oldest", "annotations", [1]),
        ("ground-truth", "annotations", [1]),
        ("by:b@example.com", "annotations", [2]),
        ("by:2", "annotations", [2]),
        ("predictions", "predictions", [22]),
        ("predictions:v1", "predictions", [21]),
        ("drafts", "drafts", [32]),
        ("all", "annotations", [1, 2]),
    ],
)
def test_only_what_was_selected_is_written(
    flatten: Flatten, policy: str, kind: str, ids: list[int]
) -> None:
    one = several()
    made = flatten([one], "json", select=policy)
    (found,) = made.document
    assert kept(found, kind) == ids
    rest = {key for key in one if key != kind}
    assert {k: found[k] for k in rest} == {k: one[k] for k in rest}
    assert made.report.annotations_selected == len(ids)


def test_a_filtered_task_keeps_the_bytes_of_its_values(flatten: Flatten) -> None:
    export = (
        b'[{"data": {"n": 1.50, "big": 12345678901234567890123}, "annotations": '
        b'[{"id": 1, "result": []}, {"id": 2, "x": "\\u00e9", "result": []}]}]'
    )
    body = flatten(export, "json", select="latest").body
    assert b'{"n": 1.50, "big": 12345678901234567890123}' in body
    assert b'"annotations":[{"id": 2, "x": "\\u00e9", "result": []}]' in body


def test_what_is_no_annotation_does_not_shift_the_selection(flatten: Flatten) -> None:
    one = task({}, [], [])
    one["annotations"].insert(0, 5)
    one["annotations"].insert(2, "junk")
    (found,) = flatten([one], "json", select="latest").document
    assert kept(found, "annotations") == [2]


def test_old_exports_are_filtered_where_they_keep_annotations(
    flatten: Flatten,
) -> None:
    one = {
        "data": {},
        "annotations": [],
        "completions": task({}, [], [])["annotations"],
    }
    (found,) = flatten([one], "json", select="latest").document
    assert kept(found, "completions") == [2]
    assert found["annotations"] == []


def test_a_task_in_which_nothing_is_selected_is_left_out_and_counted(
    flatten: Flatten,
) -> None:
    tasks = [task({"n": 1}, []), task({"n": 2}, id=8)]
    made = flatten(tasks, "json", select="ground-truth")
    assert made.document == tasks[1:]
    (loss,) = made.report.tasks_skipped
    assert (loss.reason, loss.examples[0].task_id) == ("no selected annotation", 7)


def test_no_task_is_an_empty_array(flatten: Flatten) -> None:
    assert flatten([task({})], "json", limit=0).body == b"[]\n"
    assert flatten([task({})], "jsonl", limit=0).body == b""
