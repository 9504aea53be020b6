"""Fork inside a lease: the child leaves the block first; print what is leased."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import answer

from ls_tools.cache import Cache
from ls_tools.cache.layout import Layout
from ls_tools.cache.leases import find_leased


def main(root: str, key: str) -> None:
    cache = Cache(Path(root))
    entry = cache.lookup(key)
    assert entry is not None
    with cache.lease(entry):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            answer(sorted(find_leased(Layout(cache.root))))


if __name__ == "__main__":
    main(*sys.argv[1:])
