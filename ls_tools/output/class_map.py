"""Class names and ids: which label is which number, and why it stays so.

Knows no format; files are read by ``ls_tools.output.class_files``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.label_config import LabelConfig
    from ls_tools.output.tally import Tally

ClassOrder = Literal["config", "alphabetical"]
ClassIds = Literal["contiguous", "category", "none"]

DROPPED = "label dropped by the rename file"
"""The reason to skip a region whose label ``index_of`` gives None for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPolicy:
    """What the user says about classes.

    Attributes:
        pinned: A file of class names: txt, json or data.yaml. Its ids hold.
        order: Order of the classes that no file pins.
        rename: A json or csv file that renames, merges or drops labels.
    """

    pinned: Path | None = None
    order: ClassOrder = "config"
    rename: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScope:
    """What a format says about classes.

    Attributes:
        tags: Control tags whose labels become classes, in any case.
        objects: Object tags that those controls annotate; empty for any.
        ids: ``contiguous`` numbers from 0, ordered by the ``category``
            attribute where labels have one; ``category`` takes that attribute
            as the id; ``none`` is for formats without classes.
    """

    tags: frozenset[str]
    objects: frozenset[str] = frozenset()
    ids: ClassIds = "contiguous"


class ClassMap:
    """Labels to class ids.

    Labels that are not in it are appended when they are first asked for.
    """

    @classmethod
    def build(
        cls,
        config: LabelConfig,
        scope: ClassScope,
        policy: ClassPolicy,
        tally: Tally,
    ) -> ClassMap:
        """The classes of a label config.

        Args:
            config: The label config.
            scope: Which of its controls count, from the format.
            policy: What the user wants.
            tally: Where duplicates and appended labels are reported.

        Raises:
            UsageError: A file of the policy cannot be used.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        """How many classes there are by now."""
        raise NotImplementedError

    def index_of(self, label: str) -> int | None:
        """The class id of a label as it stands in a result.

        A label that is in no control is appended and reported.

        Returns:
            The id; None where the rename file drops the label.
        """
        raise NotImplementedError

    def name_of(self, label: str) -> str | None:
        """The class name of a label, renaming applied; None where dropped."""
        raise NotImplementedError

    def entries(self) -> list[tuple[int, str]]:
        """Every class as (id, name), by id. Complete after the counted pass."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """The class names by id."""
        return [name for _, name in self.entries()]

    def category_of(self, name: str) -> int | None:
        """The ``category`` attribute of a class, None where it has none."""
        raise NotImplementedError

    def line_names(self) -> list[str]:
        """The class names by id, each safe to stand on a line of its own.

        Control characters and line breaks become spaces; what was changed is
        reported. The names stay distinct.
        """
        raise NotImplementedError
