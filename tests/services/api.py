"""A small client of the server's API that puts data in; shares no code with
the package under test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from services.sites import Site

if TYPE_CHECKING:
    from typing_extensions import Self

Result = Sequence[dict[str, Any]]


class Api:
    """Calls of one user to one server; every unexpected status is an error.

    Args:
        site: The server.
        authorization: The header to send; the first user's legacy token by
            default.
    """

    def __init__(self, site: Site, *, authorization: str | None = None) -> None:
        self._url = site.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = authorization or f"Token {site.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """The answer to a request, whatever its status."""
        url = path if "://" in path else self._url + path
        return self._session.request(method, url, **{"timeout": 60, **options})

    def get(self, path: str, **options: Any) -> Any:
        """The JSON at ``path``."""
        return self._json("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        """The JSON answer to ``json`` sent to ``path``; None if it is empty."""
        return self._json("POST", path, json=json, **options)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        answer = self.request(method, path, **options)
        if not answer.ok:
            msg = f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            raise AssertionError(msg)
        return answer.json() if answer.content else None

    def create_project(self, title: str, label_config: str) -> int:
        """Create a project; returns its id."""
        created = self.post(
            "/api/projects/", {"title": title, "label_config": label_config}
        )
        return int(created["id"])

    def upload(self, project: int, name: str, content: bytes) -> int:
        """Upload a media file; returns the id of the one task it becomes."""
        imported = self.post(
            f"/api/projects/{project}/import?return_task_ids=true",
            files={name: (name, content)},
        )
        return int(imported["task_ids"][0])

    def import_tasks(self, project: int, tasks: Sequence[Any]) -> list[int]:
        """Import tasks as JSON; returns their ids in the order given."""
        imported = self.post(
            f"/api/projects/{project}/import?return_task_ids=true", list(tasks)
        )
        return [int(task) for task in imported["task_ids"]]

    def annotate(self, task: int, result: Result, **fields: Any) -> int:
        """Add an annotation (``was_cancelled``, ``ground_truth``…); returns its id."""
        fields = {"lead_time": 1.5, **fields, "result": list(result)}
        return int(self.post(f"/api/tasks/{task}/annotations/", fields)["id"])

    def predict(self, task: int, result: Result, **fields: Any) -> int:
        """Add a prediction (``score``, ``model_version``); returns its id."""
        fields = {**fields, "task": task, "result": list(result)}
        return int(self.post("/api/predictions/", fields)["id"])

    def draft(self, task: int, result: Result) -> int:
        """Add a draft; returns its id."""
        fields = {"result": list(result), "lead_time": 1.0}
        return int(self.post(f"/api/tasks/{task}/drafts", fields)["id"])

    def add_local_files(
        self, project: int, folder: Path, *, pattern: str = ".*"
    ) -> list[int]:
        """Make a task of every file in ``folder``, below the document root.

        Returns:
            The ids of the new tasks.
        """
        before = set(self.tasks(project))
        storage = self.post(
            "/api/storages/localfiles/",
            {
                "project": project,
                "path": str(folder),
                "regex_filter": pattern,
                "use_blob_urls": True,
                "recursive_scan": True,
            },
        )
        self.post(f"/api/storages/localfiles/{storage['id']}/sync")
        return sorted(set(self.tasks(project)) - before)

    def create_view(self, project: int, title: str, filters: Mapping[str, Any]) -> int:
        """Create a view (a saved tab of the data manager); returns its id."""
        data = {"title": title, "filters": filters}
        created = self.post("/api/dm/views/", {"project": project, "data": data})
        return int(created["id"])

    def create_user(self, email: str) -> int:
        """Create a user of the same organisation; returns its id."""
        fields = {"email": email, "username": email.partition("@")[0]}
        return int(self.post("/api/users/", fields)["id"])

    def tasks(self, project: int) -> dict[int, dict[str, Any]]:
        """The data of every task of a project, as stored."""
        listed = self.get(
            "/api/tasks",
            params={"project": project, "page_size": 1000, "resolve_uri": "false"},
        )
        return {int(task["id"]): task["data"] for task in listed["tasks"]}
