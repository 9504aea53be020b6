"""Promises of the easy export: a whole file or the old one."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from client.scripted_server import Reply

from ls_tools.client import ExportFile
from ls_tools.errors import (
    IntegrityError,
    NetworkError,
    NotFoundError,
    OutputError,
    TokenRejectedError,
    UnknownFormatError,
    UsageError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from client.scripted_server import ScriptedServer

    from ls_tools.client import Client

EXPORT = "/api/projects/7/export"
TASKS = b'[{"id": 1, "annotations": []}, {"id": 2, "annotations": []}]'
FORMATS = [
    {"name": "JSON"},
    {"name": "CSV"},
    {"name": "YOLO"},
    {"name": "CONLL2003", "disabled": True},
]


def make_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("labels/a.txt", b"0 0.5 0.5 1 1\n" * 100)
    return buffer.getvalue()


@pytest.fixture
def out(tmp_path: Path, server: ScriptedServer) -> Path:
    server.on(f"GET {EXPORT}/formats", Reply(json=FORMATS))
    (tmp_path / "out").write_bytes(b"old")
    return tmp_path / "out"


def script(server: ScriptedServer, *bodies: bytes, **options: Any) -> None:
    replies = [Reply(content=body, **options) for body in bodies]
    server.on(f"GET {EXPORT}", *replies)


def test_an_export_is_written_as_the_server_sent_it(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    script(server, TASKS)
    made = client.export(7, "json", out)
    assert made == ExportFile(path=out, type="JSON", size_bytes=len(TASKS))
    assert out.read_bytes() == TASKS


def test_what_is_asked_is_what_was_chosen(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E3: the server is asked to bundle media only where the caller says so."""
    script(server, TASKS)
    client.export(7, "JSON", out)
    client.export(7, "JSON", out, all_tasks=True, ids=[3, 5], with_media=False)
    first, second = (one.query for one in server.asked if one.path == EXPORT)
    assert first == {"exportType": ["JSON"], "download_all_tasks": ["false"]}
    assert second == {
        "exportType": ["JSON"],
        "download_all_tasks": ["true"],
        "download_resources": ["false"],
        "ids[]": ["3", "5"],
    }


def test_an_unknown_type_is_refused_with_those_there_are(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    with pytest.raises(UnknownFormatError, match="no export type 'PNG'") as caught:
        client.export(7, "PNG", out)
    assert caught.value.hint == "This project has JSON, CSV, YOLO."
    assert server.count(f"GET {EXPORT}") == 0


def test_a_type_that_does_not_fit_is_refused_unless_forced(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    script(server, b"-DOCSTART- -X- O\n")
    with pytest.raises(UsageError, match="does not fit this project") as caught:
        client.export(7, "conll2003", out)
    assert "JSON, CSV, YOLO" in caught.value.hint
    assert client.export(7, "conll2003", out, force=True).type == "CONLL2003"


def test_a_cut_export_is_asked_for_again_from_its_start(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {EXPORT}", Reply(content=TASKS, cut_after=20), Reply(content=TASKS))
    client.export(7, "JSON", out)
    assert out.read_bytes() == TASKS


def test_a_cut_export_never_replaces_the_old_file(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    script(server, TASKS, cut_after=20)
    with pytest.raises(NetworkError):
        client.export(7, "JSON", out)
    assert out.read_bytes() == b"old"
    assert list(out.parent.iterdir()) == [out]
    assert server.count(f"GET {EXPORT}") <= 4


def test_truncated_json_without_a_length_is_not_accepted(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E4: a body that ends with its connection is checked by its form."""
    script(server, TASKS, has_length=False, cut_after=20)
    with pytest.raises(IntegrityError, match="not a whole JSON"):
        client.export(7, "JSON", out)
    assert out.read_bytes() == b"old"


def test_a_truncated_zip_is_not_accepted(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E4: likewise for archives."""
    script(server, make_zip(), has_length=False, cut_after=300)
    with pytest.raises(IntegrityError, match="not a whole zip"):
        client.export(7, "YOLO", out)
    assert out.read_bytes() == b"old"


def test_a_login_page_is_not_taken_for_an_export(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    script(server, b"<html></html>", headers={"Content-Type": "text/html"})
    with pytest.raises(TokenRejectedError, match="HTML page"):
        client.export(7, "CSV", out)
    assert out.read_bytes() == b"old"


def test_a_silent_server_is_given_up_after_bounded_tries(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E2: one timeout is not the end, and there is an end."""
    server.on(f"GET {EXPORT}", Reply(is_silent=True))
    with pytest.raises(NetworkError):
        client.export(7, "JSON", out, timeout_s=0.2)
    assert server.count(f"GET {EXPORT}") == 3


def test_a_bad_gateway_is_tried_again(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E2: a 502 is not the end."""
    server.on(f"GET {EXPORT}", Reply(status=502, json={}), Reply(content=TASKS))
    client.export(7, "JSON", out)
    assert out.read_bytes() == TASKS


def test_a_missing_project_is_said_to_be_missing(
    client: Client, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError, match="no project 99"):
        client.export(99, "JSON", tmp_path / "out")


def test_a_bad_target_is_refused_before_the_server_works(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    with pytest.raises(OutputError):
        client.export(7, "JSON", tmp_path)
    with pytest.raises(OutputError):
        client.export(7, "JSON", tmp_path / "missing" / "out")
    assert server.asked == []
