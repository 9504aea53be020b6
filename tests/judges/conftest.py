"""What tests of judges share: a judge is the library that consumes a format.

They run by ``tox -e judges``, by ``pytest tests/judges``, and nowhere else.

- ``def test_x(judge, converted): spacy = judge("spacy")`` imports a judge. One
  that is not installed skips the test; ``LS_TOOLS_TEST_JUDGES=required``, as tox
  sets it, makes that and every other skip in this folder a failure, so
  ``pytest.importorskip`` is no way around it.
- ``converted("yolo")`` converts the golden export of a format, by its
  ``config.xml`` and ``options.json``, and gives the folder and the Report.
- Warnings stay errors, but for those that judges raise in their own modules;
  ``_LOUD`` lists them.
- Nothing is downloaded, and no judge writes to the home of the person who runs
  the tests: ``_QUIET`` is set before any of them is imported.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from formats.goldens import golden

from ls_tools import Report

HERE = Path(__file__).parent

_VARIABLE = "LS_TOOLS_TEST_JUDGES"
_ASKED = os.environ.get(_VARIABLE, "")  # read now: tests run without such variables
_QUIET = {
    "DATUMARO_TELEMETRY": "0",
    "DO_NOT_TRACK": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MPLBACKEND": "agg",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
}
_LOUD = ("datasets", "datumaro", "lhotse", "spacy", "supervision", "ultralytics")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.update(_QUIET)
    for package in _LOUD:
        line = rf"ignore:::{package}(\..*)?"
        config.addinivalue_line("filterwarnings", line)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out unless they were asked for."""
    is_asked = bool(_ASKED) or any(map(_is_here, _arguments(config)))
    is_test = collection_path.suffix == ".py" and HERE in collection_path.parents
    return True if is_test and not is_asked else None


def _arguments(config: pytest.Config) -> list[Path]:
    folder = config.invocation_params.dir
    return [(folder / text.partition("::")[0]).resolve() for text in config.args]


def _is_here(path: Path) -> bool:
    return path == HERE or HERE in path.parents


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _refuse_skip(report) if _is_here(item.path) else report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refuse_skip(report) if _is_here(collector.path) else report


def _refuse_skip(report: Any) -> Any:
    if report.skipped and _ASKED == "required":
        report.outcome = "failed"
        report.longrepr = f"{_VARIABLE}=required, yet skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def judge() -> Callable[[str], ModuleType]:
    """Imports a judge by the name of its module."""

    def load(name: str) -> ModuleType:
        pytest.importorskip(name.partition(".")[0])
        return importlib.import_module(name)

    return load


@pytest.fixture
def converted(tmp_path: Path) -> Callable[[str], tuple[Path, Report]]:
    """Converts the golden export of a format: the folder, and the Report."""

    def run(name: str) -> tuple[Path, Report]:
        report = golden(name).convert(tmp_path / name)
        report.check()
        return tmp_path / name, report

    return run
