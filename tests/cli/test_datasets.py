"""Splits and several inputs on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import CONFIG, LsTools, box

SPLIT = ("--split", "train=0.5,val=0.3,test=0.2")


def write_tasks(path: Path, *numbers: int) -> Path:
    tasks = [
        {
            "id": number,
            "data": {"image": f"/data/upload/1/{path.stem}{number}.png"},
            "annotations": [{"id": number, "result": [box("r", 10)]}],
        }
        for number in numbers
    ]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


@pytest.fixture
def exports(tmp_path: Path) -> list[Path]:
    """Two exports with the same task ids, and a config that fits both."""
    (tmp_path / "config.xml").write_text(CONFIG, encoding="utf-8")
    names = ("a.json", "b.json")
    return [write_tasks(tmp_path / name, *range(1, 11)) for name in names]


def test_two_exports_become_one_dataset_with_splits(
    ls_tools: LsTools, exports: list[Path], tmp_path: Path
) -> None:
    config = ("--config", tmp_path / "config.xml")
    command = ("convert", *exports, *config, "--to", "yolo", "--out", "data", *SPLIT)
    done = ls_tools(*command, "--json")
    assert done.code == 0, done.stderr
    splits: dict[str, int] = done.document["splits"]
    assert list(splits) == ["train", "val", "test"]
    assert sum(splits.values()) == done.document["tasks_written"] == 20
    out = tmp_path / "work" / "data"
    for name, count in splits.items():
        assert len(list((out / "labels" / name).iterdir())) == count
    table = ls_tools(*command).stderr
    assert all(name in table for name in splits)


def test_splits_json_is_given_back(
    ls_tools: LsTools, exports: list[Path], tmp_path: Path
) -> None:
    command = ("convert", "--to", "jsonl", "--out", "data")
    assert ls_tools(*command, exports[0], *SPLIT, "--stratify").code == 0
    file = tmp_path / "work" / "data" / "splits.json"
    before = json.loads(file.read_bytes())
    assert before["stratify"] is True
    assert ls_tools(*command, *exports, "--split", "data/splits.json").code == 0
    after = json.loads(file.read_bytes())
    for name, keys in before["tasks"].items():
        assert set(keys) <= set(after["tasks"][name])
    assert after["fractions"] == before["fractions"]


def test_each_input_may_have_a_config_of_its_own(
    ls_tools: LsTools, exports: list[Path], tmp_path: Path
) -> None:
    one, other = tmp_path / "one.xml", tmp_path / "other.xml"
    one.write_text(CONFIG)
    other.write_text(CONFIG.replace('"Car"', '"Bus"'))
    configs = ("--config", one, "--config", other)
    command = ("convert", *exports, "--to", "coco", "--out", "data", "--json")
    done = ls_tools(*command, *configs)
    assert done.code == 0
    document = json.loads((tmp_path / "work" / "data" / "result.json").read_bytes())
    assert [one["name"] for one in document["categories"]] == ["Car", "Bus"]
    done = ls_tools(*command, *configs, "--config", one)
    assert done.code == 2
    assert "3 label configs for 2 inputs" in done.document["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--split", "train=0.5"), "add up to 0.5"),
        (("--split", "dev=1"), "'dev' is no name"),
        (("--split", "gone.json"), "splits file gone.json"),
        (("--stratify",), "need --split"),
        (("--split-by", "patient"), "need --split"),
        ((*SPLIT, "--split-by", "patient"), "'patient'"),
        ((*SPLIT, "--split-by", ""), "no name"),
    ],
)
def test_a_split_that_makes_no_sense_is_a_usage_error(
    ls_tools: LsTools,
    exports: list[Path],
    tmp_path: Path,
    arguments: tuple[Any, ...],
    message: str,
) -> None:
    done = ls_tools(
        "convert", exports[0], "--to", "csv", "--out", "data", "--json", *arguments
    )
    assert done.code == 2
    assert message in done.document["error"]["message"]
    assert not (tmp_path / "work" / "data").exists()


def test_a_dry_run_with_splits_writes_nothing(
    ls_tools: LsTools, exports: list[Path], tmp_path: Path
) -> None:
    done = ls_tools(
        *("convert", *exports, "--to", "coco", "--out", "data", "--json"),
        *(*SPLIT, "--stratify", "--dry-run"),
    )
    assert done.code == 0
    assert sum(done.document["splits"].values()) == 20
    assert list((tmp_path / "work").iterdir()) == []


def test_an_empty_input_among_others_is_refused(
    ls_tools: LsTools, exports: list[Path]
) -> None:
    done = ls_tools("convert", exports[0], "", "--to", "csv", "--out", "data", "--json")
    assert done.code == 2
