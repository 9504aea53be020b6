"""Promises of task queries: nothing that the server ignores gets through."""

from __future__ import annotations

from typing import Any

import pytest

from ls_tools.client.queries import check_query, continue_after
from ls_tools.errors import UsageError

ANNOTATED = {
    "filter": "filter:tasks:total_annotations",
    "operator": "greater",
    "type": "Number",
    "value": 0,
}
SKIPPED = {**ANNOTATED, "filter": "filter:tasks:cancelled_annotations"}
ABOVE_SEVEN = {
    "filter": "filter:tasks:id",
    "operator": "greater",
    "type": "Number",
    "value": 7,
}


def test_tasks_are_asked_for_by_id_whatever_the_query_says() -> None:
    assert check_query({"ordering": ["-tasks:id"]}) == {"ordering": ["tasks:id"]}


def test_filters_and_selected_items_are_kept() -> None:
    query = {
        "filters": {"conjunction": "and", "items": [ANNOTATED]},
        "selectedItems": {"all": False, "included": [3]},
    }
    assert check_query(query) == {**query, "ordering": ["tasks:id"]}


@pytest.mark.parametrize(
    "query",
    [
        {"filter": {"conjunction": "and", "items": []}},
        {"filters": [ANNOTATED]},
        {"filters": {"conjunction": "and", "items": "x"}},
        {"filters": {"conjunction": "xor", "items": [ANNOTATED]}},
        {"filters": {"items": [ANNOTATED]}},
        {"filters": {"conjunction": "and", "items": [{**ANNOTATED, "filter": "id"}]}},
        {"filters": {"conjunction": "and", "items": [{"operator": "equal"}]}},
        {"filters": {"conjunction": "and", "items": ["filter"]}},
    ],
)
def test_what_the_server_would_ignore_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        check_query(query)
    assert caught.value.hint


def test_a_query_without_filters_continues_after_an_id() -> None:
    query = check_query({})
    assert continue_after(query, 7) == {
        "ordering": ["tasks:id"],
        "filters": {"conjunction": "and", "items": [ABOVE_SEVEN]},
    }


@pytest.mark.parametrize("conjunction", ["and", "or"])
def test_one_filter_continues_after_an_id_as_well(conjunction: str) -> None:
    query = {"filters": {"conjunction": conjunction, "items": [ANNOTATED]}}
    assert continue_after(query, 7) == {
        "filters": {"conjunction": "and", "items": [ANNOTATED, ABOVE_SEVEN]}
    }


def test_alternatives_cannot_be_narrowed_by_an_id() -> None:
    filters = {"conjunction": "or", "items": [ANNOTATED, SKIPPED]}
    assert continue_after({"filters": filters}, 7) is None
