"""Fork while a thread is fetching: the child lives on with what it inherited.

The child fetches another file, prints its process id, and waits for the file that
its parent never finishes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import Store, answer, request_for

from ls_tools.cache import Cache
from ls_tools.transfer import Fetched, Sink, Validator


def main(root: Path) -> None:
    cache = Cache(root)
    is_fetching = threading.Event()

    def stall(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"half")
        is_fetching.set()
        threading.Event().wait()
        return Fetched(size_bytes=4)

    threading.Thread(target=cache.get, args=(request_for("a"), stall)).start()
    is_fetching.wait()
    if os.fork() == 0:
        cache.get(request_for("b"), Store().fill)
        answer(os.getpid())
        answer(cache.get(request_for("a"), Store().fill).entry.path.read_text())
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
