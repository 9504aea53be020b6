"""Promises of snapshot filters: what is asked is what is meant."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ls_tools.client import SnapshotFilter
from ls_tools.client.filters import AnnotationKind
from ls_tools.errors import UsageError

KINDS: tuple[AnnotationKind, ...] = ("usual", "ground_truth", "skipped")


def test_the_default_asks_for_everything_by_asking_for_nothing() -> None:
    assert SnapshotFilter().body() == {}


def test_ground_truth_alone_does_not_bring_the_usual_ones() -> None:
    body = SnapshotFilter(annotation_kinds=["ground_truth"]).body()
    assert body == {
        "annotation_filter_options": {
            "usual": False,
            "ground_truth": True,
            "skipped": False,
        }
    }


@pytest.mark.parametrize(
    "kinds",
    [c for n in (1, 2, 3) for c in itertools.combinations(KINDS, n)],
)
def test_explicit_kinds_are_all_said(kinds: tuple[AnnotationKind, ...]) -> None:
    options = SnapshotFilter(annotation_kinds=kinds).body()["annotation_filter_options"]
    assert options == {kind: kind in kinds for kind in KINDS}


def test_no_kind_at_all_is_refused_since_the_server_would_send_all() -> None:
    with pytest.raises(UsageError, match="no kind"):
        SnapshotFilter(annotation_kinds=[])


def test_task_filters_go_under_their_names() -> None:
    chosen = SnapshotFilter(
        view=4,
        tasks_skipped="only",
        tasks_finished="exclude",
        tasks_annotated="only",
        only_with_annotations=True,
    )
    assert chosen.body() == {
        "task_filter_options": {
            "view": 4,
            "skipped": "only",
            "finished": "exclude",
            "annotated": "only",
            "only_with_annotations": True,
        }
    }


def test_what_is_full_is_asked_for_in_full() -> None:
    chosen = SnapshotFilter(
        full=["predictions", "drafts", "annotators", "history"],
        interpolate_key_frames=True,
    )
    assert chosen.body() == {
        "serialization_options": {
            "predictions": {"only_id": False},
            "drafts": {"only_id": False},
            "annotations__completed_by": {"only_id": False},
            "include_annotation_history": True,
            "interpolate_key_frames": True,
        }
    }


@pytest.mark.parametrize(
    "options",
    [
        {"tasks_skipped": "yes"},
        {"tasks_finished": True},
        {"tasks_annotated": ""},
        {"annotation_kinds": ["usual", "unusual"]},
        {"annotation_kinds": "usual"},
        {"full": ["prediction"]},
        {"full": "drafts"},
    ],
)
def test_a_value_that_the_server_would_misread_is_refused(
    options: dict[str, Any],
) -> None:
    with pytest.raises(UsageError) as caught:
        SnapshotFilter(**options)
    assert next(iter(options)) in caught.value.message
    assert caught.value.hint.startswith("It takes ")


def test_filters_with_the_same_options_are_equal() -> None:
    one = SnapshotFilter(full=["drafts", "predictions"], annotation_kinds=["usual"])
    other = SnapshotFilter(full=("predictions", "drafts"), annotation_kinds={"usual"})
    assert one == other
    assert hash(one) == hash(other)
