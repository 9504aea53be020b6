"""Resolve references where no socket may be opened; print what came of it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from ls_tools.resolver import Resolver
from ls_tools.settings import Settings

FOREIGN = ("boto3", "botocore", "google.cloud", "azure", "obstore", "requests")


def forbid(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        traceback.print_stack()
        os._exit(99)


def main(root: str, url: str, references: list[str]) -> None:
    sys.addaudithook(forbid)
    settings = Settings(url=url, cache_dir=Path(root), mode="offline")
    with Resolver(settings) as resolver:
        found = resolver.paths(references)
        for reference in references:
            resolver.expected_path(reference)
    results = [
        [one.path, one.error.kind if one.error else None, str(one.error)]
        for one in found
    ]
    loaded = [name for name in FOREIGN if name in sys.modules]
    sys.stdout.write(json.dumps({"results": results, "loaded": loaded}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
