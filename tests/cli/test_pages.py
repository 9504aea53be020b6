"""What the README and the pages tell one to type exists."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from ls_tools.cli.app import COMMANDS, CONTEXT

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks_of(page: Path, *languages: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


def command_lines(page: Path) -> list[list[str]]:
    text = "\n".join(blocks_of(page, "sh", "console")).replace("\\\n", " ")
    lines = re.findall(r"(?:^|\$ |&& )(ls-tools .*)", text, re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def find_command(words: list[str]) -> click.Command:
    command = COMMANDS.load(words[0])
    if isinstance(command, click.Group):
        command = command.commands[words[1]]
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_of_a_page_exist(page: Path) -> None:
    for words in command_lines(page):
        command = find_command(words)
        params = command.get_params(click.Context(command, **CONTEXT))
        known = {flag for param in params for flag in param.opts}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_that_a_page_imports_exist(page: Path) -> None:
    for block in blocks_of(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                name = node.module or ""
                if name.partition(".")[0] != "ls_tools":
                    continue
                module = import_module(name)
                for alias in node.names:
                    assert hasattr(module, alias.name), alias.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_the_pages_hold_commands_to_check() -> None:
    assert sum(len(command_lines(page)) for page in PAGES) > 5
