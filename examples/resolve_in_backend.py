"""A task's media as local files inside ``predict()`` of an ML backend.

    export LABEL_STUDIO_URL=https://labels.example.com LABEL_STUDIO_API_KEY=...
    python resolve_in_backend.py "My project"

The backend below is called here with the first task of a project; a web server
would call it from many threads and processes, which share the cache.
"""

import sys
from pathlib import Path
from typing import Any

from ls_tools import Client, Resolver, resolve_task


class Backend:
    """Answers with the size of each medium; a model would look inside."""

    def __init__(self) -> None:
        self.resolver = Resolver()

    def predict(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One prediction per task."""
        return [self._predict_one(task) for task in tasks]

    def _predict_one(self, task: dict[str, Any]) -> dict[str, Any]:
        media = resolve_task(task, resolver=self.resolver)
        sizes = {key: Path(path).stat().st_size for key, path in media.items()}
        return {"task": task["id"], "result": [], "score": 1.0, "media": sizes}


with Client() as client:
    first = next(iter(client.tasks(sys.argv[1])))
print(Backend().predict([first])[0])
