"""Write the reference pages from the code, or check that they are current.

``python docs/generate.py`` writes them; with ``--check`` it changes nothing and
fails where a page differs from what the code says.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ls_tools import errors
from ls_tools.cli.app import COMMANDS, app
from ls_tools.cli.formats import describe
from ls_tools.formats import FORMATS, load_format
from ls_tools.settings import ENVIRONMENT
from ls_tools.settings.environment import CREDENTIAL_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = Path(__file__).parent / "reference"
WIDTH = 88


def main(argv: list[str]) -> int:
    """Write or check every page; the number of stale pages."""
    stale = 0
    for name, text in pages():
        path = PAGES / name
        if "--check" in argv:
            is_stale = not path.exists() or path.read_text(encoding="utf-8") != text
            stale += is_stale
            if is_stale:
                sys.stderr.write(f"{path} is stale: run python docs/generate.py\n")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return stale


def pages() -> Iterator[tuple[str, str]]:
    """Each page with its text."""
    yield "cli.md", cli_page()
    yield "formats.md", formats_page()
    yield "environment.md", environment_page()
    yield "errors.md", errors_page()


def cli_page() -> str:
    """The help of every command."""
    parts = ["# Commands\n"]
    for path, command in walk(app, ("ls-tools",)):
        title = " ".join(path)
        level = "#" * min(len(path) + 1, 4)
        parts.append(f"{level} `{title}`\n\n```text\n{help_of(path, command)}\n```\n")
    return "\n".join(parts)


def walk(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it."""
    yield path, command
    if command is app:
        for name in COMMANDS:
            yield from walk(COMMANDS.load(name), (*path, name))
    elif isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))


def help_of(path: tuple[str, ...], command: click.Command) -> str:
    """The help text, at a fixed width."""
    parent = None
    for name in path[:-1]:
        parent = click.Context(app, info_name=name, parent=parent)
    context = click.Context(
        command, info_name=path[-1], parent=parent, terminal_width=WIDTH
    )
    context.help_option_names = ["-h", "--help"]
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def formats_page() -> str:
    """A table of the formats and their options."""
    lines = ["# Target formats\n", "| name | also | writes |", "|---|---|---|"]
    options, controls = [], []
    for name in FORMATS:
        one = describe(load_format(name))
        aliases = ", ".join(f"`{alias}`" for alias in one["aliases"])
        lines.append(f"| `{name}` | {aliases} | {one['summary']} |")
        tags = ", ".join(f"`{tag}`" for tag in one["controls"]) or "any"
        controls.append(f"| `{name}` | {tags} |")
        options += [
            f"| `{name}` | `{own['flag']}` | `{own['default']}` | {own['help']} |"
            for own in one["options"]
        ]
    lines += ["", "## Controls whose regions they hold\n"]
    lines += ["| format | controls |", "|---|---|", *controls]
    lines += ["", "## Options of single formats\n"]
    lines += ["| format | option | default | meaning |", "|---|---|---|---|", *options]
    return "\n".join(lines) + "\n"


def environment_page() -> str:
    """A table of the environment variables."""
    lines = [
        "# Environment variables\n",
        (
            "Read at each call, never at import. An argument or option wins; of "
            "several variables for one setting, the first in this table that is set.\n"
        ),
        "| variable | setting | meaning |",
        "|---|---|---|",
        *(f"| `{x.name}` | `{x.setting}` | {x.meaning} |" for x in ENVIRONMENT),
        "",
        (
            "Besides, the SDKs of the stores find credentials by themselves, in these "
            "among others. When one of them changes, `get_local_path` looks anew.\n"
        ),
        *(f"- `{name}`" for name in CREDENTIAL_VARIABLES),
    ]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """The error tree, and kind and exit code of each error."""
    tree = inspect.getdoc(errors) or ""
    lines = [
        "# Errors\n",
        "```text",
        tree.partition("::\n\n")[2].partition("\n\nEach")[0],
        "```\n",
        "| error | `kind` | exit code | worth a retry |",
        "|---|---|---|---|",
    ]
    for name, value in vars(errors).items():
        if inspect.isclass(value) and issubclass(value, errors.LsToolsError):
            retry = "yes" if value.retryable else "no"
            lines.append(f"| `{name}` | `{value.kind}` | {value.exit_code} | {retry} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
