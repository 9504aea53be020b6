"""Promises of the Client as a whole: its life, its threads, its errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from client.scripted_server import Reply

from ls_tools.client import Client
from ls_tools.errors import (
    MissingUrlError,
    ServerError,
    TokenRejectedError,
    UsageError,
)
from ls_tools.settings import Settings

if TYPE_CHECKING:
    from client.scripted_server import ScriptedServer


def test_without_a_server_it_says_which_setting_to_give() -> None:
    with pytest.raises(MissingUrlError, match="No Label Studio server") as caught:
        Client(Settings())
    assert "LABEL_STUDIO_URL" in caught.value.hint


def test_offline_it_opens_no_connection(server: ScriptedServer) -> None:
    with pytest.raises(UsageError, match="offline"):
        Client(Settings(url=server.url, token="0" * 40, mode="offline"))
    assert server.asked == []


def test_settings_come_from_the_environment_where_none_are_given(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    server.on("GET /api/projects/7/", Reply(json={"id": 7}))
    with Client() as client:
        assert client.project(7).id == 7
    assert server.asked[0].headers["authorization"] == f"Token {'0' * 40}"


def test_a_sub_path_deployment_is_asked_below_its_prefix(
    server: ScriptedServer,
) -> None:
    """E5: every path of the API lies below the prefix."""
    server.on("GET /ls/api/projects/7/", Reply(json={"id": 7}))
    with Client(Settings(url=f"{server.url}/ls/", token="0" * 40)) as client:
        assert client.project(7).id == 7


def test_many_threads_share_one_client(server: ScriptedServer, client: Client) -> None:
    for number in range(20):
        answer = {"id": number, "title": str(number)}
        server.on(f"GET /api/projects/{number}/", Reply(json=answer))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(client.project, range(1, 20)))
    assert [one.title for one in found] == [str(n) for n in range(1, 20)]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_one_line_with_a_hint(
    server: ScriptedServer, client: Client, status: int
) -> None:
    server.on("GET /api/projects/7/", Reply(status=status, json={"detail": "no"}))
    with pytest.raises(TokenRejectedError) as caught:
        client.project(7)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert "0000" not in str(caught.value)


def test_a_page_instead_of_json_is_a_server_error(
    server: ScriptedServer, client: Client
) -> None:
    page = Reply(content=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
    server.on("GET /api/projects/7/", page)
    with pytest.raises(ServerError) as caught:
        client.project(7)
    assert "\n" not in str(caught.value)
