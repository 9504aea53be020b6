from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Script = Callable[[str], Any]

FAMILY = """
import subprocess, sys
child = "import sys; held = bytes(range(256)) * 160_000; sys.stdin.read()"
children = [
    subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE)
    for _ in range(2)
]
sys.stdin.read()
for one in children:
    one.communicate()
"""


def side(script: Script, name: str, code: str, **options: Any) -> Any:
    command = [sys.executable, "-c", code]
    return script("measuring").Side(name, lambda out: [*command, str(out)], **options)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_of_children_is_summed(script: Script) -> None:
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        watch = script("measuring").Watch(process.pid)
        watch.start()
        deadline = time.monotonic() + 60
        while watch.anonymous_bytes < 80e6 and time.monotonic() < deadline:
            os.sched_yield()
        process.communicate()
        watch.stop()
    assert 80e6 < watch.anonymous_bytes < 150e6
    assert watch.resident_bytes > watch.anonymous_bytes


def test_processor_time_of_children_counts(script: Script, tmp_path: Path) -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    cost = script("measuring").run_side(side(script, "spin", code), tmp_path)
    assert cost.cpu_s >= 0.3


def test_a_side_may_tell_its_own_time(script: Script, tmp_path: Path) -> None:
    told = side(script, "told", "print('some'); print(12.5)", tells_s=True)
    assert script("measuring").run_side(told, tmp_path).wall_s == 12.5


def test_sides_run_by_turns(script: Script, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"open({str(log)!r}, 'a').write('%s')"
    sides = [
        side(script, "a", code % "a"),
        side(script, "b", code % "b", most_rounds=2),
    ]
    runs = script("measuring").compare(sides, 3, tmp_path)
    assert log.read_text() == "ababa"
    assert {name: len(costs) for name, costs in runs.items()} == {"a": 3, "b": 2}


def test_a_side_that_fails_says_why(script: Script, tmp_path: Path) -> None:
    measuring = script("measuring")
    failing = side(script, "bad", "import sys; sys.exit('no such thing')")
    with pytest.raises(measuring.RunError, match="no such thing"):
        measuring.run_side(failing, tmp_path)


def test_what_a_side_leaves_is_looked_at(script: Script, tmp_path: Path) -> None:
    measuring = script("measuring")

    def check(out: Path) -> None:
        raise measuring.RunError(str(sorted(x.name for x in out.iterdir())))

    code = "import sys; open(sys.argv[1] + '/made', 'w').close()"
    with pytest.raises(measuring.RunError, match="made"):
        measuring.run_side(side(script, "one", code, check=check), tmp_path)
