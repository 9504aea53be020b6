"""Use a cache under a fault of the operating system; print how each call ended."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cache.rig import Store, answer, names_in, request_for

from ls_tools.cache import Cache, Outcome
from ls_tools.errors import LsToolsError


def outcome_of(call: Callable[[], Outcome]) -> dict[str, object]:
    try:
        outcome = call()
    except LsToolsError as exc:
        return {"error": type(exc).__name__, "message": str(exc)}
    body = outcome.entry.path.read_bytes()
    return {"body": body[:20].decode(), "from_cache": outcome.from_cache}


def limit_file_size(_root: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def leave_as_is(_root: Path) -> None:
    """The fault was made before this process began."""


def main(root: Path, fault: Callable[[Path], None]) -> None:
    cache, store = Cache(root), Store()
    fault(root)
    big = Store(body=b"x" * 5_000_000)
    found: dict[str, object] = {
        "hit": outcome_of(lambda: cache.get(request_for("cached"), store.fill)),
        "confirmed": outcome_of(
            lambda: cache.get(request_for("cached"), store.fill, mode="revalidate")
        ),
        "big": outcome_of(lambda: cache.get(request_for("big"), big.fill)),
        "small": outcome_of(lambda: cache.get(request_for("small"), store.fill)),
    }
    found["entries"] = [entry.meta.reference for entry in cache.entries()]
    folder = root / "v1" / "tmp"
    found["left"] = names_in(folder) if folder.exists() else []
    answer(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), globals()[sys.argv[2]])
