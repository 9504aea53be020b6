"""Ask for every key from many threads at once; note each fetch in a folder."""

from __future__ import annotations

import random
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import answer, body_of, is_whole, request_for

from ls_tools.cache import Cache
from ls_tools.transfer import Fetched, Sink, Validator


def main(root: str, fetches: str, threads: int, keys: int) -> None:
    cache = Cache(Path(root))

    def get_all(seed: int) -> int:
        order = list(range(keys))
        random.Random(seed).shuffle(order)
        return sum(get_one(index) for index in order)

    def get_one(index: int) -> bool:
        def fill(sink: Sink, _validator: Validator | None) -> Fetched:
            (Path(fetches) / f"{index}.{uuid.uuid4().hex}").touch()
            body = body_of(index, index)
            sink.write_at(0, body)
            return Fetched(size_bytes=len(body))

        outcome = cache.get(request_for(index), fill)
        assert is_whole(outcome.entry.path.read_bytes(), index)
        return not outcome.from_cache

    sys.stdin.readline()
    with ThreadPoolExecutor(threads) as pool:
        answer(sum(pool.map(get_all, range(threads))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
