"""Run a command for as long as the process that started it lives.

Run as ``python supervise.py SIGNAL COMMAND…`` with a pipe as standard input. When
the last writer of the pipe is gone, by a crash too, the command gets the signal.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading


def supervise(ending: signal.Signals, command: list[str]) -> int:
    """Run ``command`` until it ends, this is told to end, or stdin closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(ending))
    arguments = (child, ending)
    threading.Thread(target=_end_with_parent, args=arguments, daemon=True).start()
    return child.wait()


def _end_with_parent(child: subprocess.Popen[bytes], ending: signal.Signals) -> None:
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        while pipe.read(4096):
            pass
    child.send_signal(ending)


if __name__ == "__main__":
    sys.exit(supervise(signal.Signals[sys.argv[1]], sys.argv[2:]))
