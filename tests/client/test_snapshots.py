"""Promises about making and awaiting snapshots: one is made, none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client.scripted_server import Asked, Reply

from ls_tools.client import SnapshotFilter
from ls_tools.client.snapshots import LONGEST_TITLE, make_unique_title
from ls_tools.errors import (
    DeadlineError,
    ExportFailedError,
    NetworkError,
    NotFoundError,
    TokenRejectedError,
    UsageError,
)

if TYPE_CHECKING:
    from client.conftest import Clock
    from client.scripted_server import ScriptedServer

    from ls_tools.client import Client

LIST = "/api/projects/7/exports/"


def describe(number: int, status: str = "completed", **fields: Any) -> dict[str, Any]:
    counters = {"task_number": 4}
    return {"id": number, "status": status, "counters": counters, **fields}


class Exports:
    """Scripted snapshots: the POST makes one, and then does as it is told."""

    def __init__(self, answer: Reply | None, status: str = "completed") -> None:
        self.answer = answer
        self.status = status
        self.made: list[dict[str, Any]] = []

    def create(self, asked: Asked) -> Reply:
        made = describe(len(self.made) + 1, self.status, title=asked.json()["title"])
        self.made.append(made)
        return self.answer or Reply(status=201, json=made)

    def list(self, _: Asked) -> Reply:
        return Reply(json=self.made[::-1])

    def script(self, server: ScriptedServer) -> None:
        server.on(f"POST {LIST}", self.create)
        server.on(f"GET {LIST}", self.list)


def test_a_snapshot_is_made_as_asked(server: ScriptedServer, client: Client) -> None:
    Exports(None).script(server)
    made = client.create_snapshot(
        7, SnapshotFilter(only_with_annotations=True), title="nightly"
    )
    sent = server.asked[-1].json()
    assert made.id == 1
    assert made.task_count == 4
    assert made.title == sent.pop("title")
    assert made.title.startswith("nightly ")
    assert sent == {"task_filter_options": {"only_with_annotations": True}}


def test_titles_are_never_the_same_twice() -> None:
    assert make_unique_title("nightly") != make_unique_title("nightly")
    assert make_unique_title(None).startswith("ls-tools ")


@pytest.mark.parametrize("title", ["n" * (LONGEST_TITLE + 1), "a\nb"])
def test_a_title_that_the_server_would_change_is_refused(title: str) -> None:
    with pytest.raises(UsageError, match="title"):
        make_unique_title(title)


@pytest.mark.parametrize(
    "lost",
    [
        Reply(is_silent=True),
        Reply(is_dropped=True),
        Reply(status=502, json={}),
        Reply(status=504, json={}),
        Reply(status=201, content=b'{"id": 1, "sta', has_length=False),
        Reply(status=201, content=b"<html>", headers={"Content-Type": "text/html"}),
        Reply(status=201, json=describe(1), cut_after=5),
    ],
    ids=["timeout", "dropped", "502", "504", "truncated", "html", "cut"],
)
def test_a_snapshot_whose_answer_is_lost_is_found_again(
    server: ScriptedServer, client: Client, lost: Reply
) -> None:
    """E2: the server makes it while the request times out; it is made once."""
    exports = Exports(lost)
    exports.script(server)
    made = client.create_snapshot(7, title="nightly")
    assert made.id == 1
    assert made.title == exports.made[0]["title"]
    assert len(exports.made) == 1


def test_a_snapshot_found_again_is_waited_for(
    server: ScriptedServer, client: Client, clock: Clock
) -> None:
    """E2, E8: found again unfinished, it is waited for like any other."""
    Exports(Reply(is_dropped=True), status="in_progress").script(server)
    server.on(
        f"GET {LIST}1",
        *[Reply(json=describe(1, "in_progress"))] * 5,
        Reply(json=describe(1)),
    )
    assert client.create_snapshot(7, wait_s=600).status == "completed"
    assert clock.slept


def test_a_request_that_never_arrived_is_sent_again(
    server: ScriptedServer, client: Client, clock: Clock
) -> None:
    exports = Exports(None)
    exports.script(server)
    server.on(f"POST {LIST}", Reply(status=503, json={}), exports.create)
    assert client.create_snapshot(7).id == 1
    assert 0 < sum(clock.slept) <= 1
    titles = {one.json()["title"] for one in server.asked if one.method == "POST"}
    assert len(titles) == 1


def test_a_server_that_makes_no_snapshot_is_given_up(
    server: ScriptedServer, client: Client
) -> None:
    server.on(f"POST {LIST}", Reply(status=503, json={}))
    server.on(f"GET {LIST}", Reply(json=[]))
    with pytest.raises(NetworkError, match="No new snapshot is seen") as caught:
        client.create_snapshot(7, title="nightly")
    assert "'nightly " in caught.value.hint
    assert server.count(f"POST {LIST}") == 3


def test_a_server_that_went_away_leaves_a_title_to_look_for(
    server: ScriptedServer, client: Client
) -> None:
    server.on(f"POST {LIST}", Reply(is_dropped=True))
    server.on(f"GET {LIST}", Reply(status=502, json={}))
    with pytest.raises(NetworkError, match="No new snapshot is seen") as caught:
        client.create_snapshot(7, title="nightly")
    assert "'nightly " in caught.value.hint
    assert server.count(f"POST {LIST}") == 1


def test_a_failed_snapshot_is_an_error_at_once(
    server: ScriptedServer, client: Client
) -> None:
    Exports(None, status="failed").script(server)
    with pytest.raises(ExportFailedError, match="Snapshot 1 of project 7") as caught:
        client.create_snapshot(7)
    assert caught.value.data["snapshot_id"] == 1
    assert caught.value.hint


def test_an_unknown_view_is_refused_rather_than_exporting_everything(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/dm/views/", Reply(json=[]))
    with pytest.raises(NotFoundError, match="has no view 5"):
        client.create_snapshot(7, SnapshotFilter(view=5))
    assert server.count(f"POST {LIST}") == 0


def test_a_refused_token_is_not_asked_about_again(
    server: ScriptedServer, client: Client
) -> None:
    server.on(f"POST {LIST}", Reply(status=403, json={"detail": "no"}))
    with pytest.raises(TokenRejectedError):
        client.create_snapshot(7)
    assert server.count(f"POST {LIST}") == 1


def test_a_missing_project_is_said_to_be_missing(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no project 7"):
        client.create_snapshot(7)


@pytest.mark.parametrize("status", ["created", "in_progress"])
def test_an_unfinished_snapshot_is_waited_for(
    server: ScriptedServer, client: Client, clock: Clock, status: str
) -> None:
    """E8: neither ``created`` nor ``in_progress`` ends the wait."""
    server.on(
        f"GET {LIST}1",
        *[Reply(json=describe(1, status))] * 8,
        Reply(json=describe(1, finished_at="2026-11-22T06:19:21Z")),
    )
    done = client.wait_snapshot(7, 1, deadline_s=60)
    assert done.finished_at == "2026-11-22T06:19:21Z"
    assert clock.slept == sorted(clock.slept)


def test_a_snapshot_that_fails_while_waited_for_ends_the_wait(
    server: ScriptedServer, client: Client
) -> None:
    """E8: ``failed`` is an error, not the end of a good wait."""
    server.on(
        f"GET {LIST}1",
        Reply(json=describe(1, "in_progress")),
        Reply(json=describe(1, "failed")),
    )
    with pytest.raises(ExportFailedError):
        client.wait_snapshot(7, 1)


def test_a_wait_has_an_end_and_says_how_to_go_on(
    server: ScriptedServer, client: Client, clock: Clock
) -> None:
    server.on(f"GET {LIST}1", Reply(json=describe(1, "in_progress")))
    with pytest.raises(DeadlineError, match="still in_progress after 60 s") as caught:
        client.wait_snapshot(7, 1, deadline_s=60)
    assert "ls-tools snapshot wait 7 1" in caught.value.hint
    assert sum(clock.slept) == pytest.approx(60)
    assert server.count(f"GET {LIST}1") < 20


def test_latest_is_the_newest_that_is_completed(
    server: ScriptedServer, client: Client
) -> None:
    listed = [describe(4, "failed"), describe(2), describe(3), describe(1)]
    server.on(f"GET {LIST}", Reply(json=listed))
    assert client.get_snapshot(7, "latest").id == 3
    assert [one.id for one in client.list_snapshots(7)] == [4, 3, 2, 1]


def test_latest_of_none_is_not_found(server: ScriptedServer, client: Client) -> None:
    server.on(f"GET {LIST}", Reply(json=[describe(4, "failed")]))
    with pytest.raises(NotFoundError, match="no completed snapshot") as caught:
        client.get_snapshot(7, "latest")
    assert "ls-tools snapshot create 7" in caught.value.hint


def test_a_missing_snapshot_lists_those_there_are(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/projects/7/", Reply(json={"id": 7}))
    server.on(f"GET {LIST}", Reply(json=[describe(4), describe(2)]))
    page = Reply(status=404, content=b"<html>", headers={"Content-Type": "text/html"})
    server.on(f"GET {LIST}9", page)
    with pytest.raises(NotFoundError, match="has no snapshot 9") as caught:
        client.get_snapshot(7, 9)
    assert caught.value.hint == "It has 4, 2."


def test_a_snapshot_of_a_missing_project_blames_the_project(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no project 7"):
        client.get_snapshot(7, 9)


def test_what_is_no_snapshot_id_is_refused(client: Client) -> None:
    with pytest.raises(UsageError, match="newest"):
        client.get_snapshot(7, "newest")  # type: ignore[arg-type]


def test_a_snapshot_is_deleted(server: ScriptedServer, client: Client) -> None:
    server.on(f"GET {LIST}1", Reply(json=describe(1)))
    server.on(f"DELETE {LIST}1", Reply(status=204, content=b""))
    client.delete_snapshot(7, 1)
    assert server.count(f"DELETE {LIST}1") == 1


def test_a_delete_whose_answer_is_lost_succeeds(
    server: ScriptedServer, client: Client
) -> None:
    server.on(f"GET {LIST}1", Reply(json=describe(1)))
    gone = Reply(status=404, json={"detail": "Not found."})
    server.on(f"DELETE {LIST}1", Reply(is_dropped=True), gone)
    client.delete_snapshot(7, 1)


def test_deleting_a_missing_snapshot_is_an_error(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET /api/projects/7/", Reply(json={"id": 7}))
    server.on(f"GET {LIST}", Reply(json=[]))
    with pytest.raises(NotFoundError, match="has no snapshot 1"):
        client.delete_snapshot(7, 1)
