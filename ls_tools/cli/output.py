"""What reaches a person or a program: the only module that prints.

stdout carries data alone; everything else goes to stderr.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from ls_tools.errors import LsToolsError

SCHEMA_VERSION = 1

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """``text`` without what moves a terminal's cursor or turns its writing."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


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
            print(one_line(line))
        print(end="", flush=True)

    def note(self, text: str) -> None:
        """Say something to the person at the terminal."""
        if not self.quiet:
            print(one_line(text), file=sys.stderr)

    def table(self, table: Table) -> None:
        """Show a table to the person at the terminal."""
        if not self.quiet:
            from rich.console import Console as RichConsole

            RichConsole(stderr=True, highlight=False).print(table)


def print_document(document: dict[str, Any]) -> None:
    """Print one JSON document, ``schema_version`` first."""
    print(_encode({"schema_version": SCHEMA_VERSION, **document}), flush=True)


def _encode(document: dict[str, Any]) -> str:
    """JSON that stdout can hold: escaped throughout where a character is too odd.

    A file name need not be Unicode, and stdout need not be UTF-8.
    """
    import msgspec

    try:
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        import json

        return json.dumps(document, indent=2)
    return text


def describe_error(error: LsToolsError) -> dict[str, Any]:
    """An error as JSON documents show it."""
    return {
        "kind": error.kind,
        "message": one_line(error.message),
        "hint": one_line(error.hint),
        "retryable": error.retryable,
    }


def print_error(error: LsToolsError, *, wants_json: bool) -> None:
    """Print a failure: one line and a hint, or the JSON error document."""
    if wants_json:
        print_document({"error": describe_error(error)})
        return
    print(f"ls-tools: {one_line(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {one_line(error.hint)}", file=sys.stderr)
