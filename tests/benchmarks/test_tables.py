# ruff: noqa: RUF001 -- signs of the table
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Script = Callable[[str], Any]

TABLE = """\
2 cores (one), 8 GB, Python 3.10, Linux, files on tmpfs; 2026-11-22; medians \
(lowest to highest), rounds by turns: 3; 2 minutes in all.

ls-tools 0.1.0.

### Conversion

| what | ls_tools | beside it | | times as good | wanted | reached |
|---|--:|---|--:|--:|--:|---|
| tasks to `coco` | 2 s (1–4) | the sdk | 30 s | 15× (7.5–30) | ≥ 15× | yes |
|  |  | plain writes | 0.5 s | 0.5× | ≥ 1× | **no** |

### Memory

| what | ls_tools | beside it | | times as good | wanted | reached |
|---|--:|---|--:|--:|--:|---|
| tasks to `coco`: memory | 31 MB |  |  |  | ≤ 150 MB | yes |

Not measured:

- install: takes long
"""


def test_the_table_has_every_row(script: Script, results: Any) -> None:
    assert script("tables").whole_table(results) == TABLE


def test_a_quick_run_reaches_nothing(script: Script, results: Any) -> None:
    results.about["quick"] = True
    table = script("tables").whole_table(results)
    assert table.startswith("**A quick run")
    assert "yes" not in table
    assert "**no**" not in table


def test_results_are_kept_as_they_are(
    script: Script, results: Any, tmp_path: Path
) -> None:
    results.save(tmp_path / "results.json")
    assert script("results").Results.load(tmp_path / "results.json") == results


def test_rows_that_are_added_come_where_they_belong(
    script: Script, results: Any
) -> None:
    module = script("results")
    start = module.Topic("Start", "import", "`import`", "ms").alone([1.0])
    alone = module.Results(results.about, [start])
    joined = alone.joined(results, ["coco", "import"])
    assert joined.rows == [*results.rows, start]
    assert (joined.missing, joined.took_s) == (results.missing, results.took_s)


def test_what_is_measured_again_is_dropped_before(results: Any) -> None:
    rest = results.without({"install"})
    assert (rest.rows, rest.missing, rest.took_s) == (results.rows, {}, {"coco": 90.0})
    assert results.without({"coco"}).rows == []


def test_the_table_says_how_long_it_all_took(script: Script, results: Any) -> None:
    line = script("tables").about_line(results)
    assert line.endswith("rounds by turns: 3; 2 minutes in all.")


def test_a_rate_is_better_where_it_is_more(script: Script) -> None:
    rates = script("results").Topic("Fetching", "small", "objects", "/s")
    row = rates.beside("boto3", [1000.0], [250.0], script("results").times(4))
    assert row.ratio.median == 4
    assert row.reached


def test_pages_quote_the_rows_that_they_name(script: Script, results: Any) -> None:
    quoted = [("Conversion", "coco", "plain"), ("Memory", "gone", "")]
    table = script("tables").short_table(results, quoted)
    assert table.splitlines()[2:] == [
        "| tasks to `coco` | 2 s (1–4) | plain writes | 0.5 s | 0.5× |"
    ]


def test_a_page_is_filled_between_its_marks(script: Script) -> None:
    filled = script("pages").filled
    page = "a\n<!-- benchmarks: x -->\nold\n<!-- end of benchmarks -->\nb\n"
    once = filled(page, "| \\1 |\n")
    expected = "a\n<!-- benchmarks: x -->\n\n| \\1 |\n\n<!-- end of benchmarks -->\nb\n"
    assert once == expected
    assert filled(once, "| \\1 |\n") == once


def test_pages_agree_with_the_results_that_are_kept(script: Script) -> None:
    pages = script("pages")
    stale = [
        path.name
        for path, text in pages.pages(pages.FOLDER).items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run benchmarks/pages.py"


def test_the_chart_shows_what_has_to_be_reached(
    script: Script, results: Any, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    chart = script("chart")
    assert [row.beside for row in chart.charted(results)] == ["the sdk", "plain writes"]
    chart.draw(results, tmp_path / "chart.svg")
    first = (tmp_path / "chart.svg").read_bytes()
    assert b"beside the sdk" in first
    chart.draw(results, tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").read_bytes() == first
