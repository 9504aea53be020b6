"""Lease an entry and wait to be killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import answer

from ls_tools.cache import Cache


def main(root: str, key: str) -> None:
    cache = Cache(Path(root))
    entry = cache.lookup(key)
    assert entry is not None
    with cache.lease(entry):
        answer("leased")
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
