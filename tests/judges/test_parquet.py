"""What PyArrow, pandas, DuckDB and datasets read from parquet."""

from __future__ import annotations

import json
from typing import Any

LABELS = {"Car": 1, 'Person, "adult"': 1, "Roof": 1, "Place": 2, "Speech": 1}
LABELS["Van\n\U0001f680"] = 1


def test_pyarrow_counts_what_was_written(judge: Any, converted: Any) -> None:
    folder, report = converted("parquet")
    table = judge("pyarrow.parquet").read_table(folder / "result.parquet")
    assert table.filter(table["region_index"].is_valid()).num_rows == (
        report.regions_written
    )
    assert table.validate(full=True) is None


def test_pandas_reads_what_was_written(judge: Any, converted: Any) -> None:
    folder, report = converted("parquet")
    table = judge("pandas").read_parquet(folder / "result.parquet")
    assert table["region_index"].count() == report.regions_written
    assert str(table["created_at"].dtype).endswith("UTC]")
    boxes = table[table["shape_px"].notna()]["shape_px"]
    assert [box["width"] for box in boxes] == [50.0, 40.0, None, 20.0]


def test_duckdb_counts_labels_and_reads_the_json(judge: Any, converted: Any) -> None:
    folder, _ = converted("parquet")
    with judge("duckdb").connect(":memory:") as database:
        table = database.read_parquet(str(folder / "result.parquet"))
        labels = table.project("unnest(labels) as label")
        assert dict(labels.aggregate("label, count(*)").fetchall()) == LABELS
        values = table.project("unnest(results).value").fetchall()
        assert all(json.loads(value) is not None for (value,) in values)


def test_duckdb_unnests_the_regions_of_tasks(judge: Any, converted: Any) -> None:
    folder, report = converted("parquet-task")
    with judge("duckdb").connect(":memory:") as database:
        table = database.read_parquet(str(folder / "result.parquet"))
        annotations = table.project("unnest(annotations) as one")
        regions = annotations.project("unnest(one.regions) as region")
        assert len(regions.fetchall()) == report.regions_written


def test_datasets_loads_what_was_written(
    judge: Any, converted: Any, tmp_path: Any
) -> None:
    folder, report = converted("parquet")
    loaded = judge("datasets").Dataset.from_parquet(
        str(folder / "result.parquet"), cache_dir=str(tmp_path / "cache")
    )
    found = [row for row in loaded if row["region_index"] is not None]
    assert len(found) == report.regions_written
    assert loaded.features["ground_truth"].dtype == "bool"
