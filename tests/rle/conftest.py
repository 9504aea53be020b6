from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[1] / "formats" / "samples"


@pytest.fixture
def real_brush() -> dict[str, Any]:
    """The value of a brush as a server exported it."""
    for path in sorted(SAMPLE.rglob("*.json")):
        for task in json.loads(path.read_text(encoding="utf-8")):
            for annotation in task.get("annotations", ()):
                for result in annotation["result"]:
                    if "rle" in result.get("value", {}):
                        value: dict[str, Any] = result["value"]
                        return value
    raise AssertionError(SAMPLE)
