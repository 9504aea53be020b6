"""The parts of the example ML backend that need no server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

EXAMPLE = Path(__file__).parents[2] / "examples" / "ml_backend"

LEARN = """
import sys
from pathlib import Path
from memory import Memory

folder, first = Path(sys.argv[1]), int(sys.argv[2])
memory = Memory(folder)
print("ready", flush=True)
sys.stdin.readline()
for number in range(first, first + 50):
    with memory.change(7) as samples:
        samples[str(number)] = [("Boat", (float(number), 0.0, 0.0))]
    assert str(number) in samples
    memory.recall(7)
"""


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the example."""
    monkeypatch.syspath_prepend(EXAMPLE)
    return pytest.importorskip


def paint(path: Path, **options: Any) -> Path:
    """A grey picture of 80 by 40 with a red rectangle near the top left."""
    picture = Image.new("RGB", (80, 40), (120, 120, 120))
    picture.paste((230, 30, 30), (10, 5, 30, 15))
    picture.save(path, **options)
    return path


def test_the_coloured_part_is_found_to_the_pixel(example: Any, tmp_path: Path) -> None:
    picture = example("colours").Picture(paint(tmp_path / "red.png"))
    found = picture.find()
    assert found.ltwh_px == (10, 5, 20, 10)
    assert found.colour == (230, 30, 30)
    assert found.fill == 1
    assert picture.colour_in((12, 6, 4, 4)) == (230, 30, 30)
    assert picture.colour_in((200, 200, 5, 5)) is None


def test_a_picture_is_looked_at_as_the_editor_shows_it(
    example: Any, tmp_path: Path
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned clockwise by a quarter
    path = paint(tmp_path / "turned.png", exif=turned)
    picture = example("colours").Picture(path)
    assert (picture.size.width_px, picture.size.height_px) == (40, 80)
    assert picture.find().ltwh_px == (25, 10, 10, 20)


def test_a_grey_picture_has_nothing_to_find(example: Any, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("L", (20, 20), 99).save(path)
    assert example("colours").Picture(path).find() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"no picture",
        lambda content: content[:60],
        lambda content: content[:16] + b"\x00\x0f\x00\x00" * 2 + content[24:],
        lambda content: content[:45] + bytes(20) + content[65:],
    ],
    ids=["empty", "text", "cut off", "a million pixels wide", "overwritten"],
)
def test_what_is_no_picture_is_one_kind_of_error(
    example: Any, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = paint(tmp_path / "red.png")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OSError, match=r"."):
        example("colours").Picture(path)


def test_workers_that_learn_at_once_lose_nothing(example: Any, tmp_path: Path) -> None:
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", LEARN, str(tmp_path / "model"), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=EXAMPLE,
            text=True,
        )
        for first in range(0, 400, 50)
    ]
    for process in crowd:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        process.communicate("go\n", timeout=60)
    assert [process.returncode for process in crowd] == [0] * len(crowd)
    samples = json.loads((tmp_path / "model" / "project-7.json").read_text())
    assert samples.keys() == {str(number) for number in range(400)}
    learned = example("memory").Memory(tmp_path / "model").recall(7)
    assert learned.colours == {"Boat": (199.5, 0.0, 0.0)}


def test_a_change_that_fails_leaves_what_was_learned(
    example: Any, tmp_path: Path
) -> None:
    memory = example("memory").Memory(tmp_path)
    with memory.change(1) as samples:
        samples["5"] = [("Boat", (1.0, 2.0, 3.0))]
    before = memory.recall(1)
    with suppress(RuntimeError), memory.change(1) as samples:
        samples.clear()
        raise RuntimeError
    assert memory.recall(1) == before
    assert memory.recall(2).version == "untrained"
