"""What every command keeps: help, documents, exit codes, a clean stdout."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click
import pytest

from ls_tools import errors
from ls_tools._version import __version__
from ls_tools.cli.app import COMMANDS, CONTEXT, SUMMARIES, app

ROOT = Path(__file__).parents[2]


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Any:
    yield path, command
    children = (
        {name: COMMANDS.load(name) for name in COMMANDS}
        if command is app
        else getattr(command, "commands", {})
    )
    for name, child in children.items():
        yield from walk(child, (*path, name))


def params_of(command: click.Command) -> list[click.Parameter]:
    return command.get_params(click.Context(command, **CONTEXT))


ALL = list(walk(app))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(p) for p, _ in ALL])
def test_help_is_a_sentence_and_two_worked_examples(
    path: tuple[str, ...], command: click.Command
) -> None:
    text = command.help or ""
    assert text.split("\n")[0].endswith(".")
    examples = text.partition("Examples:\n")[2].strip().splitlines()
    assert len(examples) == 2
    for example in examples:
        assert example.strip().startswith(" ".join(("ls-tools", *path)))


@pytest.mark.parametrize(("path", "command"), ALL[1:])
def test_worked_examples_name_options_that_exist(
    path: tuple[str, ...], command: click.Command
) -> None:
    del path
    if isinstance(command, click.Group):
        return
    known = {flag for option in params_of(command) for flag in option.opts}
    used = re.findall(r"\s(--[a-z-]+)", (command.help or "").partition("Examples:")[2])
    assert set(used) <= known


@pytest.mark.parametrize(("path", "command"), ALL[1:])
def test_every_command_has_json_and_quiet(
    path: tuple[str, ...], command: click.Command
) -> None:
    if not isinstance(command, click.Group):
        flags = {flag for option in params_of(command) for flag in option.opts}
        assert {"--json", "--quiet", "--debug", "--timeout"} <= flags, path


def test_the_groups_summaries_are_the_commands_own() -> None:
    for name, summary in SUMMARIES.items():
        assert (COMMANDS.load(name).help or "").partition("\n")[0] == summary


def test_the_reference_pages_are_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages():
        assert (ROOT / "docs/reference" / name).read_text(encoding="utf-8") == text


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| (\d+) \|", page, re.MULTILINE))
    used = {
        str(value.exit_code)
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.LsToolsError)
    }
    assert used | {"0", "130"} == documented


def test_version_is_printed(ls_tools: Any) -> None:
    done = ls_tools("--version")
    assert done.code == 0
    assert __version__ in done.stdout


def test_the_help_has_its_examples_on_lines_of_their_own(ls_tools: Any) -> None:
    lines = ls_tools("--help").stdout.splitlines()
    assert "  Examples:" in lines
    assert "    ls-tools demo" in lines


def test_the_help_loads_no_command(ls_tools: Any) -> None:
    script = (
        "import sys; from ls_tools.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('requests', 'msgspec', 'numpy', 'boto3', 'rich')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert ls_tools("--help").stdout.count("\n") > 10


def test_convert_prints_one_document_and_the_same_without_run(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    arguments = ("--config", tmp_path / "config.xml", "--to", "coco", "--out")
    done = ls_tools("convert", export, *arguments, tmp_path / "out", "--json")
    assert done.code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    document = done.document
    assert set(document.pop("run")) == {"seconds", "fetched", "from_cache"}
    assert document == report
    assert report["regions_in"] == 2
    assert report["regions_written"] == 1
    assert report["skipped"][0]["reason"] == "control not expressible: Choices"
    assert report["skipped"][0]["examples"] == [{"task_id": 7, "region_id": "c"}]


def test_strict_publishes_nothing_and_exits_with_6(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    arguments = ("--to", "coco", "--out", tmp_path / "out", "--strict", "--json")
    done = ls_tools("convert", export, *arguments)
    assert done.code == 6
    assert done.document["error"]["kind"] == "losses"
    assert not (tmp_path / "out").exists()


def test_failed_media_exit_with_6_and_publish(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    arguments = ("--to", "coco", "--out", tmp_path / "out", "--media", "copy")
    done = ls_tools("convert", export, *arguments, "--json")
    assert done.code == 6
    (failure,) = done.document["media"]["failed"]
    assert failure["task_id"] == 7
    assert failure["reference"] == "/data/local-files/?d=a.png"
    assert (tmp_path / "out" / "result.json").exists()
    assert ls_tools("convert", export, *arguments, "--keep-going").code == 0


def test_a_dry_run_reports_and_writes_nothing(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    arguments = ("--to", "coco", "--out", tmp_path / "out", "--dry-run", "--json")
    done = ls_tools("convert", export, *arguments)
    assert done.code == 0
    assert done.document["regions_in"] == 2
    assert {p.name for p in tmp_path.iterdir()} == {"tasks.json", "config.xml", "work"}


def test_standard_input_is_an_export(
    ls_tools: Any, export: Path, tmp_path: Path
) -> None:
    arguments = ("convert", "-", "--to", "jsonl", "--out", tmp_path / "out", "--quiet")
    done = ls_tools(*arguments, stdin=export.read_text())
    assert done.code == 0
    assert done.stderr == ""
    line = (tmp_path / "out" / "result.jsonl").read_text()
    assert json.loads(line) == json.loads(export.read_text())[0]


def test_resolve_keeps_the_order_and_marks_failures(
    ls_tools: Any, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.png").write_bytes(b"x")
    wanted = ["/data/local-files/?d=a.png", "/data/local-files/?d=no.png"]
    env = {"LOCAL_FILES_DOCUMENT_ROOT": str(root)}
    done = ls_tools("resolve", "--refs-from", "-", stdin="\n".join(wanted), **env)
    assert done.code in {2, 3}
    assert done.stdout == f"{root}/a.png\n\n"
    listed = ls_tools("resolve", *wanted, "--json", **env)
    assert [one["ref"] for one in listed.document["results"]] == wanted
    assert listed.document["results"][0]["size_bytes"] == 1


def test_cache_commands_agree_with_each_other(ls_tools: Any, tmp_path: Path) -> None:
    info = ls_tools("cache", "info", "--json").document
    assert (info["entries"], info["size_bytes"]) == (0, 0)
    assert ls_tools("cache", "path").stdout.strip() == str(tmp_path / "cache")
    assert ls_tools("cache", "ls", "--json").document["entries"] == []
    assert ls_tools("cache", "verify").code == 0
    assert ls_tools("cache", "rm", "--all", "--json").document["removed"] == 0
    missing = ls_tools("cache", "path", "https://example.com/a.png", "--json")
    assert missing.code == 3


def test_formats_lists_what_can_be_written(ls_tools: Any) -> None:
    found = {
        one["name"]: one for one in ls_tools("formats", "--json").document["formats"]
    }
    assert {"json", "jsonl", "json_min", "csv", "tsv", "coco", "yolo"} <= set(found)
    assert "COCO_WITH_IMAGES" in found["coco"]["aliases"]
    assert "RectangleLabels" in found["coco"]["controls"]
    assert "KeyPointLabels" in found["coco"]["controls"]
    assert "KeyPointLabels" in found["yolo"]["controls"]
    assert {"Choices", "Labels"} <= set(found["spacy"]["controls"])
    assert all(one["available"] for one in found.values() if not one["extra"])


def test_the_token_file_may_be_standard_input(ls_tools: Any, tmp_path: Path) -> None:
    empty = tmp_path / "token"
    empty.write_text("\n")
    arguments = ("export", "1", "JSON", "--path", "x.json", "--json")
    done = ls_tools(*arguments, "--token-file", empty)
    assert done.code == 2
    assert "empty" in done.document["error"]["message"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_exits_with_130_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ls_tools",
            "convert",
            "-",
            "--to",
            "json",
            "--out",
            str(out),
            "--json",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write("[")
    process.stdin.flush()
    wait_until_reading(process.pid)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["error"]["message"] == "Interrupted."
    assert not out.exists()
    assert list(tmp_path.iterdir()) == []


def wait_until_reading(pid: int) -> None:
    """Return once the process waits for more of its standard input."""
    for _ in range(1500):
        # The number of the read call, then its file descriptor.
        if Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 "):
            return
        threading.Event().wait(0.02)
    pytest.fail("the process never read its standard input")


def test_the_deadline_of_a_command_is_exit_code_5(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ls_tools",
            "convert",
            "-",
            "--to",
            "json",
            "--out",
            str(tmp_path / "out"),
            "--json",
            "--timeout",
            "0.5",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    document = json.loads(process.stdout.read())
    assert process.wait(timeout=30) == 5
    assert document["error"]["kind"] == "deadline"
    process.communicate()


def test_retries_are_told_unless_quiet(ls_tools: Any) -> None:
    url, token = "http://127.0.0.1:9", "f" * 40
    options = ("--url", url, "--token", token, "--timeout", "2")
    done = ls_tools("export", "1", "JSON", "--path", "x.json", *options)
    assert done.code == 5
    assert "Trying again in" in done.stderr
    quiet = ls_tools("export", "1", "JSON", "--path", "x.json", *options, "--quiet")
    assert "Trying again" not in quiet.stderr
