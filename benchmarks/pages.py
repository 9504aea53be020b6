"""Put what a run found into the pages that quote it.

    python benchmarks/pages.py [--check]

The results in benchmarks/results are those that the pages show. With --check nothing
is written, and pages that differ from them fail.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from environments import ROOT
from results import Results
from tables import about_line, short_table, whole_table

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "benchmarks" / "results"
SDK = "label-studio-sdk"
QUOTED = (
    ("Conversion", "coco", SDK),
    ("Conversion", "json_min", SDK),
    ("Conversion", "csv", SDK),
    ("Conversion", "yolo", SDK),
    ("Conversion", "voc", SDK),
    ("Conversion", "conll2003", SDK),
    ("Memory", "coco", SDK),
    ("Cache", "cached", SDK),
    ("Fetching", "fetch-small", "boto3"),
    ("Fetching", "fetch-slow", "one by one"),
    ("Fetching", "fetch-large", "curl"),
    ("Start", "import", SDK),
    ("Start", "install", SDK),
)


def main() -> None:
    """Write the pages, or look whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    stale = [path for path, text in pages(FOLDER).items() if _read(path) != text]
    if options.check:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"stale: {names}; run benchmarks/pages.py" if stale else 0)
    for path in stale:
        path.write_text(pages(FOLDER)[path], encoding="utf-8")
        print(path.relative_to(ROOT))


def pages(folder: Path) -> dict[Path, str]:
    """What each file that quotes a run must hold."""
    results = Results.load(folder / "results.json")
    made = {folder / "table.md": whole_table(results)}
    chart = folder / "chart.svg"
    if chart.exists():
        made[ROOT / "docs" / "performance.svg"] = _read(chart)
    page, readme = ROOT / "docs" / "performance.md", ROOT / "README.md"
    made[page] = filled(_read(page), whole_table(results))
    short = f"{about_line(results)}\n\n{short_table(results, QUOTED)}"
    made[readme] = filled(_read(readme), short)
    return made


def filled(page: str, text: str) -> str:
    """A page with other text between its two marks."""
    marks = r"(?s)(<!-- benchmarks: [^\n]* -->\n).*?(<!-- end of benchmarks -->)"
    return re.sub(marks, lambda found: f"{found[1]}\n{text}\n{found[2]}", page)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
