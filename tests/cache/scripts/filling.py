"""Store ten times as much as the disk holds, then one thing that never fits."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import answer, is_kept, make_used, names_in, stored

from ls_tools.cache import Cache
from ls_tools.errors import CacheError


def main(root: str) -> None:
    cache, count = Cache(Path(root)), 0
    for index in range(40):
        entry = stored(cache, index, 1_000_000)
        count += is_kept(entry)
        make_used(entry, 10_000 - index)
    too_big = ""
    try:
        stored(cache, "too big", 50_000_000)
    except CacheError as exc:
        too_big = str(exc)
    left = names_in(cache.root / "v1" / "tmp")
    wrong = [str(problem) for problem in cache.verify()]
    answer({"stored": count, "too_big": too_big, "left": left, "wrong": wrong})


if __name__ == "__main__":
    main(sys.argv[1])
