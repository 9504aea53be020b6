"""The command group: names and summaries here, code loaded when called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ls_tools._version import __version__
from ls_tools.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

SUMMARIES: Mapping[str, str] = {
    "pull": "Fetch PROJECT, an id or a title, into a folder that a trainer loads.",
    "convert": (
        "Convert INPUT, with no server: a file, a folder, a bucket or - for stdin."
    ),
    "resolve": "Turn task data references into local paths, fetching what is new.",
    "media": "Fetch everything that INPUT, an export, points at into the cache.",
    "export": "Download a project in one call, in one of the server's own formats.",
    "snapshot": "Create, list, await, download and delete export snapshots.",
    "cache": "See, check and clean the cache.",
    "formats": "List the target formats with their names, controls and options.",
    "demo": "Resolve and convert data that ships with ls-tools, offline.",
}
"""One line per command, shown by ``ls-tools --help`` without loading any."""

COMMANDS: Registry[click.Command] = Registry(
    "command", {name: f"ls_tools.cli.{name}:{name}" for name in SUMMARIES}
)

CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``, None where there is none."""
        del ctx
        return COMMANDS.load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands from ``SUMMARIES`` alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, "-V", "--version", package_name="ls-tools")
def app() -> None:
    """Labeled data and its media, out of Label Studio.

    \b
    Examples:
      ls-tools demo
      ls-tools pull "My project" --to yolo --out data/
    """
