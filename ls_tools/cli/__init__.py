"""The command line: thin shells over library calls of the same names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``ls-tools`` and exit with its documented exit code."""
    try:
        from ls_tools.cli.running import run

        code = run(list(sys.argv[1:] if argv is None else argv))
    except (KeyboardInterrupt, RuntimeError) as exc:
        # While classes are made, Python 3.11 wraps what interrupts it.
        if not isinstance(exc.__cause__ or exc, KeyboardInterrupt):
            raise
        code = 130
    sys.exit(code)
