"""What a real browser drew, as the server exported it, is where the mouse was."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.browser_rig import CHECKS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", CHECKS)
def test_what_the_mouse_drew_is_where_it_was(tmp_path: Path, name: str) -> None:
    CHECKS[name](CORPUS / f"{name}.json", tmp_path)
