"""Data Manager queries: which tasks, in which order, from which id on.

Pure: checks and rewrites the JSON that the server takes as ``query``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ls_tools.errors import UsageError

Query = Mapping[str, Any]
"""``{"filters": {"conjunction": "and", "items": […]}, "selectedItems": {…}}``"""

QUERY_KEYS: tuple[str, ...] = ("filters", "selectedItems")
"""What of a query selects tasks."""

_ORDERING = "ordering"
_PREFIX = "filter:tasks:"


def check_query(query: Query) -> dict[str, Any]:
    """A copy of ``query`` that asks for its tasks by ascending id.

    The server ignores what it does not know and then returns every task, so
    what it would ignore is refused here.

    Raises:
        UsageError: The query is malformed.
    """
    if unknown := sorted(set(query) - {*QUERY_KEYS, _ORDERING}):
        msg = f"A task query has no {', '.join(map(str, unknown))}."
        raise UsageError(msg, hint=f"It takes {' and '.join(QUERY_KEYS)}.")
    for item in _items(query):
        _check_item(item)
    kept = {name: query[name] for name in QUERY_KEYS if query.get(name)}
    return {**kept, _ORDERING: ["tasks:id"]}


def continue_after(query: Query, task_id: int) -> dict[str, Any] | None:
    """``query`` for the tasks with an id above ``task_id``.

    Reading on from an id, and not from a page number, loses and repeats no
    task when tasks come or go meanwhile.

    Returns:
        None where the filters cannot be narrowed: several, united by "or".
    """
    items = _items(query)
    conjunction = (query.get("filters") or {}).get("conjunction", "and")
    if len(items) > 1 and conjunction != "and":
        return None
    above = {
        "filter": f"{_PREFIX}id",
        "operator": "greater",
        "type": "Number",
        "value": task_id,
    }
    return {**query, "filters": {"conjunction": "and", "items": [*items, above]}}


def _items(query: Query) -> Sequence[Any]:
    filters = query.get("filters") or {"conjunction": "and"}
    if isinstance(filters, Mapping) and filters.get("conjunction") in ("and", "or"):
        items = filters.get("items", [])
        if isinstance(items, Sequence) and not isinstance(items, str):
            return items
    msg = "The filters of a task query are malformed."
    hint = 'They look like {"conjunction": "and", "items": […]}.'
    raise UsageError(msg, hint=hint)


def _check_item(item: Any) -> None:
    column = item.get("filter") if isinstance(item, Mapping) else item
    if not isinstance(column, str) or not column.startswith(_PREFIX):
        msg = f"A task query cannot filter by {column!r}."
        hint = f"Columns are spelled {_PREFIX}<name>, such as {_PREFIX}completed_at."
        raise UsageError(msg, hint=hint)
