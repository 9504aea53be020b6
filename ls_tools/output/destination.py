"""The one value that a format writes through; knows no format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from ls_tools.selection import Selection
from ls_tools.settings import Bounds

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ls_tools.output.class_map import ClassMap
    from ls_tools.output.items import Item
    from ls_tools.output.media import MediaPlacer
    from ls_tools.output.names import NamePlan
    from ls_tools.output.report import Report
    from ls_tools.output.streams import Layout, RecordStream
    from ls_tools.output.tally import Tally
    from ls_tools.output.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a format writes, and everything it shares with other formats.

    Attributes:
        tree: The folder being built.
        tally: Counts of regions and tasks.
        classes: Labels to class ids.
        names: File names of the media.
        media: Puts media beside the labels.
        clip: Clip shapes to the picture.
        bounds: Most pixels and values of a mask that is read.
        selection: Which annotations count.
    """

    tree: Tree
    tally: Tally
    classes: ClassMap
    names: NamePlan
    media: MediaPlacer
    clip: bool = True
    bounds: Bounds = field(default_factory=Bounds)
    selection: Selection = field(default_factory=Selection)

    @property
    def root(self) -> Path:
        """The folder being built; write through the methods of this class."""
        return self.tree.root

    @property
    def files_written(self) -> int:
        """Files written so far."""
        return self.tree.files_written

    def split_of(self, item: Item | None) -> str:
        """``train``, ``val`` or ``test``; empty where there is no split."""
        return self.tree.split_of(item)

    def file_name(self, base: str, extension: str, item: Item | None = None) -> str:
        """The name of the one file that holds all of a split, or everything.

        Args:
            base: Its name without a split: ``result``.
            extension: Without the dot.
            item: Decides the split, where there is one: ``train.conll``.
        """
        return f"{self.split_of(item) or base}.{extension}"

    def folder(self, base: str, item: Item | None = None) -> str:
        """The folder for files of kind ``base`` that belong to ``item``.

        Args:
            base: ``images`` or ``labels``.
            item: Decides the split, where there is one: ``images/train``.
        """
        return self.tree.folder(base, item)

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
            reference: The medium it was made from, for the manifest; secrets
                are taken out.

        Raises:
            OutputError: It cannot be written, exists already, or ``relative``
                leads out of the root.
        """
        self.tree.write_bytes(relative, data, item=item, reference=reference)

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
        return self.tree.open(relative, item=item, reference=reference)

    def open_text(
        self, relative: str, *, newline: str = "\n"
    ) -> AbstractContextManager[IO[str]]:
        """Likewise as UTF-8 text.

        Args:
            relative: As for ``write_bytes``.
            newline: What each newline written becomes; ``""`` leaves them.

        Raises:
            OutputError: As ``write_bytes``.
        """
        return self.tree.open_text(relative, newline=newline)

    def records(
        self, relative: str, layout: Layout, *, is_aside: bool = False
    ) -> RecordStream:
        """A file of records, opened when first asked for and completed at the end.

        Args:
            relative: As for ``write_bytes``.
            layout: What stands beside its records.
            is_aside: Keep them in a temporary file, for the format to copy when
                all is written; ``relative`` then only tells them apart.

        Raises:
            OutputError: As ``write_bytes``.
        """
        return self.tree.records(relative, layout, is_aside=is_aside)

    @property
    def is_part(self) -> bool:
        """Whether another process joins what is written to what comes before."""
        return self.tree.is_part

    @property
    def has_records(self) -> bool:
        """Whether there is a file of records."""
        return self.tree.has_records

    def scratch(self) -> IO[bytes]:
        """A nameless temporary file on the output's disk, gone when closed.

        Raises:
            OutputError: None can be made.
        """
        return self.tree.scratch()

    def finish(self, format_name: str, *, seconds: float = 0.0) -> Report:
        """Check the counts and write what says them; nothing is written after.

        Args:
            format_name: Name of the format, for the Report.
            seconds: Wall time of the run, for the Report returned.

        Raises:
            AssertionError: The counts do not add up: a bug in the format.
            OutputError: The report cannot be written.
            UsageError: No task has the field to split by.
        """
        self.tree.close_records()
        if self.tree.splitter is not None:
            self.tree.splitter.finish()
        report = self.tally.report(
            format_name, files_written=self.files_written, seconds=seconds
        )
        report.check()
        self.tree.finish(report.to_json(run=False))
        return report
