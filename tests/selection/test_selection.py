"""One selection policy decides which annotation counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.models import Annotation, Task
from ls_tools.selection import Selection, parse_time

OLD, MID, NEW = (f"2026-01-0{day}T00:00:00.000000Z" for day in (1, 2, 3))


def picked(policy: str, *annotations: Annotation, **task: object) -> list[object]:
    selection = Selection.parse(policy)
    return [a.id for a in selection.pick(Task(annotations=list(annotations), **task))]  # type: ignore[arg-type]


def test_latest_takes_the_newest_by_update_then_by_id() -> None:
    first = Annotation(id=1, created_at=NEW, updated_at=NEW)
    edited = Annotation(id=2, created_at=OLD, updated_at="2026-01-04T00:00:00Z")
    assert picked("latest", first, edited) == [2]
    assert picked("latest", edited, first) == [2]
    tied = [Annotation(id=i, updated_at=NEW) for i in (9, 10, "8")]
    assert picked("latest", *tied) == [10]


def test_latest_prefers_ground_truth() -> None:
    truth = Annotation(id=1, updated_at=OLD, ground_truth=True)
    assert picked("latest", truth, Annotation(id=2, updated_at=NEW)) == [1]


def test_annotations_without_times_do_not_stop_the_selection() -> None:
    """F26."""
    assert picked("latest", Annotation(id=1), Annotation(id=2, updated_at=OLD)) == [2]
    assert picked("all", Annotation(id=1), Annotation(id=2, created_at=OLD)) == [2, 1]


def test_an_id_of_any_length_does_not_stop_the_selection() -> None:
    long = Annotation(id="1" * 5000, updated_at=NEW)
    assert picked("latest", long, Annotation(id=2, updated_at=NEW)) == [2]


def test_skipped_annotations_count_only_where_asked() -> None:
    skipped = Annotation(id=1, was_cancelled=True, updated_at=NEW)
    kept = Annotation(id=2, updated_at=OLD)
    assert picked("latest", skipped, kept) == [2]
    assert picked("all", skipped) == []
    keeping = Selection.parse("all", keep_cancelled=True)
    assert [a.id for a in keeping.pick(Task(annotations=[skipped, kept]))] == [2, 1]


def test_each_policy_picks_its_own() -> None:
    a = Annotation(id=1, created_at=OLD, completed_by=7)
    b = Annotation(id=2, created_at=NEW, completed_by={"id": 8, "email": "b@x.org"})
    assert picked("oldest", b, a) == [1]
    assert picked("all", a, b) == [2, 1]
    assert picked("ground-truth", a, b) == []
    assert picked("by:7", a, b) == [1]
    assert picked("by:b@x.org", a, b) == [2]
    assert picked("by:8", a, b) == [2]
    assert picked("by:9", a, b) == []


def test_predictions_and_drafts_are_their_own_kinds() -> None:
    v1 = Annotation(id=1, model_version="v1", created_at=NEW)
    v2 = Annotation(id=2, model_version="v2", created_at=OLD)
    task = {"predictions": [v1, v2], "drafts": [Annotation(id=3)]}
    assert picked("predictions", **task) == [1]
    assert picked("predictions:v2", **task) == [2]
    assert picked("drafts", **task) == [3]
    selection = Selection.parse("predictions:v2")
    assert len(selection.candidates(Task(predictions=[v1, v2]))) == 2


@pytest.mark.parametrize("text", ["", "newest", "by", "by:", "latest:x", "all:1"])
def test_unknown_policies_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match=r"Use latest, oldest"):
        Selection.parse(text)


@pytest.mark.parametrize("text", ["latest", "by:ann@x.org", "predictions:a:b", "all"])
def test_a_policy_prints_as_it_is_parsed(text: str) -> None:
    assert str(Selection.parse(text)) == text


@given(st.text())
def test_any_text_is_a_time_that_can_be_compared(text: str) -> None:
    assert parse_time(text) >= parse_time(None)


def test_times_without_a_zone_are_utc() -> None:
    assert parse_time("2026-01-01T00:00:00") == parse_time("2026-01-01T01:00:00+01:00")
