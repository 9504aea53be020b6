"""The ground rules of every test: a clean environment, and when the real server
runs. Knows nothing of ls_tools."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from services.shared import SharedLabelStudio

# A slow machine is no failure.
settings.register_profile("ls_tools", deadline=None)
settings.load_profile("ls_tools")

_LIVE = Path(__file__).parent / "live"
_SHARED = pytest.StashKey[SharedLabelStudio]()
_FOREIGN_VARIABLES = re.compile(
    r"(LABEL_STUDIO|HEARTEX|LS|LS_TOOLS|LOCAL_FILES|AWS|AZURE|GOOGLE|XDG)_.*"
    r"|VERIFY_SSL|STORAGE_EMULATOR_HOST|NETRC|.*_PROXY|(REQUESTS|CURL)_CA_BUNDLE"
    r"|COLUMNS|LINES|NO_COLOR|FORCE_COLOR",
    re.IGNORECASE,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-live", action="store_true", help="leave out the tests in tests/live"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    if _LIVE in item.path.parents:
        item.add_marker(pytest.mark.live)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One live test at a time: the server's SQLite gives up when two write at once."""
    if _LIVE not in item.path.parents:
        return (yield)
    run = getattr(item.config, "workerinput", {}).get("testrunuid", os.getpid())
    with Path(tempfile.gettempdir(), f"ls-tools-live-{run}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    live = [item for item in items if _LIVE in item.path.parents]
    if live and config.getoption("no_live"):
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if _LIVE not in item.path.parents]


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if not hasattr(config, "workerinput") and _may_run_live_tests(config):
        config.stash[_SHARED] = SharedLabelStudio()
        config.stash[_SHARED].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if shared := config.stash.get(_SHARED, None):
        shared.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist about the server of its controller."""
    node.workerinput["label_studio"] = _outcome(node.config)


def _may_run_live_tests(config: pytest.Config) -> bool:
    if config.getoption("no_live") or config.getoption("collectonly"):
        return False
    folder = config.invocation_params.dir
    paths = [folder / argument.partition("::")[0] for argument in config.args]
    return any(
        not path.exists() or path in (_LIVE, *_LIVE.parents) or _LIVE in path.parents
        for path in (path.resolve() for path in paths)
    )


def _outcome(config: pytest.Config) -> dict[str, Any]:
    shared = config.stash.get(_SHARED, None) or SharedLabelStudio()
    return shared.outcome


@pytest.fixture(scope="session")
def label_studio_outcome(pytestconfig: pytest.Config) -> dict[str, Any]:
    """What became of the shared server, in a worker or in the one process."""
    worker = getattr(pytestconfig, "workerinput", None)
    return _outcome(pytestconfig) if worker is None else worker["label_studio"]


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def clean_environment(_homes: Path) -> Iterator[None]:
    """No setting of the person who runs the tests, and a home of its own."""
    home = tempfile.mkdtemp(dir=_homes)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if _FOREIGN_VARIABLES.fullmatch(name):
                patch.delenv(name)
        patch.setenv("HOME", home)
        yield
    shutil.rmtree(home, ignore_errors=True)
