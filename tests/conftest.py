"""The ground rules of every test: a clean environment, and when the real server
runs. Knows nothing of ls_tools."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from services.cells import Cell, table
from services.shared import LABEL_STUDIO, Ask, SharedServers, ask_at

# A slow machine is no failure.
settings.register_profile("ls_tools", deadline=None)
settings.load_profile("ls_tools")

_LIVE = Path(__file__).parent / "live"
_STORES = Path(__file__).parent / "stores"
_SHARED = pytest.StashKey[SharedServers]()
_FOREIGN_VARIABLES = re.compile(
    r"(LABEL_STUDIO|HEARTEX|LS|LS_TOOLS|LOCAL_FILES|AWS|AZURE|GOOGLE|XDG)_.*"
    r"|VERIFY_SSL|STORAGE_EMULATOR_HOST|NETRC|.*_PROXY|(REQUESTS|CURL)_CA_BUNDLE"
    r"|COLUMNS|LINES|NO_COLOR|FORCE_COLOR",
    re.IGNORECASE,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-live",
        action="store_true",
        help="leave out the tests in tests/live and tests/stores: no real servers",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    if _LIVE in item.path.parents:
        item.add_marker(pytest.mark.live)
    if _STORES in item.path.parents:
        item.add_marker(pytest.mark.stores)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One live test at a time: the server's SQLite gives up when two write at once."""
    if _LIVE not in item.path.parents:
        return (yield)
    lock_file = Path(_address(item.config)).with_name("live.lock")
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("no_live"):
        return
    left_out = [item for item in items if _needs_servers(item)]
    items[:] = [item for item in items if not _needs_servers(item)]
    config.hook.pytest_deselected(items=left_out)


def _needs_servers(item: pytest.Item) -> bool:
    return not {_LIVE, _STORES}.isdisjoint(item.path.parents)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        return
    config.stash[_SHARED] = SharedServers()
    if _may_run_live_tests(config):
        config.stash[_SHARED].ask(LABEL_STUDIO)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of each source under each fault."""
    reports = [r for found in terminalreporter.stats.values() for r in found]
    cells = [
        Cell(*value)
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "matrix"
    ]
    if cells:
        terminalreporter.section("sources and faults")
        terminalreporter.write(table(cells))


def pytest_unconfigure(config: pytest.Config) -> None:
    if shared := config.stash.get(_SHARED, None):
        shared.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where to ask for servers."""
    node.workerinput["servers"] = _address(node.config)


def _address(config: pytest.Config) -> str:
    """Where the servers of the run are asked for, in a folder that ends with it."""
    worker = getattr(config, "workerinput", None)
    return config.stash[_SHARED].address if worker is None else worker["servers"]


def _may_run_live_tests(config: pytest.Config) -> bool:
    if config.getoption("no_live") or config.getoption("collectonly"):
        return False
    folder = config.invocation_params.dir
    paths = [folder / argument.partition("::")[0] for argument in config.args]
    return any(
        not path.exists() or path in (_LIVE, *_LIVE.parents) or _LIVE in path.parents
        for path in (path.resolve() for path in paths)
    )


@pytest.fixture(scope="session")
def ask_server(pytestconfig: pytest.Config) -> Ask:
    """Asks for a server of the run by its name; the first to ask waits for it."""
    if hasattr(pytestconfig, "workerinput"):
        return partial(ask_at, _address(pytestconfig))
    return pytestconfig.stash[_SHARED].ask


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
        # No SDK of a store looks for the identity of the machine.
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_GCE_CHECK", "true")
        yield
    shutil.rmtree(home, ignore_errors=True)
