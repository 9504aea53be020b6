"""Surveys of records, made of parts of the items, are those of all of them."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ls_tools.models import Annotation, Result, Task
from ls_tools.output import Item
from ls_tools.output.record_survey import RecordSurvey

NAMES = ("a", "b", "b_transcript", "id", "history", "_data_a", "")


def item(names: list[str], results: list[tuple[str, str]], **fields: Any) -> Item:
    found = [Result(from_name=name, type=kind) for name, kind in results]
    return Item(
        task=Task(data=dict.fromkeys(names), **fields),
        annotation=Annotation(result=found) if found else None,
    )


def items() -> st.SearchStrategy[Item]:
    results = st.tuples(st.sampled_from(NAMES), st.sampled_from(("chat", "choices")))
    return st.builds(
        item,
        st.lists(st.sampled_from(NAMES), unique=True),
        st.lists(results, max_size=3),
        id=st.none() | st.integers(),
        agreement=st.none() | st.floats(0, 1),
    )


@given(st.lists(st.lists(items(), max_size=3), max_size=4))
def test_surveys_of_parts_merge_to_that_of_all(parts: list[list[Item]]) -> None:
    merged = RecordSurvey()
    for part in parts:
        merged.merge(pickle.loads(pickle.dumps(RecordSurvey.of(part))))  # noqa: S301 -- our own
    whole = RecordSurvey.of([item for part in parts for item in part])
    assert list(merged.data) == list(whole.data)
    assert list(merged.controls) == list(whole.controls)
    columns, keys = merged.columns()
    expected, expected_keys = whole.columns()
    assert columns == expected
    assert keys.moved == expected_keys.moved


def test_names_that_are_taken_make_columns_of_their_own() -> None:
    survey = RecordSurvey.of([item(["a", "id"], [("a", "chat")], id=1)])
    columns, keys = survey.columns()
    assert columns == sorted(
        [
            "_data_a",
            "_data_id",
            "a",
            "a_transcript",
            "annotation_id",
            "annotator",
            "created_at",
            "id",
            "lead_time",
            "updated_at",
        ]
    )
    assert keys.moved == [("a", "_data_a"), ("id", "_data_id")]
