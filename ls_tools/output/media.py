"""Putting media beside the labels: fetched ahead in batches, placed one by one.

Knows no format and no server: references become paths through a MediaSource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.output.items import Item

MediaPolicy = Literal["copy", "symlink", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A medium in the output.

    Attributes:
        name: Its file name.
        relative: Its path below the output root, with ``/``. Also set where
            media are not placed: this is where it would be.
        reference: The reference without secrets, for manifests and labels.
        path: Where its bytes can be read now; None where it was not placed or
            could not be had.
        failed: It should be in the output and is not; the Report says why.
    """

    name: str
    relative: str
    reference: str
    path: Path | None = None
    failed: bool = False


class MediaPlacer:
    """Places media below the output root, each one once."""

    def place(self, reference: str, item: Item, folder: str = "images") -> Placed:
        """Put one medium of ``item`` into the output.

        Never raises for a medium that cannot be had: that is in the Report.

        Args:
            reference: As in the task data.
            item: The item that refers to it.
            folder: ``images`` or ``audio``; the split is added here.

        Raises:
            OutputError: The output cannot be written.
        """
        raise NotImplementedError

    def picture_size(self, reference: str, item: Item) -> tuple[int, int] | None:
        """Width and height in pixels as displayed, read from the file.

        None where the file is not to be had or is no picture; the Report then
        says why.
        """
        raise NotImplementedError
