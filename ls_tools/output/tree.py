"""The output folder while it is being built: files, manifest, counts.

Knows no format and nothing of how the folder is published.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ls_tools.output.class_map import ClassMap
    from ls_tools.output.items import Item
    from ls_tools.output.media import MediaPlacer
    from ls_tools.output.names import NamePlan
    from ls_tools.output.tally import Tally


class Output:
    """Where a format writes, and everything it shares with other formats.

    Attributes:
        root: The folder being built. Write through the methods below.
        tally: Counts of regions and tasks.
        classes: Labels to class ids.
        names: File names of the media.
        media: Puts media beside the labels.
        clip: Clip shapes to the picture.
        files_written: Files written so far.
    """

    root: Path
    tally: Tally
    classes: ClassMap
    names: NamePlan
    media: MediaPlacer
    clip: bool
    files_written: int

    def folder(self, base: str, item: Item | None = None) -> str:
        """The folder for files of kind ``base`` that belong to ``item``.

        Args:
            base: ``images`` or ``labels``.
            item: Decides the split, where there is one: ``images/train``.
        """
        raise NotImplementedError

    def write_bytes(
        self,
        relative: str,
        data: bytes,
        *,
        item: Item | None = None,
        reference: str | None = None,
    ) -> None:
        """Write a small file at once.

        Args:
            relative: Path below the root, with ``/``; its folders are created.
            data: The content.
            item: What the file belongs to, for the manifest.
            reference: The medium it was made from, for the manifest.

        Raises:
            OutputError: It cannot be written, exists already, or ``relative``
                leads out of the root.
        """
        raise NotImplementedError

    def open(
        self,
        relative: str,
        *,
        item: Item | None = None,
        reference: str | None = None,
    ) -> AbstractContextManager[IO[bytes]]:
        """Open a file for streaming into, in a ``with`` statement.

        Arguments and errors are those of ``write_bytes``.
        """
        raise NotImplementedError

    def open_text(
        self, relative: str, *, newline: str = "\n"
    ) -> AbstractContextManager[IO[str]]:
        """Likewise as UTF-8 text; lines end in ``newline``."""
        raise NotImplementedError

    def scratch(self) -> IO[bytes]:
        """A nameless temporary file on the output's disk, gone when closed."""
        raise NotImplementedError
