"""What pandas and DuckDB read from csv and tsv."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_pandas_reads_a_row_per_annotation(
    name: str, delimiter: str, judge: Any, converted: Any
) -> None:
    folder, report = converted(name)
    path = folder / f"result.{name}"
    table = judge("pandas").read_csv(path, sep=delimiter, keep_default_na=False)
    assert len(table) == 5  # of four annotations, and a task that has none
    assert report.annotations_selected == (table["annotation_id"] != "").sum()
    assert list(table["id"]) == [1, 1, 3, 4, 5]
    assert (
        table["text"][4]
        == 'He said "hi",\n\tthen \u05e9\u05dc\u05d5\u05dd \U0001f680; =1+1'
    )
    assert table["note"][4] == '{"text":["=1+1","a \\"b\\"\\r\\nc"]}'


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_duckdb_reads_the_same_cells(
    name: str, delimiter: str, judge: Any, converted: Any
) -> None:
    folder, _ = converted(name)
    duckdb = judge("duckdb")
    with duckdb.connect(":memory:") as database:
        found = database.read_csv(
            str(folder / f"result.{name}"), sep=delimiter, all_varchar=True
        ).select("id", "tone", "stars")
        assert found.fetchall() == [
            ("1", '{"choices":["calm","=loud()"]}', None),
            ("1", "calm", '[{"rating":4}]'),
            ("3", None, None),
            ("4", None, None),
            ("5", None, '[{"rating":1}]'),
        ]
