"""Bad input is one line that says what and what next, and the right exit code."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def assert_clean(folder: Path) -> None:
    """Nothing was published, and nothing was left beside it."""
    names = {path.name for path in folder.iterdir()}
    assert not {name for name in names if "out" in name}, names


def check_failure(done: Any, code: int, kind: str, said: str) -> None:
    assert done.code == code, done
    error = done.document["error"]
    assert list(done.document) == ["schema_version", "error"]
    assert error["kind"] == kind
    assert said in error["message"]
    assert error["hint"]
    assert "\n" not in error["message"] + error["hint"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("   \n", "nothing but white space"),
        ('[{"id": 1, "data": {}, "annotations": []}', "byte"),
        ("<!DOCTYPE html><html><body>Log in</body></html>", "HTML"),
        ("not json at all", "byte"),
        ('{"images": [], "annotations": [], "categories": []}', "COCO"),
        ("[1, 2, 3]", ""),
    ],
    ids=["empty", "blank", "truncated", "html", "text", "coco", "numbers"],
)
def test_what_is_no_export_is_refused(
    ls_tools: Any, tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content, encoding="utf-8")
    done = ls_tools(
        "convert", path, "--to", "coco", "--out", tmp_path / "out", "--json"
    )
    check_failure(done, 1, "not-an-export", said)
    assert_clean(tmp_path)


def test_a_missing_file_is_not_found(ls_tools: Any, tmp_path: Path) -> None:
    done = ls_tools(
        "convert", tmp_path / "no.json", "--to", "coco", "--out", "out", "--json"
    )
    check_failure(done, 3, "not-found", "no.json")


def test_an_unknown_format_lists_the_known_ones(ls_tools: Any, export: Path) -> None:
    done = ls_tools("convert", export, "--to", "tfrecord", "--out", "out", "--json")
    check_failure(done, 2, "unknown-format", "tfrecord")
    assert "coco" in done.document["error"]["hint"]


def test_a_folder_of_someone_else_is_not_replaced(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    done = ls_tools("convert", export, "--to", "coco", "--out", out, "--json")
    check_failure(done, 1, "output", "mine")
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_a_label_config_that_does_not_parse_is_named(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.xml").write_text("<View>")
    done = ls_tools(
        *("convert", export, "--config", tmp_path / "config.xml"),
        *("--to", "coco", "--out", tmp_path / "out", "--json"),
    )
    check_failure(done, 2, "label-config", "not well-formed")
    assert_clean(tmp_path)


def test_no_server_is_a_missing_setting(ls_tools: Any) -> None:
    done = ls_tools("resolve", "/data/upload/1/a.png", "--json")
    assert done.code == 2
    (one,) = done.document["results"]
    assert one["error"]["kind"] == "missing-url"
    assert "LABEL_STUDIO_URL" in one["error"]["hint"]
    pulled = ls_tools("pull", "1", "--to", "coco", "--out", "out", "--json")
    check_failure(pulled, 2, "missing-url", "server")


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert",),
        ("convert", "x.json", "--to", "coco"),
        ("nonsense",),
        ("convert", "x.json", "--to", "coco", "--out", "o", "--limit", "many"),
        ("resolve",),
        ("convert", "", "--to", "coco", "--out", "o"),
        ("media", ""),
    ],
)
def test_wrong_usage_is_exit_code_2_and_a_document(
    ls_tools: Any, arguments: tuple[str, ...]
) -> None:
    done = ls_tools(*arguments, "--json")
    assert done.code == 2
    assert done.document["error"]["kind"] in {"usage", "settings"}
    assert "--help" in done.document["error"]["hint"] or done.document["error"]["hint"]


def test_an_option_of_another_format_is_refused(ls_tools: Any, export: Path) -> None:
    done = ls_tools(
        *("convert", export, "--to", "csv", "--out", "out", "--json"),
        *("--task", "segment"),
    )
    check_failure(done, 2, "usage", "csv has no option 'task'")


def test_a_full_disk_leaves_nothing(export: Path, tmp_path: Path) -> None:
    """The largest file that the process may write stands in for the disk."""
    whole = json.loads(export.read_text())
    many = [{**whole[0], "id": n} for n in range(3000)]
    export.write_text(json.dumps(many))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    arguments = ["--to", "coco", "--out", str(tmp_path / "out"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "ls_tools", "convert", str(export), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
        preexec_fn=limit,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["error"]["kind"] == "output"
    assert "Traceback" not in done.stderr
    assert_clean(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (("--to", "tfrecord", "--out", "new"), 2, "unknown-format"),
        (("--to", "yolo", "--out", "new", "--select", "best"), 2, "usage"),
        (("--to", "yolo", "--out", "."), 1, "output"),
    ],
)
def test_a_pull_that_cannot_end_well_asks_nothing_of_the_server(
    ls_tools: Any, tmp_path: Path, arguments: tuple[str, ...], code: int, kind: str
) -> None:
    (tmp_path / "work" / "thesis.txt").write_text("precious")
    env = {"LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_KEY": "f" * 40}
    done = ls_tools("pull", "1", *arguments, "--json", **env)
    assert done.code == code
    assert done.document["error"]["kind"] == kind
