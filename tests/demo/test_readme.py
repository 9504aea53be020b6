"""What the README shows is what the command prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ls_tools.demo import run_demo

README = Path(__file__).parents[2] / "README.md"


def words(text: str) -> list[str]:
    """The text without its white space, whose width follows the terminal."""
    return re.sub("[─╴╶]+", "─", text).split()


def test_the_session_of_the_readme_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    command, shown = re.fullmatch(
        r"\$ ((?:[^\n]*\\\n)*[^\n]*)\n(.*)", block, re.DOTALL
    ).groups()  # type: ignore[union-attr]  # a mismatch fails the test as well
    monkeypatch.chdir(tmp_path)
    run_demo("ls-tools-demo")
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "ls-tools"
    done = subprocess.run(
        [sys.executable, "-m", "ls_tools", *arguments],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert sorted(words(done.stdout)) == sorted(words(shown))
