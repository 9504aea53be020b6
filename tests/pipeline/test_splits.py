"""What every format promises of splits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import (
    CONFIG,
    EVERYTHING,
    Workshop,
    box,
    rich_task,
    task,
    usable_formats,
)

from ls_tools import Split
from ls_tools.errors import LossError, UsageError

SPLIT = "train=0.5,val=0.3,test=0.2"
every_format = pytest.mark.parametrize("to", usable_formats(painted=True))


def splits_of(workshop: Workshop) -> dict[str, str]:
    """The split of every key, as ``splits.json`` has it."""
    document = json.loads((workshop.out / "splits.json").read_bytes())
    return {key: name for name, keys in document["tasks"].items() for key in keys}


@every_format
def test_every_task_written_is_in_one_split(workshop: Workshop, to: str) -> None:
    tasks = [rich_task(number) for number in range(1, 31)]
    report = workshop.convert(tasks, to, config=EVERYTHING, split=SPLIT)
    assert isinstance(report.splits, dict)
    assert sum(report.splits.values()) == report.tasks_written
    assert list(report.splits) == ["train", "val", "test"]
    assert len(splits_of(workshop)) == report.tasks_in
    names = {path.name for path in workshop.out.rglob("*")}
    assert not any(name.startswith("result.") for name in names)
    # Of a video without a box, video_yolo writes no file.
    for name in ("train", "val", "test") if report.regions_written else ():
        assert report.splits[name]
        parts = {path.split("/")[-1].split(".")[0] for path in workshop.tree()}
        folders = {part for path in workshop.tree() for part in path.split("/")[:-1]}
        alias = {"val": "dev"}.get(name, name)
        assert {name, alias} & (parts | folders), to


@every_format
def test_two_runs_with_splits_give_the_same_bytes(workshop: Workshop, to: str) -> None:
    tasks = [rich_task(number) for number in range(1, 13)]
    trees = []
    for stratify in (False, False, True, True):
        split = Split.parse(SPLIT, stratify=stratify)
        workshop.convert(tasks, to, config=EVERYTHING, split=split)
        trees.append(workshop.tree())
    assert trees[0] == trees[1]
    assert trees[2] == trees[3]


@every_format
def test_a_split_of_nothing_writes_no_file(workshop: Workshop, to: str) -> None:
    tasks = [rich_task(number) for number in range(1, 5)]
    workshop.convert(tasks, to, config=EVERYTHING, split="train=1,val=0")
    paths = {part for path in workshop.tree() for part in path.split("/")}
    assert not {x for x in paths if x.split(".")[0] in {"val", "test", "dev"}}


@every_format
def test_a_limit_reads_no_further_with_splits(workshop: Workshop, to: str) -> None:
    tasks = [rich_task(number) for number in range(1, 9)]
    for stratify in (False, True):
        split = Split.parse(SPLIT, stratify=stratify)
        report = workshop.convert(tasks, to, config=EVERYTHING, split=split, limit=3)
        assert report.tasks_in == 3
        assert len(splits_of(workshop)) == 3


@every_format
def test_strict_publishes_nothing_where_a_split_lost_something(
    workshop: Workshop, to: str
) -> None:
    odd = {"id": "q", "type": "unheard-of", "value": {}}
    tasks = [rich_task(1, odd)]
    options: dict[str, Any] = {"config": EVERYTHING, "split": SPLIT, "strict": True}
    if workshop.convert(tasks, to, config=EVERYTHING, dry_run=True).lossless:
        return
    with pytest.raises(LossError):
        workshop.convert(tasks, to, **options)
    assert not workshop.out.exists()


def test_a_task_is_in_the_same_split_in_every_format(workshop: Workshop) -> None:
    pytest.importorskip("numpy")  # the label config names brushes
    pytest.importorskip("PIL")
    tasks = [rich_task(number) for number in range(1, 13)]
    found = []
    for to in ("json", "csv", "coco", "yolo", "voc"):
        workshop.convert(tasks, to, config=EVERYTHING, split=SPLIT)
        by_image = {k: v for k, v in splits_of(workshop).items() if "p" in k}
        found.append(by_image)
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("to", ["coco", "yolo"])
def test_tasks_that_share_an_image_share_a_split(workshop: Workshop, to: str) -> None:
    tasks = [task(n, box(), image=f"/data/upload/1/{n % 5}.png") for n in range(1, 41)]
    report = workshop.convert(tasks, to, config=CONFIG, split=SPLIT)
    assert len(splits_of(workshop)) == 5
    assert not any("two splits" in warning for warning in report.warnings)


@pytest.mark.parametrize("to", ["coco", "yolo"])
def test_an_image_in_two_splits_is_reported(workshop: Workshop, to: str) -> None:
    config = CONFIG.replace('value="$image"', 'valueList="$images"')
    tasks = [
        task(n, box(item_index=0), images=[f"/data/upload/1/{n}.png", "/data/a.png"])
        for n in range(1, 9)
    ]
    report = workshop.convert(tasks, to, config=config, split=SPLIT)
    assert any("two splits" in warning for warning in report.warnings)


def test_annotations_of_one_task_stay_together(workshop: Workshop) -> None:
    tasks = [task(n, box()) for n in range(1, 21)]
    for one in tasks:
        one["annotations"] = [
            {"id": one["id"] * 10 + k, "result": [box(f"r{k}")]} for k in range(3)
        ]
    report = workshop.convert(tasks, "csv", config=CONFIG, select="all", split=SPLIT)
    rows = {}
    for name in ("train", "val", "test"):
        lines = (workshop.out / f"{name}.csv").read_text().splitlines()
        rows[name] = len(lines) - 1
    assert isinstance(report.splits, dict)
    assert rows == {name: count * 3 for name, count in report.splits.items()}


def test_all_tables_of_a_split_have_the_same_columns(workshop: Workshop) -> None:
    tasks = [task(n, box(), **{f"extra{n}": n}) for n in range(1, 13)]
    workshop.convert(tasks, "csv", config=CONFIG, split=SPLIT)
    headers = {path.read_text().split("\n")[0] for path in workshop.out.glob("*.csv")}
    assert len(headers) == 1
    assert all(f"extra{n}" in next(iter(headers)) for n in range(1, 13))


def test_a_yolo_dataset_names_the_split_that_there_is(workshop: Workshop) -> None:
    tasks = [task(n, box()) for n in range(1, 4)]
    report = workshop.convert(tasks, "yolo", config=CONFIG, split="val=1")
    lines = (workshop.out / "data.yaml").read_text().splitlines()
    assert lines[:2] == ["train: images/val", "val: images/val"]
    assert any("for training" in warning for warning in report.warnings)


def test_splits_json_given_back_keeps_the_splits(workshop: Workshop) -> None:
    old = [task(n, box()) for n in range(1, 31)]
    new = [task(n, box()) for n in range(31, 61)]
    workshop.convert(
        old, "coco", config=CONFIG, split=Split.parse(SPLIT, stratify=True)
    )
    before = splits_of(workshop)
    kept = str(workshop.out / "splits.json")
    report = workshop.convert([*new, *old], "coco", config=CONFIG, split=kept)
    after = splits_of(workshop)
    assert before.items() <= after.items()
    assert report.splits == {"train": 30, "val": 18, "test": 12}


def test_a_splits_file_is_read_before_anything_else(tmp_path: Path) -> None:
    from ls_tools import convert

    with pytest.raises(UsageError, match="splits file"):
        convert(tmp_path / "gone", "csv", tmp_path / "out", split="gone.json")


def test_stratified_by_choices(workshop: Workshop) -> None:
    def chosen(number: int) -> dict[str, Any]:
        value = {"choices": ["good" if number % 4 else "bad"]}
        return task(
            number,
            {
                "id": "m",
                "from_name": "mood",
                "to_name": "txt",
                "type": "choices",
                "value": value,
            },
        )

    tasks = [chosen(number) for number in range(40)]
    split = Split.parse("train=0.8,test=0.2", stratify=True)
    workshop.convert(tasks, "jsonl", config=CONFIG, split=split)
    lines = (workshop.out / "test.jsonl").read_bytes().splitlines()
    found = [json.loads(line)["annotations"][0]["result"][0]["value"] for line in lines]
    assert sorted(value["choices"][0] for value in found) == ["bad"] * 2 + ["good"] * 6


def test_an_output_with_splits_can_be_read_again(workshop: Workshop) -> None:
    tasks = [task(n, box()) for n in range(1, 21)]
    workshop.convert(tasks, "json", config=CONFIG, split=SPLIT)
    folder = workshop.folder / "again"
    workshop.out.rename(folder)
    report = workshop.convert(folder, "coco", config=CONFIG)
    assert report.tasks_written == 20
    assert report.warnings == []


def test_what_is_settled_counts_where_classes_are_shared_out(
    workshop: Workshop, tmp_path: Path
) -> None:
    keys = [f"media:/data/local-files/?d=p{number}.png" for number in range(1, 9)]
    kept = {"fractions": {"train": 0.5, "val": 0.5}, "tasks": {"val": keys}}
    (tmp_path / "kept.json").write_text(json.dumps({**kept, "stratify": True}))
    tasks = [task(number, box()) for number in range(1, 21)]
    split = Split(keep=tmp_path / "kept.json")
    report = workshop.convert(tasks, "coco", config=CONFIG, split=split)
    assert "No task is in the splits file" not in " ".join(report.warnings)
    assert isinstance(report.splits, dict)
    assert abs(report.splits["val"] - 10) <= 1
