"""``ls-tools formats``: what can be written, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ls_tools.cli.options import Invocation, shared_options

if TYPE_CHECKING:
    from ls_tools.formats import Format


@click.command()
@shared_options(server=False)
def formats(invocation: Invocation) -> None:
    """List the target formats with their names, controls and options.

    \b
    Examples:
      ls-tools formats
      ls-tools formats --json
    """
    from ls_tools.formats import FORMATS, load_format

    found = [describe(load_format(name)) for name in FORMATS]
    width = max(len(one["name"]) for one in found)
    lines = [f"{one['name']:<{width}}  {one['summary']}" for one in found]
    invocation.console.result({"formats": found}, lines)


def describe(target: Format) -> dict[str, Any]:
    """One format as the JSON document shows it."""
    from ls_tools.formats import describe_options, missing_modules

    return {
        "name": target.name,
        "aliases": [*target.aliases, *target.presets],
        "summary": target.summary,
        "controls": sorted(target.controls | target.classless_controls),
        "options": [
            {
                "flag": one.flag,
                "type": one.type.__name__,
                "default": one.default,
                "choices": list(one.choices),
                "help": one.help,
            }
            for one in describe_options(target)
        ],
        "extra": target.extra or None,
        "available": not missing_modules(target),
    }
