"""Promises about reading tasks: every one, once, by id."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from client.scripted_server import Asked, Reply

from ls_tools.errors import NotFoundError, ServerError, UsageError

if TYPE_CHECKING:
    from client.scripted_server import ScriptedServer

    from ls_tools.client import Client

OR = {
    "filters": {
        "conjunction": "or",
        "items": [
            {
                "filter": f"filter:tasks:{name}",
                "operator": "greater",
                "type": "Number",
                "value": 0,
            }
            for name in ("total_annotations", "cancelled_annotations")
        ],
    }
}


class Tasks:
    """The tasks of a scripted project; ``meanwhile`` runs after each page."""

    def __init__(self, ids: list[int], meanwhile: Callable[[list[int]], None]) -> None:
        self.ids = ids
        self.meanwhile = meanwhile

    def __call__(self, asked: Asked) -> Reply:
        query = json.loads(asked.query["query"][0])
        above = [
            item["value"]
            for item in query.get("filters", {}).get("items", [])
            if item["filter"] == "filter:tasks:id"
        ]
        found = [one for one in self.ids if one > max(above, default=0)]
        size, page = (int(asked.query[name][0]) for name in ("page_size", "page"))
        start = (page - 1) * size
        if start >= len(found) > 0:
            return Reply(status=404, json={"detail": "Invalid page."})
        tasks = [{"id": one} for one in found[start : start + size]]
        reply = Reply(json={"tasks": tasks, "total": len(found)})
        self.meanwhile(self.ids)
        return reply


def read(client: Client, **options: Any) -> list[int]:
    return [task["id"] for task in client.tasks(7, page_size=3, **options)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("query", [None, OR])
def test_every_task_comes_once_by_id(
    server: ScriptedServer, client: Client, count: int, query: Any
) -> None:
    ids = list(range(1, count + 1))
    server.on("GET /api/tasks/", Tasks(ids, lambda _: None))
    assert read(client, query=query) == ids


def test_references_are_asked_for_as_they_were_imported(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/tasks/", Tasks([1], lambda _: None))
    read(client)
    assert server.asked[0].query["resolve_uri"] == ["false"]
    assert server.asked[0].query["fields"] == ["all"]
    read(client, fields_all=False)
    assert "fields" not in server.asked[1].query


def test_no_task_is_lost_when_others_are_deleted_meanwhile(
    server: ScriptedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = Tasks(list(range(1, 10)), lambda ids: ids.remove(ids[0]))
    server.on("GET /api/tasks/", tasks)
    with caplog.at_level(logging.WARNING, "ls_tools"):
        found = read(client)
    assert found == list(range(1, 10))


def test_tasks_that_are_added_meanwhile_come_too_and_are_told(
    server: ScriptedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    added = iter([8])
    tasks = Tasks(list(range(1, 8)), lambda ids: ids.extend(added))
    server.on("GET /api/tasks/", tasks)
    with caplog.at_level(logging.WARNING, "ls_tools"):
        assert read(client) == list(range(1, 9))
    assert "7 tasks announced, 8 read" in caplog.text


def test_tasks_lost_between_numbered_pages_are_told(
    server: ScriptedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    gone = iter([1])

    def remove_once(ids: list[int]) -> None:
        for one in gone:
            ids.remove(one)

    tasks = Tasks(list(range(1, 8)), remove_once)
    server.on("GET /api/tasks/", tasks)
    with caplog.at_level(logging.WARNING, "ls_tools"):
        assert read(client, query=OR) == [1, 2, 3, 5, 6, 7]
    assert "7 tasks announced, 6 read" in caplog.text


def test_a_task_on_two_pages_comes_once(server: ScriptedServer, client: Client) -> None:
    pages = [[1, 2, 3], [3, 4, 5], []]
    replies = [
        Reply(json={"total": 5, "tasks": [{"id": one} for one in page]})
        for page in pages
    ]
    server.on("GET /api/tasks/", *replies)
    assert read(client, query=OR) == [1, 2, 3, 4, 5]


def test_a_server_that_ignores_the_order_loses_no_task(
    server: ScriptedServer, client: Client
) -> None:
    def reply(asked: Asked) -> Reply:
        page = int(asked.query["page"][0])
        ids = [[5, 1, 4], [2, 6, 3], []][page - 1]
        return Reply(json={"total": 6, "tasks": [{"id": one} for one in ids]})

    server.on("GET /api/tasks/", reply)
    assert sorted(read(client)) == [1, 2, 3, 4, 5, 6]


def test_a_view_is_read_by_its_filters_and_our_order(
    server: ScriptedServer, client: Client
) -> None:
    view = {"id": 4, "data": {"title": "Tab", **OR, "ordering": ["-tasks:id"]}}
    server.on("GET /api/dm/views/", Reply(json=[view]))
    server.on("GET /api/tasks/", Tasks([1, 2], lambda _: None))
    assert read(client, view=4) == [1, 2]
    query = json.loads(server.asked[-1].query["query"][0])
    assert query == {**OR, "ordering": ["tasks:id"]}


def test_an_unknown_view_is_refused_rather_than_all_read(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/dm/views/", Reply(json=[{"id": 4, "data": {"title": "Tab"}}]))
    with pytest.raises(NotFoundError, match="has no view 5") as caught:
        read(client, view=5)
    assert caught.value.hint == "It has 4 'Tab'."
    assert server.count("GET /api/tasks/") == 0


def test_a_view_and_a_query_contradict_each_other(client: Client) -> None:
    with pytest.raises(UsageError, match="not by both"):
        client.tasks(7, view=4, query=OR)


def test_pages_have_at_least_one_task(client: Client) -> None:
    with pytest.raises(UsageError, match="page_size"):
        client.tasks(7, page_size=0)


def test_tasks_of_no_project_are_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no project 7"):
        read(client)


def test_tasks_without_ids_are_a_server_error(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/tasks/", Reply(json={"total": 1, "tasks": [{"data": {}}]}))
    with pytest.raises(ServerError, match="without ids"):
        read(client)


def test_pages_that_repeat_without_end_are_given_up(
    server: ScriptedServer, client: Client
) -> None:
    page = {"tasks": [{"id": 1}], "total": 10**9}
    server.on("GET /api/tasks/", Reply(json=page))
    with pytest.raises(ServerError, match="again and again"):
        read(client)
