"""A project for every object tag with every control that the server accepts: its
exports lose nothing in silence, and are those of the committed corpus."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from live.every_control import CORPUS, NAMES, EveryControl, Exported, corpus_text

from ls_tools import Report, Settings, convert
from ls_tools.errors import MissingDependencyError
from ls_tools.formats import FORMATS, load_format
from services.api import Api
from services.corpus import regions_of
from services.sites import Site

every_object = pytest.mark.parametrize("name", NAMES)
every_format = pytest.mark.parametrize("to", list(FORMATS))


@pytest.fixture(scope="session")
def every_control(
    label_studio: Site, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> EveryControl:
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the run: each project is made once
    return EveryControl(label_studio, api, folder / "every-control")


@pytest.fixture
def exported(every_control: EveryControl, name: str) -> Exported:
    return every_control.export(name)


@pytest.fixture
def settings(label_studio: Site, tmp_path: Path) -> Settings:
    return Settings(
        url=label_studio.url, token=label_studio.token, cache_dir=tmp_path / "cache"
    )


def check_every_selection(
    exported: Exported, to: str, settings: Settings, folder: Path
) -> dict[str, Report]:
    """Convert what each selection takes, and count it without ls_tools."""
    keeps_cancelled = load_format(to).keeps_cancelled
    reports = {}
    for select in ("all", "predictions", "drafts"):
        kind = "annotations" if select == "all" else select
        truth = sum(
            regions_of(entry)
            for task in exported.tasks
            for entry in task[kind]
            if keeps_cancelled or not entry.get("was_cancelled")
        )
        try:
            report = convert(
                exported.source,
                to,
                folder / select,
                config=exported.config,
                settings=settings,
                select=select,
            )
        except MissingDependencyError as error:
            pytest.skip(error.hint)
        report.check()
        assert report.regions_in == truth
        assert report.tasks_in == len(exported.tasks)
        reports[select] = report
    assert {path.name for path in folder.iterdir()} <= {*reports, "cache"}
    return reports


@every_object
@every_format
def test_every_region_of_every_control_is_written_or_listed(
    exported: Exported, settings: Settings, tmp_path: Path, to: str
) -> None:
    check_every_selection(exported, to, settings, tmp_path)


@every_format
def test_one_project_of_every_image_control_adds_up_in_every_format(
    every_control: EveryControl, settings: Settings, tmp_path: Path, to: str
) -> None:
    """Two annotators, skipped, empty and prediction-only tasks are among its tasks."""
    exported = every_control.export("image")
    reports = check_every_selection(exported, to, settings, tmp_path)
    two, skipped, empty, predicted, *_ = exported.tasks
    assert len({one["completed_by"] for one in two["annotations"]}) == 2
    assert [one["was_cancelled"] for one in skipped["annotations"]] == [True]
    assert [one["result"] for one in empty["annotations"]] == [[]]
    assert not predicted["annotations"]
    assert predicted["predictions"]
    cancelled = int(load_format(to).keeps_cancelled)
    assert reports["all"].annotations_selected == 3 + cancelled
    assert reports["predictions"].annotations_selected == 1


@every_object
def test_the_server_still_exports_what_the_corpus_holds(
    exported: Exported, name: str
) -> None:
    committed = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    assert corpus_text(exported.tasks) == committed
    assert exported.config.read_text() == (CORPUS / f"{name}.xml").read_text()
