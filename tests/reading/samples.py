"""A task to begin with."""

from __future__ import annotations

from typing import Any


def make_task(number: int, **fields: Any) -> dict[str, Any]:
    """A task with one annotation of one box."""
    result = {
        "id": f"r{number}",
        "from_name": "rect",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "value": {"x": 1, "y": 2, "width": 3, "height": 4, "rectanglelabels": ["A"]},
    }
    annotation = {"id": 100 + number, "completed_by": 1, "result": [result]}
    data = {"image": f"/data/upload/1/{number}.jpg"}
    return {"id": number, "data": data, "annotations": [annotation], **fields}
