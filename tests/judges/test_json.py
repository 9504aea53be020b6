"""What pandas and datasets read from json, jsonl and json_min."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_pandas_reads_a_row_per_task(name: str, judge: Any, converted: Any) -> None:
    folder, report = converted(name)
    path = folder / f"result.{name}"
    table = judge("pandas").read_json(path, lines=name == "jsonl")
    assert len(table) == report.tasks_written
    results = [a["result"] for found in table["annotations"] for a in found]
    assert sum(map(len, results)) == report.regions_written


def test_pandas_reads_a_row_per_annotation_from_json_min(
    judge: Any, converted: Any
) -> None:
    folder, report = converted("json_min")
    table = judge("pandas").read_json(folder / "result.json")
    assert table["annotation_id"].notna().sum() == report.annotations_selected
    assert table["tone"][1] == "calm"


def test_duckdb_reads_json_lines(judge: Any, converted: Any) -> None:
    folder, report = converted("jsonl")
    with judge("duckdb").connect(":memory:") as database:
        found = database.read_json(str(folder / "result.jsonl")).select("id")
        assert len(found.fetchall()) == report.tasks_written
