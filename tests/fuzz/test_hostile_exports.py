"""Hostile exports: no traceback, no file outside, no Report that does not add up."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from fuzz.hostile import STRINGS, hostile, seeds
from fuzz.trial import attempt, formats_of

from ls_tools.formats import FORMATS

BATCH = 25


@pytest.mark.parametrize("first", range(0, 500, BATCH))
def test_hostile_exports_are_written_or_refused(first: int, tmp_path: Path) -> None:
    for number in range(first, first + BATCH):
        export = hostile(number)
        for to in formats_of(number):
            folder = tmp_path / f"{number}-{to}"
            folder.mkdir()
            try:
                attempt(export, to, folder)
            except Exception as exc:
                msg = f"run: python tests/fuzz/run.py --only {number}  # {to}"
                raise AssertionError(msg) from exc


def test_every_format_has_its_turn() -> None:
    met = {to for number in range(500) for to in formats_of(number)}
    assert met == set(FORMATS)


def test_the_same_number_makes_the_same_export() -> None:
    made = [hostile(number) for number in range(100)]
    assert made == [hostile(number) for number in range(100)]
    assert len({one.body for one in made}) > 90


def test_hostile_strings_reach_the_exports() -> None:
    bodies = b"".join(hostile(number).body for number in range(300))
    plain = [text for text in STRINGS if text and f'"{text}"' == json.dumps(text)]
    assert [text for text in plain if text.encode() not in bodies] == []


def test_the_seeds_are_many() -> None:
    assert len(seeds()) >= 10
    assert random.Random(0).choice(seeds())
