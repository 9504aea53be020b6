"""What reaches a person or a program: the only module that prints.

stdout carries data alone; everything else goes to stderr.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from ls_tools.errors import LsToolsError

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Where a command sends its result and its remarks.

    Attributes:
        json: One JSON document on stdout in place of text.
        quiet: No remarks, no progress, no tables.
    """

    json: bool = False
    quiet: bool = False

    def result(self, document: dict[str, Any], lines: Iterable[str] = ()) -> None:
        """Print the result: the document under ``--json``, else the lines."""
        if self.json:
            print_document(document)
            return
        for line in lines:
            print(line)

    def note(self, text: str) -> None:
        """Say something to the person at the terminal."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def table(self, table: Table) -> None:
        """Show a table to the person at the terminal."""
        if not self.quiet:
            from rich.console import Console as RichConsole

            RichConsole(stderr=True, highlight=False).print(table)


def print_document(document: dict[str, Any]) -> None:
    """Print one JSON document, ``schema_version`` first."""
    import msgspec

    whole = {"schema_version": SCHEMA_VERSION, **document}
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def describe_error(error: LsToolsError) -> dict[str, Any]:
    """An error as JSON documents show it."""
    return {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "retryable": error.retryable,
    }


def print_error(error: LsToolsError, *, wants_json: bool) -> None:
    """Print a failure: one line and a hint, or the JSON error document."""
    if wants_json:
        print_document({"error": describe_error(error)})
        return
    print(f"ls-tools: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
