"""Run a command for as long as the process that started it lives.

Run as ``python supervise.py COMMAND…`` with a pipe as standard input. When the
last writer of the pipe is gone, by a crash too, the command is told to end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading


def supervise(command: list[str]) -> int:
    """Run ``command`` until it ends, this is told to end, or stdin closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    watcher = threading.Thread(target=_end_with_parent, args=(child,), daemon=True)
    watcher.start()
    return child.wait()


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        while pipe.read(4096):
            pass
    child.terminate()


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
