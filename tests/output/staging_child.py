"""A run in a process of its own, for tests that kill it.

Usage: staging_child.py OUT TEXT MODE [NUMBER]

``wait`` stops before publishing until stdin is closed; ``kill`` kills itself before
the NUMBER-th change that publishing makes; ``fill`` allows files of NUMBER bytes.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ls_tools.errors import OutputError
from ls_tools.output import Tally, Tree, replacing, stage


def write_output(root: Path, text: str) -> None:
    """A small output as a format writes it."""
    tree = Tree(root)
    tree.write_bytes("labels/a.txt", text.encode())
    with tree.open("train.json") as file:
        file.write(text.encode() * 100_000)
    report = Tally().report("test", files_written=tree.files_written)
    tree.finish(report.to_json(run=False))


def kill_before(number: int, *, can_exchange: bool) -> None:
    """Die instead of making the ``number``-th change."""
    left = [number]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*args: Any, **kwargs: Any) -> Any:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return change(*args, **kwargs)

        return changed

    for name in ("rename", "touch", "unlink", "rmdir", "chmod"):
        setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
    shutil.rmtree = counted(shutil.rmtree)  # type: ignore[assignment]  # same call
    if can_exchange:
        replacing.exchange = counted(replacing.exchange)
    else:
        replacing.exchange = lambda *_: False


def interrupt(*_: object) -> None:
    """SIGTERM acts as Ctrl-C, as the command line arranges it."""
    raise KeyboardInterrupt


def main() -> int:
    """Run once; 3 on an OutputError, 130 when interrupted."""
    out, text, mode = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    signal.signal(signal.SIGTERM, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            with stage(out) as root:
                if mode == "fill":
                    limit = int(sys.argv[4])
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                write_output(root, text)
                sys.stdout.write("ready\n")
                sys.stdout.flush()
                if mode == "wait":
                    sys.stdin.read()
                elif mode.startswith("kill"):
                    kill_before(int(sys.argv[4]), can_exchange=mode == "kill")
        except OutputError as exc:
            sys.stderr.write(str(exc))
            return 3
        return 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
