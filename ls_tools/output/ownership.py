"""Whether a folder may be replaced: it is empty, or ls_tools wrote it.

Only reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ls_tools.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.jsonl"
REPORT = "report.json"
COMMIT_MARK = ".ls_tools-commit"
"""Stands in a folder while its content is being replaced entry by entry."""

OWN_PREFIX = ".ls_tools-"
_NOT_CONTENT = frozenset({"lost+found"})
_MAX_REPORT_BYTES = 64 * 2**20


class _ReportHead(msgspec.Struct):
    schema_version: int
    format: str
    tasks_in: int
    files_written: int


class _ManifestHead(msgspec.Struct):
    file: str
    sha256: str


def check_output(out: Path) -> None:
    """Check that ``out`` may become an output folder, changing nothing.

    Raises:
        OutputError: It is a file, or neither empty nor an output of ls_tools.
    """
    try:
        if not out.is_dir():
            if out.exists() or out.is_symlink():
                raise _refusal(out, "is not a folder")
            return
        if content_of(out) and not is_own(out):
            raise _refusal(out, "is not empty and was not written by ls_tools")
    except OSError as exc:
        if isinstance(exc, OutputError):
            raise
        msg = f"The output folder {out} cannot be read: {exc.strerror}."
        hint = "Check its permissions, or give another folder."
        raise OutputError(msg, hint=hint, path=str(out)) from exc


def is_own(folder: Path) -> bool:
    """Whether ls_tools wrote what is in ``folder``, or began to replace it."""
    if (folder / COMMIT_MARK).is_file():
        return True
    try:
        with (folder / REPORT).open("rb") as file:
            report = file.read(_MAX_REPORT_BYTES)
        with (folder / MANIFEST).open("rb") as file:
            line = file.readline(_MAX_REPORT_BYTES)
        msgspec.json.decode(report, type=_ReportHead)
        if line:
            msgspec.json.decode(line, type=_ManifestHead)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def content_of(folder: Path) -> list[str]:
    """Names of the entries of ``folder`` that count as content, sorted."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in _NOT_CONTENT and not path.name.startswith(OWN_PREFIX)
    )


def _refusal(out: Path, why: str) -> OutputError:
    hint = "Give a new or an empty folder, or move what is there away."
    return OutputError(f"The output folder {out} {why}.", hint=hint, path=str(out))
