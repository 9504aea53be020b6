"""What a real browser drew, as the server exported it, is where the mouse was."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.browser_rig import CHECKS

from ls_tools import Settings, convert

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", CHECKS)
def test_what_the_mouse_drew_is_where_it_was(tmp_path: Path, name: str) -> None:
    CHECKS[name](CORPUS / f"{name}.json", tmp_path)


def test_boxes_between_key_frames_are_those_of_the_page(tmp_path: Path) -> None:
    """What the page itself says of a track that is switched off for a while."""
    left_pct = {1: 10, 2: 14.1, 5: 26.4, 6: 30.5, 10: 40, 14: 56, 15: 60, 20: 60}
    offline = Settings(cache_dir=tmp_path / "cache", mode="offline")
    config = CORPUS / "video.xml"
    out = tmp_path / "out"
    convert(
        CORPUS / "video.json", "video_yolo", out, config=config, settings=offline
    ).check()
    found = {}
    for path in sorted((out / "labels").iterdir()):
        _, center, _, width, _ = map(float, path.read_text().split())
        found[int(path.stem[-6:])] = 100 * (center - width / 2)
    assert set(found) == {*range(1, 7), *range(10, 21)}
    assert {frame: found[frame] for frame in left_pct} == pytest.approx(left_pct)
