"""Exports of a real Label Studio 1.23.2, and what its own converter made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ls_tools.output import Report
from ls_tools.pipeline import convert
from ls_tools.settings import Settings

DATA = Path(__file__).parent / "data"

SERVER_LABELS = {
    "e059a3bf-im0": "0 0.1 0.2 0.2 0.2\n1 0.55 0.2 0.1 0.4\n",
    "54719182-im1": "0 0.2 0.2 0.2 0.2\n1 0.55 0.3 0.1 0.4\n",
    "b521bb55-im2": "0 0.3 0.2 0.2 0.2\n1 0.55 0.4 0.1 0.4\n",
}

NOT_EXPRESSIBLE = {
    "control not expressible: BrushLabels": 1,
    "control not expressible: KeyPointLabels": 1,
    "control not expressible: Choices": 1,
    "control not expressible: TextArea": 1,
    "control not expressible: Rating": 1,
    "control not expressible: Number": 1,
    "control not expressible: relation": 1,
}


def run(tmp_path: Path, export: str, to: str, **options: Any) -> Report:
    settings = Settings(cache_dir=tmp_path / "cache")
    report = convert(DATA / export, to, tmp_path / "out", settings=settings, **options)
    report.check()
    return report


def counts(losses: list[Any]) -> dict[str, int]:
    return {loss.reason: loss.count for loss in losses}


def test_yolo_labels_equal_those_of_the_server(tmp_path: Path) -> None:
    run(tmp_path, "rect_export.json", "yolo")
    out = tmp_path / "out"
    found = {path.stem: path.read_text() for path in (out / "labels").iterdir()}
    assert found == SERVER_LABELS
    assert (out / "classes.txt").read_text() == "Car\nPerson\n"


def test_a_project_of_every_image_control_adds_up_in_coco(tmp_path: Path) -> None:
    pytest.importorskip("numpy")  # the label config names brushes
    pytest.importorskip("PIL")
    report = run(tmp_path, "image_export.json", "coco")
    content = json.loads((tmp_path / "out/result.json").read_text())
    names = {c["id"]: c["name"] for c in content["categories"]}
    rows = content["annotations"]
    assert [names[row["category_id"]] for row in rows] == [
        "Car",
        "Person, adult",
        "Roof",
        "Sky",
        "Wheel",
        "keypoints",
        "Car",
    ]
    assert (rows[3]["bbox"], rows[3]["area"]) == ([100, 5, 90, 35], 3150)
    assert rows[5]["keypoints"] == pytest.approx([66.6, 44.4, 2])
    assert rows[1]["bbox"] == pytest.approx(
        [112.235429, 20, 27.083088, 34.154156], abs=1e-6
    )
    assert counts(report.skipped) == {
        reason: count
        for reason, count in NOT_EXPRESSIBLE.items()
        if "Brush" not in reason and "KeyPoint" not in reason
    }
    assert counts(report.degraded) == {"ellipse approximated by a polygon": 1}


def test_a_project_of_every_image_control_adds_up_in_yolo(tmp_path: Path) -> None:
    pytest.importorskip("numpy")  # the label config names brushes
    pytest.importorskip("PIL")
    report = run(tmp_path, "image_export.json", "yolo", task="detect")
    text = (tmp_path / "out/labels/3e539fb4-img_one.txt").read_text()
    assert len(text.splitlines()) == 5
    assert counts(report.skipped) == {
        reason: count
        for reason, count in NOT_EXPRESSIBLE.items()
        if "Brush" not in reason
    }
    assert counts(report.degraded) == {
        "rotation dropped": 1,
        "outline reduced to its box": 3,
    }
