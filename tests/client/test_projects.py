"""Promises about finding projects, formats and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client.scripted_server import Asked, Reply

from ls_tools.client import ExportFormat, View
from ls_tools.errors import NotFoundError, ServerError, UsageError
from ls_tools.models import Project

if TYPE_CHECKING:
    from client.scripted_server import ScriptedServer

    from ls_tools.client import Client


def list_projects(server: ScriptedServer, *titles: str, page_size: int = 2) -> None:
    """Script the list of projects, ids from 1, as the server filters and pages."""

    def reply(asked: Asked) -> Reply:
        wanted = asked.query.get("title", [""])[0].lower()
        every: list[dict[str, Any]] = [
            {"id": number, "title": title, "task_number": 10 * number}
            for number, title in enumerate(titles, 1)
            if wanted in title.lower()
        ]
        page = int(asked.query["page"][0])
        start = (page - 1) * page_size
        if start >= len(every) > 0:
            return Reply(status=404, json={"detail": "Invalid page."})
        more = "http://next" if start + page_size < len(every) else None
        results = every[start : start + page_size]
        return Reply(json={"count": len(every), "next": more, "results": results})

    server.on("GET /api/projects/", reply)


def test_projects_come_from_every_page_once(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "a", "b", "c", "d", "e")
    assert [one.id for one in client.projects()] == [1, 2, 3, 4, 5]
    assert {one.task_number for one in client.projects()} == {10, 20, 30, 40, 50}


def test_a_project_that_two_pages_show_comes_once(
    server: ScriptedServer, client: Client
) -> None:
    first = {"next": "http://next", "results": [{"id": 1}, {"id": 2}]}
    second = {"next": None, "results": [{"id": 2}, {"id": 3}]}
    server.on("GET /api/projects/", Reply(json=first), Reply(json=second))
    assert [one.id for one in client.projects()] == [1, 2, 3]


@pytest.mark.parametrize("results", [[], [{"id": 1}]])
def test_a_list_that_never_ends_is_given_up(
    server: ScriptedServer, client: Client, results: list[dict[str, Any]]
) -> None:
    page = {"next": "http://next", "results": results}
    server.on("GET /api/projects/", Reply(json=page))
    with pytest.raises(ServerError, match="again and again"):
        list(client.projects())


def test_a_title_of_thousands_of_digits_is_no_id(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "a")
    with pytest.raises(NotFoundError):
        client.project("9" * 5000)


def test_a_project_is_found_by_its_id(server: ScriptedServer, client: Client) -> None:
    answer = {"id": 7, "title": None, "label_config": "<View/>", "extra": [1]}
    server.on("GET /api/projects/7/", Reply(json=answer))
    expected = Project(id=7, label_config="<View/>")
    assert client.project(7) == client.project(" 7 ") == expected


def test_a_project_is_found_by_its_exact_title(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "Cars of Rome", "cars", "Cars", "More Cars")
    assert client.project("Cars").id == 3


def test_digits_are_an_id_first_and_a_title_then(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "a", "2024", "b")
    assert client.project("2024").id == 2
    server.on("GET /api/projects/2024/", Reply(json={"id": 2024, "title": "b"}))
    assert client.project("2024").id == 2024


def test_an_ambiguous_title_is_refused_with_the_ids(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "Cars", "Boats", "Cars")
    with pytest.raises(UsageError, match="2 projects are titled 'Cars'") as caught:
        client.project("Cars")
    assert "1, 3" in caught.value.hint


def test_an_unknown_title_lists_near_ones(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "Street Cars", "Boats")
    with pytest.raises(NotFoundError, match="no project 'street car'") as caught:
        client.project("street car")
    assert caught.value.hint == "There is 1 'Street Cars'."
    assert server.url in caught.value.message


def test_an_unknown_id_lists_what_there_is(
    server: ScriptedServer, client: Client
) -> None:
    list_projects(server, "Cars", "Boats")
    with pytest.raises(NotFoundError, match="with id 99") as caught:
        client.project(99)
    assert caught.value.hint == "There is 1 'Cars', 2 'Boats'."


def test_a_url_without_label_studio_is_said_to_be_one(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no Label Studio at") as caught:
        client.project("Cars")
    assert "URL" in caught.value.hint


@pytest.mark.parametrize("ref", ["", "  ", "0", -1, 2**70, "٣"])
def test_what_names_no_project_is_not_found(
    server: ScriptedServer, client: Client, ref: int | str
) -> None:
    list_projects(server)
    with pytest.raises(NotFoundError) as caught:
        client.project(ref)
    assert caught.value.hint == "This user sees none at all."


def test_a_project_object_is_taken_as_it_is(client: Client) -> None:
    assert client.project(Project(id=3)) == Project(id=3)


def test_an_answer_of_another_kind_is_a_server_error(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/projects/7/", Reply(json={"id": "seven"}))
    with pytest.raises(ServerError, match="not what Label Studio sends"):
        client.project(7)


def test_formats_tell_which_are_enabled(server: ScriptedServer, client: Client) -> None:
    formats = [
        {"name": "JSON", "title": "JSON", "description": "d", "tags": []},
        {"name": "CONLL2003", "title": None, "disabled": True},
    ]
    server.on("GET /api/projects/7/export/formats", Reply(json=formats))
    assert client.formats(7) == [
        ExportFormat(name="JSON", title="JSON", description="d"),
        ExportFormat(name="CONLL2003", is_enabled=False),
    ]


def test_views_tell_their_title_and_query(
    server: ScriptedServer, client: Client
) -> None:
    filters = {"conjunction": "and", "items": []}
    views = [{"id": 1, "data": {"title": "Tab", "filters": filters}}, {"id": 2}]
    server.on("GET /api/dm/views/", Reply(json=views))
    assert client.views(7) == [
        View(id=1, title="Tab", query={"filters": filters}),
        View(id=2),
    ]


def test_a_server_without_the_easy_export_says_so(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/projects/7/", Reply(json={"id": 7}))
    with pytest.raises(NotFoundError, match="does not offer the easy export") as caught:
        client.formats(7)
    assert "snapshot" in caught.value.hint


@pytest.mark.parametrize("call", ["formats", "views", "list_snapshots"])
def test_a_missing_project_is_said_to_be_missing(
    server: ScriptedServer, client: Client, call: str
) -> None:
    server.on("GET /api/dm/views/", Reply(status=400, json={"detail": "invalid"}))
    with pytest.raises(NotFoundError, match="no project 99") as caught:
        getattr(client, call)(99)
    assert caught.value.hint
