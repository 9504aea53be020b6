"""Converts small exports to formats that are one file, through the public call."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ls_tools import Report, Settings, convert

SAMPLES = Path(__file__).parent / "samples"
NAMES = ("asr", "audio", "image", "snapshot", "text")
"""Exports of a real Label Studio 1.23.2, and what its own converter made of them."""

FILES = {
    "json": "result.json",
    "jsonl": "result.jsonl",
    "json_min": "result.json",
    "csv": "result.csv",
    "tsv": "result.tsv",
}


@dataclass(frozen=True)
class Flat:
    """What a conversion wrote, and its Report."""

    body: bytes
    report: Report

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def losses(self) -> dict[str, int]:
        found = (*self.report.skipped, *self.report.degraded)
        return {loss.reason: loss.count for loss in found}


class Flatten:
    """Converts tasks, or bytes as they stand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, source: bytes | Path | list[dict[str, Any]], to: str, **options: Any
    ) -> Flat:
        if isinstance(source, list):
            source = json.dumps(source).encode()
        given = io.BytesIO(source) if isinstance(source, bytes) else source
        out = self._folder / f"out-{to}"
        settings = Settings(cache_dir=self._folder / "cache", mode="offline")
        report = convert(given, to, out, settings=settings, **options)
        report.check()
        return Flat((out / FILES[to]).read_bytes(), report)


@pytest.fixture
def flatten(tmp_path: Path) -> Flatten:
    return Flatten(tmp_path)


def result(name: str, kind: str, value: Any, **fields: Any) -> dict[str, Any]:
    """One entry of an annotation's result."""
    return {"from_name": name, "to_name": "x", "type": kind, "value": value, **fields}


def text(name: str, *lines: str, **fields: Any) -> dict[str, Any]:
    return result(name, "textarea", {"text": list(lines)}, **fields)


def choice(name: str, *chosen: str) -> dict[str, Any]:
    return result(name, "choices", {"choices": list(chosen)})


def task(
    data: dict[str, Any], *annotations: list[dict[str, Any]], **fields: Any
) -> dict[str, Any]:
    """A task with one annotation per list of results."""
    made = [
        {"id": number, "completed_by": 1, "result": results}
        for number, results in enumerate(annotations, start=1)
    ]
    return {"id": 7, "data": data, "annotations": made, **fields}
