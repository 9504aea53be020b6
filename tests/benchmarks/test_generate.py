from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ls_tools import convert, read_tasks
from ls_tools.label_config import parse_label_config

Generate = Callable[..., tuple[Path, Path]]

TARGETS = {
    "detection": "coco",
    "segmentation": "coco",
    "ner": "conll2003",
    "classification": "csv",
    "audio": "asr_manifest",
}


@pytest.mark.parametrize("kind", TARGETS)
def test_every_kind_is_read_and_converted_without_loss(
    kind: str, generate: Generate, tmp_path: Path
) -> None:
    export, config = generate(kind, "--tasks", "20")
    with read_tasks(export) as reader:
        assert [task.id for task in reader] == list(range(1, 21))
        assert reader.problems == []
    report = convert(export, TARGETS[kind], tmp_path / "out", config=config)
    assert report.tasks_in == 20
    assert report.skipped == []


def test_brushes_become_masks_in_colour_or_not(
    generate: Generate, tmp_path: Path
) -> None:
    pytest.importorskip("numpy")
    pytest.importorskip("PIL")
    export, config = generate("brush", "--tasks", "12")
    report = convert(export, "brush_png", tmp_path / "out", config=config)
    assert report.skipped == []
    with read_tasks(export) as reader:
        regions = sum(len(task.annotations[0].result) for task in reader)
    assert len(list((tmp_path / "out").rglob("*.png"))) == regions


def test_the_same_seed_gives_the_same_bytes(generate: Generate) -> None:
    first = generate("detection", "--tasks", "5")[0].read_bytes()
    assert generate("detection", "--tasks", "5")[0].read_bytes() == first
    assert generate("detection", "--tasks", "5", "--seed", "2")[0].read_bytes() != first


def test_lines_hold_the_tasks_of_the_list(generate: Generate) -> None:
    with read_tasks(generate("audio", "--tasks", "5")[0]) as reader:
        listed = list(reader)
    export, _ = generate("audio", "--tasks", "5", "--lines")
    assert export.read_bytes().count(b"\n") == 5
    with read_tasks(export) as reader:
        assert list(reader) == listed


def test_as_many_classes_as_asked_for_are_in_the_label_config(
    generate: Generate,
) -> None:
    _, config = generate("detection", "--tasks", "1", "--classes", "1000")
    parsed = parse_label_config(config.read_text())
    assert len(parsed.controls["rect"].labels) == 1000
