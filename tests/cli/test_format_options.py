"""The formats' own options, which a command has when an argument may be one."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from ls_tools.cli import conversion
from ls_tools.cli.app import app
from ls_tools.errors import UsageError

EXPORT = [{"id": 1, "data": {"text": "=1"}, "annotations": [{"id": 2, "result": []}]}]


def test_completion_offers_them() -> None:
    shell = ShellComplete(app, {}, "ls-tools", "_LS_TOOLS_COMPLETE")
    found = {one.value for one in shell.get_completions(["convert"], "--")}
    assert {"--to", "--escape-formulas", "--occluded"} <= found


def test_what_is_wrong_is_told_in_the_order_of_the_help(tmp_path: Path) -> None:
    start = ["convert", str(tmp_path), "--to", "csv", "--out", str(tmp_path / "out")]
    wrong = [["--every", "1"], ["--masks=rle"]]
    told = [
        CliRunner().invoke(app, [*start, *first, *second]).exception
        for first, second in (wrong, reversed(wrong))
    ]
    assert str(told[0]) == str(told[1])
    assert "no option" in str(told[0])


def test_none_has_the_name_of_an_option_of_every_conversion() -> None:
    with pytest.raises(UsageError, match="csv has an option 'escape_formulas'"):
        conversion._options_of_formats({"names", "escape_formulas"})


def test_those_of_one_command_are_not_those_of_the_next(tmp_path: Path) -> None:
    """Contexts share what they keep with those above them."""
    export = tmp_path / "export.json"
    export.write_text(json.dumps(EXPORT))

    def arguments(name: str) -> list[str]:
        return ["convert", str(export), "--to", "csv", "--out", str(tmp_path / name)]

    @click.command()
    @click.pass_context
    def twice(context: click.Context) -> None:
        first = [*arguments("a"), "--escape-formulas"]
        for given in (first, arguments("b")):
            with app.make_context("ls-tools", list(given), parent=context) as inner:
                app.invoke(inner)

    done = CliRunner().invoke(twice, catch_exceptions=False)
    assert done.exit_code == 0
    rows = [(tmp_path / name / "result.csv").read_text() for name in ("a", "b")]
    assert ["'=1" in row for row in rows] == [True, False]
