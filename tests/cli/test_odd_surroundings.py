"""Whatever stdin, stdout, file names and the clock are: one line, no traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ls_tools.cli import running
from ls_tools.cli.app import app
from ls_tools.cli.output import Console

LS_TOOLS = [sys.executable, "-m", "ls_tools"]


def run_in_shell(redirection: str, *arguments: str | Path) -> Any:
    """Run ``ls-tools`` with standard streams closed or full."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *LS_TOOLS, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("json_flag", [("--json",), ()])
def test_a_closed_standard_stream_harms_no_conversion(
    export: Path, tmp_path: Path, stream: str, json_flag: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    done = run_in_shell(
        stream, "convert", export, "--to", "coco", "--out", out, *json_flag
    )
    assert done.returncode == 0, done.stderr
    assert (out / "report.json").exists()
    assert "Traceback" not in done.stderr


def test_a_closed_stdin_is_an_empty_one(tmp_path: Path) -> None:
    done = run_in_shell(
        "<&-", "convert", "-", "--to", "coco", "--out", tmp_path / "out"
    )
    assert done.returncode == 1
    assert "is empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_remarks_do_not_go_to_stdout_where_stderr_is_closed(tmp_path: Path) -> None:
    missing = tmp_path / "no.json"
    done = run_in_shell("2>&-", "convert", missing, "--to", "coco", "--out", tmp_path)
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize("json_flag", [("--json",), ()])
def test_a_full_stdout_is_a_failure_without_a_traceback(
    json_flag: tuple[str, ...],
) -> None:
    done = run_in_shell(">/dev/full", "formats", *json_flag)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_file_name_that_is_no_unicode_comes_out_as_it_is(
    ls_tools: Any, tmp_path: Path
) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    done = ls_tools("cache", "info", "--json", LS_TOOLS_CACHE_DIR=odd)
    assert done.code == 0
    assert done.document["root"] == odd


def test_a_document_fits_a_stdout_that_is_not_utf_8(ls_tools: Any) -> None:
    done = ls_tools(
        "convert",
        "é.json",
        *("--to", "coco", "--out", "out", "--json"),
        PYTHONIOENCODING="ascii",
    )
    assert done.code == 3
    assert "é.json" in done.document["error"]["message"]


def test_a_name_cannot_steer_the_terminal(ls_tools: Any) -> None:
    name = "a\x1b[31m\n\u202eb.json"
    done = ls_tools("convert", name, "--to", "coco", "--out", "out")
    assert done.code == 3
    assert done.stderr.count("\n") == 2
    assert not set("\x1b\u202e") & set(done.stderr)


def test_a_title_of_the_server_cannot_steer_the_terminal(capsys: Any) -> None:
    Console().result({}, ["1\tcompleted\t\x1b]0;title\x07"])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e30", "0", "-1"])
def test_a_timeout_that_no_timer_holds_is_a_usage_error(
    ls_tools: Any, seconds: str
) -> None:
    done = ls_tools("cache", "info", "--timeout", seconds, "--json")
    assert done.code == 2
    assert "--timeout" in done.document["error"]["message"]


def test_the_deadline_ends_a_command_that_waits_for_a_server(ls_tools: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = ls_tools(
            *("snapshot", "list", "1", "--url", url, "--token", "abc"),
            *("--timeout", "0.5", "--json"),
            LS_TOOLS_READ_TIMEOUT_S="600",
        )
    assert done.code == 5
    assert done.document["error"]["kind"] == "deadline"
    assert "--timeout" in done.document["error"]["message"]


def test_the_deadline_is_not_taken_for_a_fault_of_the_disk(ls_tools: Any) -> None:
    done = ls_tools(
        *("convert", "/dev/zero", "--to", "json", "--out", "out"),
        *("--timeout", "0.2", "--json"),
    )
    assert done.code == 5
    assert done.document["error"]["kind"] == "deadline"


def test_a_token_file_that_is_no_text_is_refused_without_showing_it(
    ls_tools: Any, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"\xff\xfe\x00abc")
    done = ls_tools(
        *("resolve", "/data/upload/1/a.jpg", "--url", "http://127.0.0.1:9"),
        *("--token-file", path, "--json"),
    )
    assert done.code == 2
    assert "abc" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [("resolve",), ("cache", "import-legacy", ".")])
def test_a_list_of_references_that_is_no_text_is_a_usage_error(
    ls_tools: Any, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = tmp_path / "refs"
    path.write_bytes(b"s3://bucket/\xff\n")
    done = ls_tools(*command, "--refs-from", path, "--json")
    assert done.code == 2
    assert "UTF-8" in done.document["error"]["message"]


def test_a_bug_is_one_line_that_shows_no_text_of_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        del arguments, options
        msg = "https://host/x?signature=SECRET"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(app, "main", fail)
    assert running.run(["formats", "--json"]) == 1
    shown = capsys.readouterr()
    error = json.loads(shown.out)["error"]
    assert "ZeroDivisionError" in error["message"]
    assert error["hint"]
    assert "SECRET" not in shown.out + shown.err


def test_an_interrupt_that_python_wraps_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        del arguments, options
        msg = "Error calling __set_name__"
        raise RuntimeError(msg) from KeyboardInterrupt()

    monkeypatch.setattr(app, "main", interrupt)
    assert running.run(["formats"]) == running.INTERRUPTED
    assert "Interrupted." in capsys.readouterr().err
