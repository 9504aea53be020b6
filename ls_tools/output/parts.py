"""What one process leaves of an output that several write."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ls_tools.output.streams import Layout


class PartStream(msgspec.Struct, frozen=True, kw_only=True):
    """Records for one file.

    Attributes:
        name: Of the file in the output.
        layout: What stands beside its records.
        is_aside: They wait in a temporary file until all is written.
        path: Where they are.
    """

    name: str
    layout: Layout
    is_aside: bool
    path: Path


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an output: some of its records, some of its files.

    Attributes:
        streams: Its records, none of them empty.
        manifest: The manifest of the files that stand in the output already.
        files_written: How many these are.
    """

    streams: tuple[PartStream, ...]
    manifest: Path
    files_written: int
