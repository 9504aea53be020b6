"""Promises of snapshot downloads: streamed, resumed, checked, converted."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from client.scripted_server import Asked, Reply

from ls_tools.client import SnapshotFile
from ls_tools.client.answers import ConversionAnswer
from ls_tools.client.conversions import decide_step
from ls_tools.errors import (
    DeadlineError,
    ExportFailedError,
    IntegrityError,
    NetworkError,
    NotFoundError,
    OutputError,
    UnknownFormatError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from client.scripted_server import ScriptedServer

    from ls_tools.client import Client

SNAPSHOT = "/api/projects/7/exports/1"
BODY = b"[%s]" % b", ".join(b'{"id": %d, "data": {}}' % n for n in range(2000))
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
FORMATS = [{"name": "JSON"}, {"name": "CSV"}, {"name": "COCO"}]


def describe(status: str = "completed", md5: str = MD5, **states: str) -> Reply:
    conversions = [
        {"export_type": name, "status": state, "traceback": None}
        for name, state in states.items()
    ]
    fields = {"id": 1, "status": status, "md5": md5, "converted_formats": conversions}
    return Reply(json=fields)


def whole(body: bytes = BODY, **options: Any) -> Reply:
    return Reply(content=body, is_ranged=True, has_length=False, **options)


def partial(body: bytes = BODY, **options: Any) -> Reply:
    return Reply(content=body, is_ranged=True, **options)


def ranges(server: ScriptedServer) -> list[str | None]:
    path = f"{SNAPSHOT}/download"
    return [one.headers.get("range") for one in server.asked if one.path == path]


@pytest.fixture
def out(tmp_path: Path, server: ScriptedServer) -> Path:
    server.on(f"GET {SNAPSHOT}", describe())
    server.on("GET /api/projects/7/export/formats", Reply(json=FORMATS))
    return tmp_path / "out.json"


def test_a_snapshot_is_written_and_its_md5_checked(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {SNAPSHOT}/download", whole())
    made = client.download_snapshot(7, 1, out)
    assert made == SnapshotFile(path=out, md5=MD5, verified=True, size_bytes=len(BODY))
    assert out.read_bytes() == BODY
    assert list(out.parent.iterdir()) == [out]


def test_a_cut_download_goes_on_where_it_stopped(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E9: what came is kept, and only the rest is asked for."""
    server.on(f"GET {SNAPSHOT}/download", partial(cut_after=5000), partial())
    made = client.download_snapshot(7, 1, out)
    assert out.read_bytes() == BODY
    assert made.verified
    assert ranges(server) == ["bytes=0-", "bytes=5000-"]


def test_an_interrupted_run_is_resumed_by_the_next(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E9: across runs, too."""
    server.on(
        f"GET {SNAPSHOT}/download",
        partial(cut_after=5000),
        *[Reply(status=503, json={})] * 3,
        partial(),
    )
    with pytest.raises(NetworkError):
        client.download_snapshot(7, 1, out)
    assert not out.exists()
    made = client.download_snapshot(7, 1, out)
    assert made.resumed_from == 5000
    assert out.read_bytes() == BODY
    assert ranges(server)[-1] == "bytes=5000-"
    assert list(out.parent.iterdir()) == [out]


def leave_partial(out: Path, server: ScriptedServer, content: bytes, **of: Any) -> None:
    identity = {"server": server.url, "project": 7, "snapshot": 1, "md5": MD5, **of}
    out.with_name("out.json.part").write_bytes(content)
    out.with_name("out.json.part.json").write_text(json.dumps(identity))


def test_a_file_that_was_whole_is_not_asked_for_again(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E9: a resume at the end of the file does not start over."""
    leave_partial(out, server, BODY)
    made = client.download_snapshot(7, 1, out)
    assert made.resumed_from == made.size_bytes == len(BODY)
    assert out.read_bytes() == BODY
    assert ranges(server) == []


def test_what_another_snapshot_left_is_not_continued(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    leave_partial(out, server, BODY[:5000], snapshot=0)
    server.on(f"GET {SNAPSHOT}/download", partial())
    assert client.download_snapshot(7, 1, out).resumed_from == 0
    assert out.read_bytes() == BODY


@pytest.mark.parametrize("left", [b"x" * 5000, BODY + b"more"])
def test_a_damaged_partial_file_is_replaced_by_a_whole_one(
    server: ScriptedServer, client: Client, out: Path, left: bytes
) -> None:
    leave_partial(out, server, left)
    server.on(f"GET {SNAPSHOT}/download", partial())
    made = client.download_snapshot(7, 1, out)
    assert out.read_bytes() == BODY
    assert made.resumed_from == 0


def test_a_server_that_ignores_ranges_sends_the_whole_again(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    leave_partial(out, server, BODY[:5000])
    server.on(f"GET {SNAPSHOT}/download", Reply(content=BODY))
    made = client.download_snapshot(7, 1, out)
    assert out.read_bytes() == BODY
    assert made.resumed_from == 0


def test_bytes_with_another_md5_are_never_kept(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E4: the md5 that the server announced is checked."""
    out.write_bytes(b"old")
    damaged = BODY.replace(b'"id": 77,', b'"id": 78,')
    server.on(f"GET {SNAPSHOT}/download", whole(damaged))
    with pytest.raises(IntegrityError, match="md5 that was announced"):
        client.download_snapshot(7, 1, out)
    assert out.read_bytes() == b"old"
    assert list(out.parent.iterdir()) == [out]
    assert len(ranges(server)) == 2


def test_a_byte_damaged_once_is_repaired(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    damaged = BODY.replace(b'"id": 77,', b'"id": 78,')
    server.on(f"GET {SNAPSHOT}/download", whole(damaged), whole())
    assert client.download_snapshot(7, 1, out).verified
    assert out.read_bytes() == BODY


def test_without_an_md5_the_file_is_not_called_verified(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {SNAPSHOT}", describe(md5=""))
    server.on(f"GET {SNAPSHOT}/download", whole())
    made = client.download_snapshot(7, 1, out)
    assert not made.verified
    assert made.md5 == MD5


def test_an_unfinished_snapshot_is_waited_for_before_it_is_downloaded(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E8: nothing is downloaded while the snapshot is in progress."""
    server.on(f"GET {SNAPSHOT}", describe("in_progress", ""), describe())
    server.on(f"GET {SNAPSHOT}/download", whole())
    assert client.download_snapshot(7, 1, out).verified


def test_latest_is_downloaded(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    listed = [{"id": 1, "status": "completed", "md5": MD5}]
    server.on("GET /api/projects/7/exports/", Reply(json=listed))
    server.on(f"GET {SNAPSHOT}/download", whole())
    assert client.download_snapshot(7, "latest", out).verified


def test_a_bad_target_is_refused_before_anything_is_asked(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    with pytest.raises(OutputError):
        client.download_snapshot(7, 1, tmp_path)
    assert server.asked == []


@pytest.mark.parametrize(
    ("states", "step"),
    [
        ([], "ask"),
        ([("COCO", "completed")], "ask"),
        ([("CSV", "created")], "wait"),
        ([("CSV", "in_progress")], "wait"),
        ([("CSV", "failed")], "ask"),
        ([("CSV", "failed"), ("CSV", "in_progress")], "wait"),
        ([("CSV", "failed"), ("CSV", "completed")], "done"),
    ],
)
def test_the_state_of_a_conversion_decides_what_is_next(
    states: list[tuple[str, str]], step: str
) -> None:
    conversions = [
        ConversionAnswer(export_type=name, status=state) for name, state in states
    ]
    assert decide_step(conversions, "CSV") == step


def test_a_conversion_is_asked_for_and_awaited_before_the_download(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E1: nothing is downloaded while it is in progress."""
    server.on(
        f"GET {SNAPSHOT}",
        describe(),
        describe(),
        describe(CSV="in_progress"),
        describe(CSV="in_progress"),
        describe(CSV="completed"),
    )
    server.on(f"POST {SNAPSHOT}/convert", Reply(json={"converted_format": 1}))
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    made = client.download_snapshot(7, 1, out, type="csv")
    asked = [f"{one.method} {one.path}" for one in server.asked]
    assert asked.count(f"POST {SNAPSHOT}/convert") == 1
    assert asked[-1] == f"GET {SNAPSHOT}/download"
    assert server.asked[-1].query == {"exportType": ["CSV"]}
    assert out.read_bytes() == b"id\n1\n"
    assert not made.verified
    assert made.md5 == hashlib.md5(b"id\n1\n", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("with_media", [False, True])
def test_media_are_bundled_only_where_that_is_asked(
    server: ScriptedServer, client: Client, out: Path, *, with_media: bool
) -> None:
    """E3: the option reaches the server."""
    convert_at_once(server)
    client.download_snapshot(7, 1, out, type="CSV", with_media=with_media)
    sent = [one.json() for one in server.asked if one.method == "POST"]
    assert sent == [{"export_type": "CSV", "download_resources": with_media}]


def convert_at_once(server: ScriptedServer, body: bytes = b"id\n1\n") -> None:
    states: dict[str, str] = {}

    def convert(asked: Asked) -> Reply:
        states[asked.json()["export_type"]] = "completed"
        return Reply(json={"converted_format": 1})

    server.on(f"GET {SNAPSHOT}", lambda _: describe(**states))
    server.on(f"POST {SNAPSHOT}/convert", convert)
    server.on(f"GET {SNAPSHOT}/download", partial(body))


def test_a_conversion_that_is_there_is_not_asked_for(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {SNAPSHOT}", describe(CSV="completed"))
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    client.download_snapshot(7, 1, out, type="CSV")
    assert server.count(f"POST {SNAPSHOT}/convert") == 0


def test_that_it_was_already_asked_for_is_no_error(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {SNAPSHOT}", describe(), describe(), describe(CSV="completed"))
    server.on(f"POST {SNAPSHOT}/convert", Reply(status=400, json={}))
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    client.download_snapshot(7, 1, out, type="CSV")
    assert out.read_bytes() == b"id\n1\n"


def test_a_conversion_that_fails_in_the_request_is_an_error_at_once(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E1: the server answers 500 and leaves the state in progress for ever."""
    server.on(f"GET {SNAPSHOT}", describe(), describe(), describe(COCO="in_progress"))
    server.on(f"POST {SNAPSHOT}/convert", Reply(status=500, json={"detail": ""}))
    with pytest.raises(
        ExportFailedError, match="convert snapshot 1 of project 7 to COCO"
    ):
        client.download_snapshot(7, 1, out, type="COCO")
    assert not out.exists()


def test_a_conversion_that_is_there_in_spite_of_an_error_is_taken(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"GET {SNAPSHOT}", describe(), describe(), describe(CSV="completed"))
    server.on(f"POST {SNAPSHOT}/convert", Reply(status=500, json={}))
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    client.download_snapshot(7, 1, out, type="CSV")
    assert out.read_bytes() == b"id\n1\n"


def test_a_conversion_that_fails_later_is_an_error_with_its_reason(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E1: its failure is seen."""
    failed = {
        "export_type": "COCO",
        "status": "failed",
        "traceback": "Traceback:\n  File\nValueError: No keypoint order found",
    }
    answer = {"id": 1, "status": "completed", "md5": MD5, "converted_formats": [failed]}
    server.on(f"GET {SNAPSHOT}", describe(), describe(), Reply(json=answer))
    server.on(f"POST {SNAPSHOT}/convert", Reply(json={"converted_format": 1}))
    with pytest.raises(ExportFailedError, match="No keypoint order found"):
        client.download_snapshot(7, 1, out, type="COCO")


def test_a_conversion_that_failed_before_is_asked_for_again(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(
        f"GET {SNAPSHOT}",
        describe(CSV="failed"),
        describe(CSV="failed"),
        describe(CSV="completed"),
    )
    server.on(f"POST {SNAPSHOT}/convert", Reply(json={"converted_format": 2}))
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    client.download_snapshot(7, 1, out, type="CSV")
    assert server.count(f"POST {SNAPSHOT}/convert") == 1


def test_a_conversion_that_never_ends_is_given_up_with_advice(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E1: the wait has an end."""
    server.on(f"GET {SNAPSHOT}", describe(CSV="in_progress"))
    with pytest.raises(DeadlineError, match="not ready after 60 s") as caught:
        client.download_snapshot(7, 1, out, type="CSV", deadline_s=60)
    assert "make a new snapshot" in caught.value.hint


@pytest.mark.parametrize(
    "lost", [Reply(is_silent=True), Reply(is_dropped=True), Reply(status=504, json={})]
)
def test_a_conversion_whose_answer_is_lost_is_awaited(
    server: ScriptedServer, client: Client, out: Path, lost: Reply
) -> None:
    """E1, E2: the server converts while the request times out."""
    server.on(
        f"GET {SNAPSHOT}",
        describe(),
        describe(),
        describe(CSV="in_progress"),
        describe(CSV="completed"),
    )
    server.on(f"POST {SNAPSHOT}/convert", lost)
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n"))
    client.download_snapshot(7, 1, out, type="CSV")
    assert server.count(f"POST {SNAPSHOT}/convert") == 1


def test_a_request_to_convert_that_never_arrives_is_given_up(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"POST {SNAPSHOT}/convert", Reply(status=503, json={}))
    with pytest.raises(NetworkError):
        client.download_snapshot(7, 1, out, type="CSV")
    assert server.count(f"POST {SNAPSHOT}/convert") == 3


def test_a_truncated_csv_is_not_accepted(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E4: asking for a range makes the server tell the length."""
    convert_at_once(server)
    server.on(f"GET {SNAPSHOT}/download", partial(b"id\n1\n2\n", cut_after=5))
    with pytest.raises(NetworkError):
        client.download_snapshot(7, 1, out, type="CSV")
    assert not out.exists()
    assert list(out.parent.iterdir()) == []


def test_a_truncated_archive_without_a_length_is_not_accepted(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E4: where a proxy drops the length, the form is checked."""
    convert_at_once(server)
    cut = Reply(content=make_zip(b"year"), has_length=False, cut_after=100)
    server.on(f"GET {SNAPSHOT}/download", cut)
    with pytest.raises(IntegrityError, match="not a whole zip"):
        client.download_snapshot(7, 1, out, type="COCO")
    assert list(out.parent.iterdir()) == []


def test_a_cut_conversion_is_never_spliced_from_two(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """The server converts again for every request, so bytes may differ."""
    first, second = (make_zip(b"year %d" % n) for n in (1, 2))
    convert_at_once(server)
    server.on(f"GET {SNAPSHOT}/download", partial(first, cut_after=60), partial(second))
    client.download_snapshot(7, 1, out, type="COCO")
    assert out.read_bytes() == second


def make_zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("result.json", content * 100)
    return buffer.getvalue()


def test_a_server_without_a_list_of_types_is_asked_for_the_type_itself(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    convert_at_once(server)
    server.on("GET /api/projects/7/export/formats", Reply(status=404, json={}))
    server.on("GET /api/projects/7/", Reply(json={"id": 7}))
    client.download_snapshot(7, 1, out, type="csv")
    assert out.read_bytes() == b"id\n1\n"


def test_a_missing_project_has_no_types(client: Client, out: Path) -> None:
    with pytest.raises(NotFoundError, match="no project 8"):
        client.download_snapshot(8, 1, out, type="CSV")


def test_a_type_that_the_server_refuses_to_convert_to_is_an_error(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    server.on(f"POST {SNAPSHOT}/convert", Reply(status=400, json={}))
    with pytest.raises(ExportFailedError, match="to CSV"):
        client.download_snapshot(7, 1, out, type="CSV")
    assert server.count(f"POST {SNAPSHOT}/convert") == 1


def test_a_full_disk_ends_the_download_and_keeps_what_came(
    server: ScriptedServer,
    client: Client,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = os.pwrite

    def fill(descriptor: int, content: memoryview, offset: int) -> int:
        if offset >= 6000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content[:6000], offset)

    monkeypatch.setattr(os, "pwrite", fill)
    server.on(f"GET {SNAPSHOT}/download", partial())
    with pytest.raises(OutputError, match="No space left"):
        client.download_snapshot(7, 1, out)
    assert not out.exists()
    monkeypatch.undo()
    assert client.download_snapshot(7, 1, out).resumed_from == 6000
    assert out.read_bytes() == BODY


def test_a_large_snapshot_is_not_held_in_memory(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    """E9: it is streamed to disk."""
    body = b"[%s]" % (b" " * (48 << 20))
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    server.on(f"GET {SNAPSHOT}", describe(md5=md5))
    server.on(f"GET {SNAPSHOT}/download", whole(body))
    tracemalloc.start()
    try:
        client.download_snapshot(7, 1, out)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert out.stat().st_size == len(body)
    assert peak_bytes < 8 << 20


def test_an_unknown_type_is_refused(
    server: ScriptedServer, client: Client, out: Path
) -> None:
    with pytest.raises(UnknownFormatError, match="PNG"):
        client.download_snapshot(7, 1, out, type="PNG")
    assert server.count(f"POST {SNAPSHOT}/convert") == 0
