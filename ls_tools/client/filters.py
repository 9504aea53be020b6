"""Which tasks and annotations a snapshot holds, and how full they are.

Pure: turns options into the body that the server understands; asks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

Presence = Literal["only", "exclude"]
AnnotationKind = Literal["usual", "ground_truth", "skipped"]
Expansion = Literal["predictions", "drafts", "annotators", "history"]

_EXPANSIONS: dict[str, tuple[str, Any]] = {
    "predictions": ("predictions", {"only_id": False}),
    "drafts": ("drafts", {"only_id": False}),
    "annotators": ("annotations__completed_by", {"only_id": False}),
    "history": ("include_annotation_history", True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFilter:
    """What goes into a snapshot; the default is everything, ids for extras.

    Attributes:
        view: Id of a Data Manager view (a tab); only its tasks.
        tasks_skipped: Tasks with a skipped annotation: ``only`` those, or
            ``exclude`` them.
        tasks_finished: Likewise for tasks that are fully labeled.
        tasks_annotated: Likewise for tasks with an annotation not skipped.
        only_with_annotations: Leave out tasks of which no annotation is in the
            snapshot.
        annotation_kinds: Kinds of annotations, united: ``usual`` (neither
            skipped nor ground truth), ``ground_truth``, ``skipped``. None for
            all; ``{"ground_truth"}`` is ground truth alone. An annotation that
            is both skipped and ground truth comes with either.
        full: What is written in full, not as an id or not at all:
            ``predictions``, ``drafts``, ``annotators``, ``history`` (which only
            Label Studio Enterprise keeps).
        interpolate_key_frames: Every frame of a video region, not only its key
            frames.

    Raises:
        UsageError: A value is none of those named.
    """

    view: int | None = None
    tasks_skipped: Presence | None = None
    tasks_finished: Presence | None = None
    tasks_annotated: Presence | None = None
    only_with_annotations: bool = False
    annotation_kinds: Collection[AnnotationKind] | None = None
    full: Collection[Expansion] = frozenset()
    interpolate_key_frames: bool = False

    def __post_init__(self) -> None:
        """Refuse what the server would ignore or misread."""
        for name in ("tasks_skipped", "tasks_finished", "tasks_annotated"):
            _check_names(name, [getattr(self, name)], (None, *get_args(Presence)))
        _check_names("full", self.full, get_args(Expansion))
        object.__setattr__(self, "full", frozenset(self.full))
        if self.annotation_kinds is not None:
            _check_names(
                "annotation_kinds", self.annotation_kinds, get_args(AnnotationKind)
            )
            kinds = frozenset(self.annotation_kinds)
            object.__setattr__(self, "annotation_kinds", kinds)
            _refuse_no_kinds(kinds)

    def body(self) -> dict[str, Any]:
        """The filter as the server's export API takes it; only what was chosen."""
        blocks = {
            "task_filter_options": self._tasks(),
            "annotation_filter_options": self._annotations(),
            "serialization_options": self._serialization(),
        }
        return {name: block for name, block in blocks.items() if block}

    def _tasks(self) -> dict[str, Any]:
        options = {
            "view": self.view,
            "skipped": self.tasks_skipped,
            "finished": self.tasks_finished,
            "annotated": self.tasks_annotated,
            "only_with_annotations": self.only_with_annotations or None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _annotations(self) -> dict[str, bool]:
        # The server takes a missing "usual" as true and unites the kinds, so
        # each one is said.
        if self.annotation_kinds is None:
            return {}
        return {
            kind: kind in self.annotation_kinds for kind in get_args(AnnotationKind)
        }

    def _serialization(self) -> dict[str, Any]:
        options = dict(_EXPANSIONS[name] for name in sorted(self.full))
        if self.interpolate_key_frames:
            options["interpolate_key_frames"] = True
        return options


def _check_names(field: str, given: Collection[Any], known: Collection[Any]) -> None:
    names = {given} if isinstance(given, str) else set(given)
    if isinstance(given, str) or not names <= set(known):
        allowed = ", ".join(str(name) for name in known if name is not None)
        wrong = ", ".join(sorted(repr(name) for name in names - set(known)))
        msg = f"The snapshot filter {field} cannot be {wrong}."
        raise UsageError(msg, hint=f"It takes {allowed}.")


def _refuse_no_kinds(kinds: Collection[str]) -> None:
    if not kinds:
        msg = "The snapshot filter annotation_kinds names no kind of annotation."
        hint = "The server would then export all kinds; leave it out for that."
        raise UsageError(msg, hint=hint)
