from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ls_tools import demo
from ls_tools.demo import STEPS, DemoOutcome, run_demo
from ls_tools.errors import OutputError
from ls_tools.formats import load_format
from ls_tools.output.report import NOT_SELECTED_REASONS

DATA = Path(demo.__file__).parent / "data"


@pytest.fixture
def outcome(tmp_path: Path) -> DemoOutcome:
    return run_demo(tmp_path / "demo")


def test_the_demo_loses_no_medium(outcome: DemoOutcome) -> None:
    assert [one.failed for one in outcome.media] == [[]] * len(outcome.media)
    assert sum(one.references for one in outcome.media) > 0
    for _, report in outcome.reports:
        report.check()
        assert report.tasks_written > 0
        assert {loss.reason for loss in report.tasks_skipped} <= NOT_SELECTED_REASONS
        assert report.regions_written > 0
        assert report.media.failed == []


def test_every_step_leaves_a_folder_that_holds_its_media(outcome: DemoOutcome) -> None:
    assert [folder.name for folder, _ in outcome.reports] == [
        f"{name}-{target}" for name, target, _ in STEPS
    ]
    for (folder, report), (_, target, policy) in zip(
        outcome.reports, STEPS, strict=True
    ):
        assert json.loads((folder / "report.json").read_bytes())["format"] == target
        media = [*folder.glob("images/*"), *folder.glob("audio/*")]
        assert len(media) == report.media.references * (policy == "copy")


def test_the_demo_writes_what_text_and_speech_are_trained_on(
    outcome: DemoOutcome,
) -> None:
    lines = (outcome.out / "texts-conll2003" / "result.conll").read_text().splitlines()
    assert lines[2:6] == [
        "The -X- _ O",
        "ferry -X- _ O",
        "Marigold -X- _ B-Ship",
        "left -X- _ O",
    ]
    manifest = outcome.out / "sounds-asr_manifest" / "manifest.json"
    heard = [json.loads(line)["text"] for line in manifest.read_text().splitlines()]
    assert heard == ["low tide", "harbour bell", "high tide"]


def test_the_demo_writes_below_its_folder_only(
    outcome: DemoOutcome, tmp_path: Path
) -> None:
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert list(Path.home().iterdir()) == []
    assert outcome.out == tmp_path / "demo"


def test_the_demo_may_be_run_again(outcome: DemoOutcome) -> None:
    (outcome.out / "source" / "texts.json").write_text("[]")
    again = run_demo(outcome.out)
    assert [report.regions_in for _, report in again.reports] == [
        report.regions_in for _, report in outcome.reports
    ]


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match="no demo made it"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "demo"
    path.write_text("precious")
    with pytest.raises(OutputError):
        run_demo(path)
    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_demo(tmp_path / "file" / "demo")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    out = tmp_path / "empty"
    out.mkdir()
    assert run_demo(out).reports


def test_the_data_that_ship_are_small_and_whole() -> None:
    files = [path for path in DATA.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2 * 2**20
    for name, target, _ in STEPS:
        assert (DATA / f"{name}.json").exists()
        assert (DATA / f"{name}.xml").exists()
        assert load_format(target).name == target


def test_data_that_cannot_be_written_over_are_an_output_error(
    outcome: DemoOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "demo/source")

    monkeypatch.setattr(shutil, "copytree", refuse)
    with pytest.raises(OutputError, match="ermission"):
        run_demo(outcome.out)
