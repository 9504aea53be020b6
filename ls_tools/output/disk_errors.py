"""What the file system says about an output, as errors of ls_tools."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ls_tools.disk import FULL
from ls_tools.errors import LsToolsError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def output_error(exc: OSError, where: Path | str) -> OutputError:
    """The OutputError that says why ``where`` cannot be written."""
    why = exc.strerror or type(exc).__name__
    msg = f"The output {where} cannot be written: {why}."
    if exc.errno in FULL:
        hint = "Free some space, or give a folder on another disk."
    else:
        hint = "Check its permissions, or give another folder."
    return OutputError(msg, hint=hint, path=str(where))


@contextmanager
def mapped_to_output(where: Path | str) -> Iterator[None]:
    """Raise an OutputError in place of any OSError of the block.

    Raises:
        OutputError: The file system refused something.
    """
    try:
        yield
    except LsToolsError:
        raise
    except OSError as exc:
        raise output_error(exc, where) from exc


@contextmanager
def disk_full_as_output_error(where: Path | str) -> Iterator[None]:
    """Likewise for a full disk only; other errors pass.

    Raises:
        OutputError: There is no room left.
    """
    try:
        yield
    except LsToolsError:
        raise
    except OSError as exc:
        if exc.errno not in FULL:
            raise
        raise output_error(exc, exc.filename or where) from exc
