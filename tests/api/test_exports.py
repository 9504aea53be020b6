"""The names of ``import ls_tools``: complete, documented, free until used."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import ls_tools

PROMISED = {
    "Client",
    "LsToolsError",
    "Report",
    "Resolver",
    "Settings",
    "convert",
    "get_local_path",
    "get_local_paths",
    "pull",
    "read_tasks",
    "resolve_task",
}
HEAVY = [
    "boto3",
    "click",
    "msgspec",
    "numpy",
    "requests",
    "rich",
    "tenacity",
    "urllib3",
]

LAZY = (
    "ls_tools",
    "ls_tools.output",
    "ls_tools.pipeline",
    "ls_tools.raster",
    "ls_tools.reading",
    "ls_tools.resolver",
    "ls_tools.settings",
    "ls_tools.sources",
)
EAGER = {"__version__", "Problem"}
"""Names that these packages import at once, from elsewhere."""


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_names_are_sorted_and_hold_what_is_promised() -> None:
    assert sorted(ls_tools.__all__) == ls_tools.__all__
    assert set(ls_tools.__all__) >= PROMISED
    assert dir(ls_tools) == ls_tools.__all__


@pytest.mark.parametrize("name", ls_tools.__all__)
def test_every_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(ls_tools, name)
    if name != "__version__":
        assert value.__name__ == name
        assert inspect.getdoc(value)
        assert not value.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("package", LAZY)
def test_type_checkers_see_the_names_that_are_there(package: str) -> None:
    """The imports for type checkers are a second list, which must be the same."""
    module = importlib.import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    block, other = (node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(other.test) == "not TYPE_CHECKING"  # any name would be there
    imported = {
        (alias.name, node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ls_tools.")
        for alias in node.names
    }
    homes = {(name, f"{package}.{home}") for name, home in module._HOMES.items()}
    assert imported == homes
    assert {name for name, _ in homes} == {*module.__all__} - EAGER
    for name, home in homes:
        found = getattr(importlib.import_module(home), name)
        assert getattr(module, name) is found


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'nonsense'"):
        ls_tools.nonsense  # type: ignore[attr-defined]  # noqa: B018 -- so is that
    with pytest.raises(ImportError):
        run_import("nonsense")


def run_import(name: str) -> None:
    exec(f"from ls_tools import {name}")  # noqa: S102 -- a name that is not there


def test_importing_loads_nothing_heavy() -> None:
    script = (
        "import sys, json, ls_tools\n"
        f"print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    assert json.loads(run(script)) == []


def test_converting_loads_no_cloud_sdk_and_no_command_line() -> None:
    script = (
        "import sys, json\n"
        "from ls_tools import convert, Resolver, Client, pull\n"
        "names = ['boto3', 'botocore', 'google.cloud', 'azure', 'click', 'numpy']\n"
        "print(json.dumps([m for m in names if m in sys.modules]))"
    )
    assert json.loads(run(script)) == []


def test_the_library_logs_to_nobody_and_prints_nothing() -> None:
    script = (
        "import logging, ls_tools\n"
        "logging.getLogger('ls_tools').warning('unheard')\n"
        "print([type(h).__name__ for h in logging.getLogger('ls_tools').handlers])"
    )
    assert run(script) == "['NullHandler']\n"
