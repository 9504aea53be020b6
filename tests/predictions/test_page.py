from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from ls_tools.predictions import PredictionBuilder

pytest.importorskip("numpy")

PAGE = Path(__file__).parents[2] / "docs" / "predictions.md"
BLOCKS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_page_prints_what_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    blocks = BLOCKS.findall(text)
    assert len(blocks) == text.count("```python")
    for code, printed in blocks:
        out = io.StringIO()
        with redirect_stdout(out):
            exec(code, names)  # noqa: S102 -- the page is what is tested
        assert out.getvalue() == printed


def test_the_page_names_every_method_of_the_builder() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in vars(PredictionBuilder):
        if not name.startswith("_"):
            assert re.search(rf"\b{name}\b", text), name
