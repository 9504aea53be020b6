"""What a user says about splits: ``train=0.8,val=0.1,test=0.1``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SPLITS = ("train", "val", "test")
"""The names of splits, in the order in which they share the tasks."""

_HINT = "Give fractions that add up to 1, as in train=0.8,val=0.1,test=0.1."
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How tasks are shared out among training, validation and test.

    Attributes:
        fractions: The fraction of each split by name: ``train``, ``val``,
            ``test``; they add up to 1. Empty to take those of ``keep``.
        by: Key of the task data whose value decides: all tasks of one patient
            or one video are in one split. Where None, tasks that begin with
            the same medium are kept together.
        stratify: Share out the tasks of each class by themselves.
        keep: A ``splits.json`` of an earlier run: the tasks that it names stay
            where they are.
    """

    fractions: Mapping[str, float] = field(default_factory=dict)
    by: str | None = None
    stratify: bool = False
    keep: Path | None = None

    def __post_init__(self) -> None:
        """Refuse fractions that make no sense.

        Raises:
            UsageError: A name or a number is none, or they do not add up.
        """
        if self.fractions or self.keep is None:
            check_fractions(self.fractions)
        if self.by == "":
            msg = "The field to split by has no name."
            raise UsageError(msg, hint="Give a key of the task data.")

    @classmethod
    def parse(
        cls, text: str, *, by: str | None = None, stratify: bool = False
    ) -> Split:
        """Parse ``train=0.8,val=0.2``, or take a ``splits.json`` by its path.

        Args:
            text: Fractions by name; or the path of a file, ending in ``.json``.
            by: As for the class.
            stratify: As for the class.

        Raises:
            UsageError: It is neither.
        """
        if text.strip().lower().endswith(".json"):
            return cls(by=by, stratify=stratify, keep=Path(text.strip()))
        fractions: dict[str, float] = {}
        for part in text.split(","):
            name, _, number = (word.strip() for word in part.partition("="))
            try:
                given = float(number)
            except ValueError:
                msg = f"{part.strip()!r} is no fraction of a split."
                raise UsageError(msg, hint=_HINT) from None
            if name in fractions:
                msg = f"The split {name!r} is there twice."
                raise UsageError(msg, hint=_HINT)
            fractions[name] = given
        return cls(fractions=fractions, by=by, stratify=stratify)


def check_fractions(fractions: Mapping[str, Any]) -> None:
    """Refuse what is no way to share out a whole.

    Raises:
        UsageError: A split has another name, a number is not between 0 and 1,
            or they do not add up to 1.
    """
    for name, fraction in fractions.items():
        if name not in SPLITS:
            msg = f"{name!r} is no name of a split."
            raise UsageError(msg, hint=f"Splits are {', '.join(SPLITS)}.")
        is_number = isinstance(fraction, (int, float)) and not isinstance(
            fraction, bool
        )
        if not is_number or not 0 <= fraction <= 1:  # nan is not either
            msg = f"{name}={fraction!r} is no fraction."
            raise UsageError(msg, hint=_HINT)
    total = math.fsum(fractions.values())
    if abs(total - 1) > _TOLERANCE:
        msg = f"The splits add up to {total:g}, not to 1."
        raise UsageError(msg, hint=_HINT)
