"""Every shape of input gives the same tasks."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ls_tools.errors import AccessError, NotAnExportError, NotFoundError, UsageError
from ls_tools.reading import read_tasks

Tasks = list[dict[str, Any]]
Write = Callable[..., Path]


def ids(source: Any) -> list[Any]:
    with read_tasks(source) as reader:
        return [task.id for task in reader]


def lines(tasks: Tasks, end: str = "\n") -> bytes:
    return "".join(json.dumps(task) + end for task in tasks).encode()


def test_list_is_read(write: Write, tasks: Tasks) -> None:
    assert ids(write(tasks)) == [1, 2, 3]


def test_empty_list_is_an_export_without_tasks(write: Write) -> None:
    assert ids(write(b"[]")) == []
    assert ids(write(b" [ ] \n")) == []


@pytest.mark.parametrize("indent", [None, 2])
def test_one_task_object_is_read(write: Write, tasks: Tasks, indent: int) -> None:
    assert ids(write(json.dumps(tasks[1], indent=indent).encode())) == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\n  \n"])
def test_lines_are_read_whatever_ends_them(
    write: Write, tasks: Tasks, end: str
) -> None:
    assert ids(write(lines(tasks, end), "export.jsonl")) == [1, 2, 3]


def test_last_line_needs_no_end(write: Write, tasks: Tasks) -> None:
    assert ids(write(lines(tasks).rstrip())) == [1, 2, 3]


def test_objects_one_after_another_are_read(write: Write, tasks: Tasks) -> None:
    pretty = "".join(json.dumps(task, indent=1) for task in tasks)
    assert ids(write(pretty.encode())) == [1, 2, 3]


def test_lists_one_after_another_are_read(write: Write, tasks: Tasks) -> None:
    text = json.dumps(tasks[:2]) + "\n" + json.dumps(tasks[2:])
    assert ids(write(text.encode())) == [1, 2, 3]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("is_lines", [True, False])
def test_byte_order_marks_are_read(
    write: Write, tasks: Tasks, codec: str, *, is_lines: bool
) -> None:
    """F27: a byte order mark gave an empty output."""
    tasks[0]["data"]["text"] = "日本語 🙂"
    text = lines(tasks).decode() if is_lines else json.dumps(tasks, ensure_ascii=False)
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(codec, "")
    path = write((mark + text).encode(codec))
    with read_tasks(path) as reader:
        found = list(reader)
    assert [task.id for task in found] == [1, 2, 3]
    assert found[0].data["text"] == "日本語 🙂"


@pytest.mark.parametrize("name", ["export.json.gz", "export.json", "noending"])
def test_gzip_is_known_by_its_content(write: Write, tasks: Tasks, name: str) -> None:
    assert ids(write(gzip.compress(json.dumps(tasks).encode()), name)) == [1, 2, 3]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_zip_members_are_read_in_name_order(write: Write, tasks: Tasks) -> None:
    members = {
        "b/2.json": json.dumps(tasks[1]).encode(),
        "a.jsonl": lines(tasks[2:]),
        "b/1.json": json.dumps(tasks[:1]).encode(),
        "images/x.jpg": b"\xff\xd8\xff",
    }
    assert ids(write(zipped(members), "export.zip")) == [3, 1, 2]


def test_zip_with_one_member_counts_as_that_file(write: Write, tasks: Tasks) -> None:
    path = write(zipped({"result.json": json.dumps(tasks).encode()}), "export.zip")
    with read_tasks(path) as reader:
        assert reader.count == 3
        assert not reader.problems


def test_zip_member_in_utf16_is_read(write: Write, tasks: Tasks) -> None:
    text = json.dumps(tasks).encode("utf-16")
    assert ids(write(zipped({"result.json": text}), "export.zip")) == [1, 2, 3]


def test_folder_is_read_recursively_in_name_order(
    write: Write, tasks: Tasks, tmp_path: Path
) -> None:
    write(tasks[2], "folder/b/x.json")
    write(tasks[0], "folder/a/y/z.json")
    write(tasks[1], "folder/a.json")
    assert ids(tmp_path / "folder") == [1, 2, 3]


def test_folder_files_may_be_packed_or_without_ending(
    write: Write, tasks: Tasks, tmp_path: Path
) -> None:
    write(gzip.compress(json.dumps(tasks[0]).encode()), "folder/1.json.gz")
    write(tasks[1], "folder/2")
    write(lines(tasks[2:]), "folder/3.NDJSON")
    assert ids(tmp_path / "folder") == [1, 2, 3]


def test_other_files_of_a_folder_are_left_alone(
    write: Write, tasks: Tasks, tmp_path: Path
) -> None:
    write(tasks, "folder/export.json")
    for name in (".DS_Store", ".hidden/1.json", "readme.txt", "LICENSE", "a.jpg"):
        write(b"no JSON", f"folder/{name}")
    write({"schema_version": 1}, "folder/report.json")
    write({"schema_version": 1}, "folder/splits.json")
    write(b'{"file": "x"}', "folder/manifest.jsonl")
    (tmp_path / "folder" / "loop").symlink_to(tmp_path / "folder")
    with read_tasks(tmp_path / "folder") as reader:
        assert len(list(reader)) == 3
        assert reader.problems == []
        assert reader.count is None


def test_broken_task_in_a_folder_is_a_problem_naming_its_file(
    write: Write, tasks: Tasks, tmp_path: Path
) -> None:
    write(tasks[0], "folder/1.json")
    write(b'{"id": 2, "data": {"te', "folder/2.json")
    write(b"<html>", "folder/3.json")
    with read_tasks(tmp_path / "folder") as reader:
        assert [task.id for task in reader] == [1]
        cut, foreign = reader.problems
    assert (cut.source, cut.tasks) == ("2.json", 1)
    assert (foreign.source, foreign.tasks) == ("3.json", 0)
    assert "HTML" in foreign.detail


@pytest.mark.parametrize("is_lines", [True, False])
def test_cut_off_list_in_a_folder_is_an_error(
    write: Write, tasks: Tasks, tmp_path: Path, *, is_lines: bool
) -> None:
    text = lines(tasks) if is_lines else json.dumps(tasks).encode()
    write(tasks, "folder/1.json")
    write(text[:-40], "folder/2.json")
    with pytest.raises(NotAnExportError, match=r"2\.json"):
        ids(tmp_path / "folder")


def test_folder_without_json_is_an_error(write: Write, tmp_path: Path) -> None:
    write(b"x", "folder/readme.txt")
    with pytest.raises(NotAnExportError, match="holds no"):
        ids(tmp_path / "folder")


def test_folder_of_foreign_files_is_an_error(write: Write, tmp_path: Path) -> None:
    write(b"<html>", "folder/a.json")
    with pytest.raises(NotAnExportError, match="HTML"):
        ids(tmp_path / "folder")


def test_binary_stream_is_read(tasks: Tasks) -> None:
    assert ids(io.BytesIO(json.dumps(tasks).encode())) == [1, 2, 3]
    assert ids(io.BytesIO(gzip.compress(lines(tasks)))) == [1, 2, 3]


def test_text_stream_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="rb"):
        read_tasks(io.StringIO("[]"))  # type: ignore[arg-type]  # the slip tested


def test_named_pipe_is_read(tmp_path: Path, tasks: Tasks) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=pipe.write_bytes, args=(json.dumps(tasks).encode(),)
    )
    writer.start()
    try:
        assert ids(pipe) == [1, 2, 3]
    finally:
        writer.join()


def test_standard_input_is_read_twice(tasks: Tasks) -> None:
    code = (
        "from ls_tools.reading import read_tasks\n"
        "with read_tasks('-') as reader:\n"
        "    print([t.id for t in reader], [t.id for t in reader])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=lines(tasks),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == "[1, 2, 3] [1, 2, 3]"


@pytest.mark.parametrize("name", ["nothing.json", "export.json/nothing.json"])
def test_missing_file_is_not_found(write: Write, tmp_path: Path, name: str) -> None:
    write([])
    with pytest.raises(NotFoundError, match=r"nothing\.json"):
        read_tasks(tmp_path / name)


def test_path_that_cannot_be_read_is_an_error_with_its_cause(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    with pytest.raises(AccessError, match="symbolic links"):
        read_tasks(loop)


def test_zip_named_json_in_a_folder_is_refused(
    write: Write, tasks: Tasks, tmp_path: Path
) -> None:
    members = {f"{n}.json": json.dumps(tasks).encode() for n in range(2)}
    write(zipped(members), "folder/x.json")
    with pytest.raises(NotAnExportError, match="zip inside a folder"):
        ids(tmp_path / "folder")


def test_real_exports_are_read_without_a_problem(exports: Path) -> None:
    for name in ("image_snapshot_full", "image_JSON", "text_JSON"):
        with read_tasks(exports / f"{name}.json") as reader:
            tasks = list(reader)
            assert reader.problems == []
        truth = json.loads((exports / f"{name}.json").read_bytes())
        assert [task.id for task in tasks] == [task["id"] for task in truth]
        assert [json.loads(task.raw) for task in tasks] == truth
        assert [
            [result.from_name for a in task.annotations for result in a.result]
            for task in tasks
        ] == [
            [r.get("from_name", "") for a in task["annotations"] for r in a["result"]]
            for task in truth
        ]


@pytest.mark.parametrize("source", [None, 1, [], {}])
def test_what_is_neither_path_nor_file_is_refused(source: Any) -> None:
    with pytest.raises(UsageError, match=type(source).__name__):
        read_tasks(source)
