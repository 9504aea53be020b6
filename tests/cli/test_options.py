"""The options that commands share: tokens, deadline, lists, snapshot ids."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ls_tools.cli.filters import split_words
from ls_tools.cli.options import Invocation, shared_options
from ls_tools.errors import DeadlineError, SettingsError

SECRET = "abcdef0123456789"


def invoke(*arguments: str, stdin: str = "", **env: str) -> Invocation:
    """The Invocation that a command with the shared options gets."""
    seen: list[Invocation] = []

    @click.command()
    @shared_options()
    def command(invocation: Invocation) -> None:
        seen.append(invocation)

    runner = CliRunner(env=env)
    runner.invoke(command, arguments, input=stdin, catch_exceptions=False)
    (found,) = seen
    return found


def token_of(invocation: Invocation) -> Any:
    token = invocation.settings.token
    return token() if callable(token) else token


def test_the_token_is_the_first_word_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"\n  {SECRET}  # mine\n")
    assert token_of(invoke("--token-file", str(path), "--url", "http://h")) == SECRET


def test_the_token_may_come_from_standard_input() -> None:
    found = invoke("--token-file", "-", "--url", "http://h", stdin=f"{SECRET}\n")
    assert token_of(found) == SECRET


def test_the_token_is_not_shown_where_an_invocation_is() -> None:
    found = invoke("--token", SECRET, "--url", "http://h")
    assert token_of(found) == SECRET
    assert SECRET not in repr(found)


def test_an_empty_token_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(" \n")
    with pytest.raises(SettingsError, match="empty"):
        invoke("--token-file", str(path))


def test_two_tokens_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(SECRET)
    with pytest.raises(SettingsError, match="Both") as caught:
        invoke("--token-file", str(path), "--token", "other")
    assert SECRET not in str(caught.value)


def test_two_tokens_on_the_command_line_are_exit_code_2(
    ls_tools: Any, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text(SECRET)
    done = ls_tools("resolve", "x", "--token", "t", "--token-file", path, "--json")
    assert done.code == 2
    assert "Both --token and --token-file" in done.document["error"]["message"]


def test_a_token_file_that_is_missing_is_named(ls_tools: Any, tmp_path: Path) -> None:
    done = ls_tools("resolve", "x", "--token-file", tmp_path / "no-token", "--json")
    assert done.code != 0
    assert "no-token" in done.document["error"]["message"]


def test_options_win_over_the_environment(tmp_path: Path) -> None:
    env = {"LS_TOOLS_CACHE_DIR": str(tmp_path / "env"), "LABEL_STUDIO_URL": "http://e"}
    given = ("--cache-dir", str(tmp_path / "own"), "--url", "http://own", "--jobs", "3")
    settings = invoke(*given, "--offline", **env).settings
    assert settings.cache_dir == tmp_path / "own"
    assert settings.url == "http://own"
    assert (settings.jobs, settings.processes, settings.mode) == (3, 3, "offline")
    assert invoke(**env).settings.url == "http://e"


def test_the_deadline_ends_a_command_that_waits() -> None:
    @click.command()
    @shared_options(server=False)
    def command(invocation: Invocation) -> None:
        del invocation
        threading.Event().wait(30)

    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(DeadlineError, match=r"0\.05 s of --timeout") as caught:
        CliRunner().invoke(command, ["--timeout", "0.05"], catch_exceptions=False)
    assert caught.value.exit_code == 5
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_command_in_time_leaves_no_alarm_behind() -> None:
    invoke("--timeout", "60")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_command_in_a_thread_runs_without_a_deadline() -> None:
    found: list[Invocation] = []
    thread = threading.Thread(target=lambda: found.append(invoke("--timeout", "60")))
    thread.start()
    thread.join()
    assert found


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_deadline_must_lie_ahead(ls_tools: Any, seconds: str) -> None:
    done = ls_tools("formats", "--timeout", seconds, "--json")
    assert done.code == 2
    assert "--timeout" in done.document["error"]["message"]


@pytest.mark.parametrize("name", ["--full", "--annotation-kinds"])
def test_lists_take_known_words_only(ls_tools: Any, name: str) -> None:
    given = ("snapshot", "create", "1", "--json", "--url", "http://127.0.0.1:9")
    done = ls_tools(*given, name, "drafts,nonsense,usual,more")
    assert done.code == 2
    assert "more, nonsense" in done.document["error"]["message"].replace("drafts, ", "")


def test_a_list_may_hold_blanks() -> None:
    read = split_words("a", "b")
    command = click.Command("x")
    parameter = click.Option(["--list"])
    assert read(click.Context(command), parameter, "a, b,") == frozenset("ab")
    assert read(click.Context(command), parameter, None) is None


def test_debug_logs_to_stderr(export: Path, ls_tools: Any) -> None:
    done = ls_tools(
        "convert", export, "--to", "json", "--out", "o", "--debug", "--json"
    )
    assert done.code == 0
    assert json.loads(done.stdout)["format"] == "json"


def test_rows_of_the_report_reach_stderr(export: Path, ls_tools: Any) -> None:
    done = ls_tools("convert", export, "--to", "coco", "--out", "o", COLUMNS="120")
    assert done.stdout.strip().endswith("o")
    assert "skipped: control not expressible: Choices" in done.stderr
    assert "warning: No label config" in done.stderr


def test_failed_media_are_exit_code_6_unless_allowed(
    export: Path, ls_tools: Any, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    given = ("convert", export, "--to", "coco", "--out", "o", "--media", "copy")
    env = {"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path / "root")}
    assert ls_tools(*given, **env).code == 6
    assert ls_tools(*given, "--keep-going", **env).code == 0


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no-such-file cannot be read"):
        invoke("--token-file", str(tmp_path / "no-such-file"))


def test_single_buckets_have_a_way_of_their_own() -> None:
    found = invoke(
        *("--cloud", "direct", "--bucket-cloud", "imgs=server"),
        *("--bucket-cloud", "raw=auto", "--bucket-cloud", "raw=direct"),
        LS_TOOLS_BUCKETS="imgs=direct,other=server",
        LS_TOOLS_CLOUD="server",
    ).settings
    ways = [found.cloud_of(name) for name in ("imgs", "raw", "other", "none")]
    assert ways == ["server", "direct", "server", "direct"]


@pytest.mark.parametrize("way", ["imgs", "imgs=sideways", "=server"])
def test_a_way_that_is_none_is_refused(ls_tools: Any, way: str) -> None:
    done = ls_tools("resolve", "s3://b/a", "--bucket-cloud", way, "--json")
    assert done.code == 2
    assert "--bucket-cloud" in done.document["error"]["message"]
