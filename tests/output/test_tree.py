"""Files are contained, written once, and named in the manifest with their digest."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import OutputError
from ls_tools.models import Annotation, Task
from ls_tools.output import Item, Tree, manifest
from ls_tools.output.manifest import without_secrets

ITEM = Item(task=Task(id=5), annotation=Annotation(id=7))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "root").mkdir()
    return Tree(tmp_path / "root")


def manifest_of(tree: Tree) -> list[dict[str, Any]]:
    tree.finish(b"{}\n")
    lines = (tree.root / "manifest.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_file_is_in_the_manifest_with_what_it_came_from(tree: Tree) -> None:
    tree.write_bytes("labels/a.txt", b"x", item=ITEM, reference="s3://b/a.jpg")
    with tree.open("result.json", item=ITEM) as file:
        file.write(b"[")
        file.write(b"]")
    digests = [hashlib.sha256(data).hexdigest() for data in (b"x", b"[]")]
    assert tree.files_written == 2
    assert manifest_of(tree) == [
        {
            "file": "labels/a.txt",
            "task_id": 5,
            "annotation_id": 7,
            "reference": "s3://b/a.jpg",
            "sha256": digests[0],
            "size_bytes": 1,
        },
        {
            "file": "result.json",
            "task_id": 5,
            "annotation_id": 7,
            "reference": None,
            "sha256": digests[1],
            "size_bytes": 2,
        },
    ]


def test_a_long_manifest_is_whole(tree: Tree) -> None:
    for number in range(2000):
        tree.write_bytes(f"labels/{number}.txt", b"")
    files = [line["file"] for line in manifest_of(tree)]
    assert files == [f"labels/{number}.txt" for number in range(2000)]


def test_no_secret_reaches_the_manifest(tree: Tree) -> None:
    url = "https://user:pw@h.org/x.jpg?v=1&X-Amz-Signature=SECRET&X-Amz-Date=1"
    tree.write_bytes("a.txt", b"", reference=url)
    assert manifest_of(tree)[0]["reference"] == "https://h.org/x.jpg?v=1"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/data/local-files/?d=a/b%20c.jpg", None),
        ("s3://bucket/some@where#1.jpg", None),
        ("https://h.org/a?q=1#f", None),
        ("https://u@h.org/a", "https://h.org/a"),
        ("http://[bad/x?sig=SECRET", "http://[bad/x"),
    ],
)
def test_references_without_secrets_stay_as_they_are(
    reference: str, expected: str | None
) -> None:
    assert without_secrets(reference) == (expected or reference)


@pytest.mark.parametrize(
    "relative",
    [
        "",
        "..",
        "../x",
        "a/../../x",
        "/etc/x",
        "a//b",
        "a/",
        "a/./b",
        "a/..",
        "a\\..\\x",
        "a\0b",
        "a\0/b",
        "manifest.jsonl",
        "report.json",
    ],
)
def test_nothing_is_written_outside_or_over_the_marks(
    tree: Tree, relative: str, tmp_path: Path
) -> None:
    with pytest.raises(OutputError):
        tree.write_bytes(relative, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert tree.files_written == 0


@given(relative=st.text(st.sampled_from("./\\a\0é"), max_size=8))
def test_whatever_is_written_is_below_the_root(
    tmp_path_factory: pytest.TempPathFactory, relative: str
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "root").mkdir()
    tree = Tree(folder / "root")
    try:
        tree.write_bytes(relative, b"x")
    except OutputError:
        pass
    else:
        assert (tree.root / relative).read_bytes() == b"x"
    tree.finish(b"{}")
    assert [path.name for path in folder.iterdir()] == ["root"]


def test_no_file_is_written_twice(tree: Tree) -> None:
    tree.write_bytes("a.txt", b"first")
    with pytest.raises(OutputError, match="File exists"):
        tree.write_bytes("a.txt", b"second")
    with pytest.raises(OutputError, match="File exists"), tree.open("a.txt"):
        pass
    assert (tree.root / "a.txt").read_bytes() == b"first"


def test_a_link_in_the_way_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("x")
    (tree.root / "a.txt").symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError):
        tree.write_bytes("a.txt", b"y")
    assert (tmp_path / "victim").read_text() == "x"


def test_a_streamed_file_that_fails_is_not_in_the_manifest(tree: Tree) -> None:
    def write_half() -> None:
        with tree.open("a.json") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert tree.files_written == 0
    assert manifest_of(tree) == []


def test_text_is_utf8_with_the_newlines_asked_for(tree: Tree) -> None:
    with tree.open_text("a.txt", newline="\n") as text:
        text.write("é\nx\ud800\n")
    with tree.open_text("a.csv", newline="") as text:
        csv.writer(text).writerow(["a", "b\nc"])
    assert (tree.root / "a.txt").read_bytes() == "é\nx?\n".encode()
    assert (tree.root / "a.csv").read_bytes() == b'a,"b\nc"\r\n'
    sizes = [line["size_bytes"] for line in manifest_of(tree)]
    assert sizes == [6, 9]


def test_scratch_files_leave_nothing_behind(tree: Tree) -> None:
    with tree.scratch() as file:
        file.write(b"x" * 100)
        file.seek(0)
        assert len(file.read()) == 100
    assert [path.name for path in tree.root.iterdir()] == ["manifest.jsonl"]


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    manifests = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        tree = Tree(tmp_path / name)
        tree.write_bytes("a.txt", b"x", item=ITEM)
        tree.finish(b"{}")
        manifests.append((tmp_path / name / "manifest.jsonl").read_bytes())
    assert manifests[0] == manifests[1]


def test_many_folders_can_be_open_at_once(tree: Tree) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- not a folder of files
    for number in range(50):
        tree.write_bytes(f"masks/{number}/deep/a.png", b"x")
    assert len(list(tree.root.glob("masks/*/deep/a.png"))) == 50
    assert len(os.listdir("/proc/self/fd")) - before < 80  # noqa: PTH208 -- not a folder of files


def test_systems_that_write_a_little_at_a_time_get_it_all_written(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:3])))
    tree.write_bytes("a.txt", b"0123456789")
    with tree.open("b.txt") as file:
        file.write(b"0123456789")
    assert [line["size_bytes"] for line in manifest_of(tree)] == [10, 10]
    assert (tree.root / "a.txt").read_bytes() == b"0123456789"


def stream(tree: Tree) -> None:
    with tree.open("b.txt") as file:
        file.write(b"x")


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.write_bytes("b.txt", b"x"),
        lambda tree: tree.record("b.txt", "0" * 64, 1),
        lambda tree: tree.finish(b"{}"),
        stream,
    ],
)
def test_a_disk_that_fills_up_is_an_output_error_at_any_moment(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, change: Callable[[Tree], None]
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    tree.write_bytes("a.txt", b"x")
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(manifest, "_FLUSH_BYTES", 1)
    with pytest.raises(OutputError, match="No space left") as caught:
        change(tree)
    assert "Free some space" in caught.value.hint
