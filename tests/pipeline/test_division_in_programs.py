"""Several processes convert in any program, and leave nothing of themselves there."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from formats.goldens import read_tree
from pipeline.rig import CONFIG, box, task

LONG_S = 60
PRELUDE = """
import logging, os, sys
from pathlib import Path
from ls_tools import Settings, convert
from ls_tools.pipeline.division import planning
from ls_tools.reading import inputs

planning.CHUNK_BYTES, planning.WORTH_BYTES = 1500, 1
inputs._MAPPED_FROM_BYTES, planning.core_count = 1, lambda: 2
folder, told = Path(sys.argv[1]), []


class Told(logging.Handler):
    def emit(self, record):
        told.append(record.getMessage())


logging.getLogger("ls_tools").setLevel(logging.DEBUG)
logging.getLogger("ls_tools").addHandler(Told())


def run(count=2, to="coco", **options):
    told.clear()
    settings = {"mode": "offline", "cache_dir": folder / "cache"}
    settings |= options.pop("settings", {})
    return convert(
        folder / "export.json",
        to,
        folder / str(count),
        config=folder / "config.xml",
        settings=Settings(processes=count, **settings),
        **options,
    )


def children():
    stats = Path("/proc/self/task").glob("*/children")
    return [child for stat in stats for child in stat.read_text().split()]


def tell(**facts):
    (folder / "facts.json").write_text(json.dumps(facts))


import json

run(1)
"""

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="Linux alone has these"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an export, and an empty one to stand in."""
    tasks = [task(n, box(f"r{n}")) for n in range(1, 40)]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tmp_path / "config.xml").write_text(CONFIG)
    (tmp_path / "cwd").mkdir()
    return tmp_path


def run_program(
    folder: Path, text: str, *flags: str, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a program after the prelude; what it told."""
    program = folder / "program.py"
    program.write_text(PRELUDE + textwrap.dedent(text))
    subprocess.run(
        [sys.executable, *flags, str(program), str(folder)],
        check=True,
        cwd=folder / "cwd",
        env={**os.environ, **(env or {})},
        timeout=LONG_S,
    )
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_bytes())
    return facts


def is_same(folder: Path) -> bool:
    return read_tree(folder / "1") == read_tree(folder / "2")


def test_a_program_needs_no_guard_around_its_main_part(folder: Path) -> None:
    text = """
    with (folder / "log").open("a") as log:
        log.write("begun")
    run()
    tell(told=told)
    """
    assert run_program(folder, text) == {"told": []}
    assert (folder / "log").read_text() == "begun"
    assert is_same(folder)


@pytest.mark.parametrize("flags", [["-I"], ["-E", "-s"], ["-W", "error"], ["-O"]])
def test_workers_are_like_the_interpreter_that_begins_them(
    flags: list[str], folder: Path
) -> None:
    assert run_program(folder, "run(); tell(told=told)", *flags) == {"told": []}
    assert is_same(folder)


@needs_proc
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_standard_streams_may_be_closed(closed: tuple[int, ...], folder: Path) -> None:
    text = f"""
    for number in {closed}:
        os.close(number)
    before = os.listdir("/proc/self/fd")
    run()
    tell(told=told, left=len(os.listdir("/proc/self/fd")) - len(before))
    os._exit(0)
    """
    assert run_program(folder, text) == {"told": [], "left": 0}
    assert is_same(folder)


def test_nothing_is_imported_from_the_working_directory(folder: Path) -> None:
    for name in ("json", "pickle", "select", "threading"):
        (folder / "cwd" / f"{name}.py").write_text("raise SystemExit(3)")
    assert run_program(folder, "run(); tell(told=told)") == {"told": []}


def test_the_path_may_hold_what_is_no_text(folder: Path) -> None:
    text = """
    sys.path += [Path("/tmp"), b"/bytes", "/no/such.zip", "/not/\\udcff"]
    run()
    tell(told=told)
    """
    assert run_program(folder, text) == {"told": []}


@pytest.mark.parametrize("entry", ["/nul\\0", "\\ud800"])
def test_a_path_that_cannot_be_told_leaves_it_to_one_process(
    entry: str, folder: Path
) -> None:
    text = f"""
    sys.path.append("{entry}")
    run()
    tell(told=told)
    """
    assert run_program(folder, text)["told"]
    assert is_same(folder)


def test_the_working_directory_may_be_gone(folder: Path) -> None:
    text = """
    os.rmdir(folder / "cwd")
    run()
    run()
    tell()
    """
    run_program(folder, text)  # Python 3.13.0 cannot begin another one there
    assert is_same(folder)


@needs_proc
def test_few_descriptors_are_enough(folder: Path) -> None:
    """What one process can do under a limit, is done, and leaves none open."""
    text = """
    import gc, resource

    def attempt(limit, count):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 4096))
        try:
            run(count)
            return "done"
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}".partition("ls_tools-new")[0]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))

    run()
    used = len(os.listdir("/proc/self/fd"))
    ends = [
        [attempt(limit, count).replace(f"{folder}/{count}", "") for count in (1, 2)]
        for limit in range(used + 1, used + 40, 2)
    ]
    gc.collect()  # what failed may hold files until then
    left = len(os.listdir("/proc/self/fd")) - used
    tell(ends=ends, left=left, children=children())
    """
    facts = run_program(folder, text)
    assert (facts["left"], facts["children"]) == (0, [])
    done = [one == "done" for one, _ in facts["ends"]]
    assert any(done)
    assert done == [several == "done" for _, several in facts["ends"]]


@needs_proc
def test_failures_leave_neither_descriptors_nor_children(folder: Path) -> None:
    text = """
    class Failing:
        def start(self, *_):
            pass

        def advance(self, _):
            raise ZeroDivisionError

        def finish(self):
            pass

    from ls_tools.pipeline.division import crew
    boot = crew._BOOT
    before = len(os.listdir("/proc/self/fd"))
    ends = []
    for words in (boot, "raise SystemExit", "import os; os.close(0); os.abort()"):
        crew._BOOT = words
        try:
            run(progress=Failing())
        except ZeroDivisionError:
            ends.append(len(os.listdir(folder)))
    left = len(os.listdir("/proc/self/fd")) - before
    tell(left=left, children=children(), ends=len(ends), out=(folder / "2").exists())
    """
    facts = run_program(folder, text)
    assert facts == {"left": 0, "children": [], "ends": 3, "out": False}


@needs_proc
def test_no_secret_is_among_the_arguments_of_a_worker(folder: Path) -> None:
    text = """
    import threading
    from ls_tools.pipeline.division import joining

    seen = []
    write = joining.Joiner.write

    def look(*given):
        for child in children():
            for name in ("cmdline", "environ"):
                seen.append((Path("/proc") / child / name).read_bytes())
        return write(*given)

    joining.Joiner.write = look
    secrets = {"token": "SECRET", "headers": {"Authorization": "SECRET"}}
    run(settings={"url": "https://labels.example", **secrets})
    tell(told=told, seen=len(seen), leaks=sum(b"SECRET" in one for one in seen))
    """
    assert run_program(folder, text) == {"told": [], "seen": 4, "leaks": 0}


def test_threads_convert_at_once(folder: Path) -> None:
    text = """
    import threading
    threads = [threading.Thread(target=run, args=(count,)) for count in range(2, 6)]
    planning.core_count = lambda: 2
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(told=told)
    """
    assert run_program(folder, text) == {"told": []}
    for count in range(2, 6):
        assert read_tree(folder / str(count)) == read_tree(folder / "1")


def test_a_daemon_converts_too(folder: Path) -> None:
    text = """
    import multiprocessing

    def work():
        run()
        tell(told=told)

    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    process.join()
    """
    assert run_program(folder, text) == {"told": []}
    assert is_same(folder)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("def write(self, *given):\n        super().write(*given)", "quickest"),
        ("", "a worker process ended"),
    ],
    ids=["writes in a way of its own", "cannot be imported"],
)
def test_what_is_made_of_a_format_of_ours_is_left_to_one_process(
    body: str, why: str, folder: Path
) -> None:
    text = f"""
from ls_tools.formats import load_format, register_format

class Own(type(load_format("csv"))):
    name = "own"
    {body}

register_format("own", Own)
run(1, to="own")
run(2, to="own")
tell(told=told)
"""
    assert why in run_program(folder, text)["told"][0]
    assert is_same(folder)


def test_what_can_be_read_once_only_is_left_to_one_process(folder: Path) -> None:
    text = """
    from ls_tools.output import ClassPolicy

    for count in (1, 2):
        receive, send = os.pipe()
        os.write(send, b"zebra\\nCar\\n")
        os.close(send)
        run(count, to="yolo", classes=ClassPolicy(pinned=Path(f"/dev/fd/{receive}")))
        os.close(receive)
    tell(told=told)
    """
    assert len(run_program(folder, text)["told"]) == 1
    assert is_same(folder)
    assert "zebra" in (folder / "2" / "classes.txt").read_text()


def test_what_was_updated_meanwhile_does_nothing(folder: Path) -> None:
    text = """
    from ls_tools.pipeline.division import crew
    crew.__version__ = "0.0.1"
    run()
    tell(told=told)
    """
    assert "a worker process ended" in run_program(folder, text)["told"][0]
    assert is_same(folder)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux alone has these")
@pytest.mark.parametrize("forks", [False, True])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_who_began_it(
    number: int,
    forks: bool,  # noqa: FBT001 -- a parameter
) -> None:
    """Nor where a fork of that one lives on."""
    program = f"""
        import os, signal, subprocess, sys
        from ls_tools.pipeline.division.crew import start_crew

        class Noted(subprocess.Popen):
            def __init__(self, *given, **options):
                super().__init__(*given, **options)
                begun.append(self.pid)

        begun, subprocess.Popen = [], Noted
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with start_crew(2, os.open(os.devnull, os.O_RDONLY)) as crew:
            if {forks} and not os.fork():
                sys.stdin.read()
                os._exit(0)
            print(*begun, flush=True)
            sys.stdin.read()
        """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdout is not None
        workers = [os.pidfd_open(int(one)) for one in parent.stdout.readline().split()]
        parent.send_signal(number)
        parent.wait(LONG_S)
        assert len(workers) == 2
        for one in workers:
            assert select.select([one], [], [], LONG_S)[0], "it lives"
            os.close(one)
