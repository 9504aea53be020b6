"""Which annotation of a task counts: one policy, the same in every format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, get_args

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from ls_tools.models import Annotation, Task

Policy = Literal[
    "latest", "oldest", "ground-truth", "all", "by", "predictions", "drafts"
]

_LONGEST_ID = len(str(2**63))
_BEGINNING = datetime(1, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which annotations of each task are converted.

    Attributes:
        policy: ``latest`` takes ground truth first, then the newest by
            ``updated_at``, then by id; ``oldest`` the oldest by ``created_at``;
            ``ground-truth`` only annotations marked so; ``all`` every one;
            ``by`` the newest of one annotator; ``predictions`` the newest
            prediction; ``drafts`` the newest draft.
        annotator: For ``by``: user id or email.
        model_version: For ``predictions``: only of this model version.
        keep_cancelled: Skipped annotations count too.
    """

    policy: Policy = "latest"
    annotator: str | None = None
    model_version: str | None = None
    keep_cancelled: bool = False

    @classmethod
    def parse(cls, text: str, *, keep_cancelled: bool = False) -> Selection:
        """Parse ``latest``, ``by:ann@example.com``, ``predictions:v2`` ….

        Raises:
            UsageError: There is no such policy.
        """
        name, _, argument = text.strip().partition(":")
        takes_argument = name in {"by", "predictions"}
        if (
            name not in get_args(Policy)
            or (argument and not takes_argument)
            or (name == "by" and not argument)
        ):
            msg = f"There is no selection policy {text!r}."
            hint = (
                "Use latest, oldest, ground-truth, all, by:<annotator>, "
                "predictions[:<model version>] or drafts."
            )
            raise UsageError(msg, hint=hint)
        return cls(
            policy=name,  # type: ignore[arg-type]  # checked above
            annotator=argument if name == "by" else None,
            model_version=(argument or None) if name == "predictions" else None,
            keep_cancelled=keep_cancelled,
        )

    def __str__(self) -> str:
        """The spelling that ``parse`` takes."""
        argument = self.annotator or self.model_version
        return f"{self.policy}:{argument}" if argument else self.policy

    def candidates(self, task: Task) -> list[Annotation]:
        """Everything of the kind selected: annotations, predictions or drafts."""
        if self.policy == "predictions":
            return task.predictions
        if self.policy == "drafts":
            return task.drafts
        return task.annotations

    def pick(self, task: Task) -> list[Annotation]:
        """The annotations of ``task`` that count, newest first for ``all``."""
        found = self.candidates(task)
        if not self.keep_cancelled:
            found = [a for a in found if not a.was_cancelled]
        if self.policy == "all":
            return _newest_first(found)
        if self.policy == "oldest":
            return sorted(found, key=_created)[:1]
        if self.policy == "ground-truth":
            found = [a for a in found if a.ground_truth]
        elif self.policy == "by":
            found = [a for a in found if self._is_by(a)]
        elif self.model_version is not None:
            found = [a for a in found if a.model_version == self.model_version]
        if len(found) <= 1:
            return found
        return [max(found, key=_rank)]

    def _is_by(self, annotation: Annotation) -> bool:
        return self.annotator in annotator_names(annotation.completed_by)


def annotator_names(completed_by: Any) -> frozenset[str]:
    """Every name an annotator goes by: id and email, as text."""
    if isinstance(completed_by, dict):
        values = (completed_by.get("id"), completed_by.get("email"))
        return frozenset(str(value) for value in values if value not in (None, ""))
    return frozenset() if completed_by is None else frozenset({str(completed_by)})


def parse_time(text: str | None) -> datetime:
    """A time of an export as an aware datetime; the beginning of time if bad.

    Times without a zone are taken as UTC, as the server writes them.
    """
    if not text:
        return _BEGINNING
    try:
        # Python 3.10 does not read the trailing Z.
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return _BEGINNING
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _newest_first(found: list[Annotation]) -> list[Annotation]:
    return found if len(found) <= 1 else sorted(found, key=_created, reverse=True)


def _order(annotation: Annotation) -> tuple[int, str]:
    """Ids in their order: numbers by value, other ids after them by text."""
    number = annotation.id
    if isinstance(number, int):
        return number, ""
    text = "" if number is None else str(number)
    is_number = text.isdecimal() and len(text) <= _LONGEST_ID
    return (int(text), "") if is_number else (-1, text)


def _created(annotation: Annotation) -> tuple[datetime, tuple[int, str]]:
    return parse_time(annotation.created_at), _order(annotation)


def _rank(annotation: Annotation) -> tuple[bool, datetime, tuple[int, str]]:
    newest = parse_time(annotation.updated_at or annotation.created_at)
    return annotation.ground_truth, newest, _order(annotation)
