from __future__ import annotations

from pathlib import Path
from typing import get_args

from ls_tools.cache import FORMAT_VERSION, Meta, Reason
from ls_tools.cache.legacy import SkipReason

PAGE = Path(__file__).parents[2] / "docs" / "cache.md"


def test_the_page_on_the_format_names_every_field_and_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"Format version {FORMAT_VERSION}." in text
    names = (*Meta.__struct_fields__, *get_args(Reason), *get_args(SkipReason))
    assert [name for name in names if f"`{name}`" not in text] == []
