"""The projects of every control on the shared server, and their exports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ls_tools import Client, Settings, SnapshotFilter
from services.api import Api
from services.controls import control_projects
from services.corpus import normalised, seed_controls, write_media
from services.sites import Site

CORPUS = Path(__file__).parents[1] / "formats" / "corpus"
NAMES = tuple(control_projects())
SECOND_USER = "second-of-controls@example.com"
_FULL = SnapshotFilter(full={"predictions", "drafts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A project of the server, exported.

    Attributes:
        project: Its id.
        source: Its snapshot, a JSON file.
        config: Its label config, an XML file.
    """

    project: int
    source: Path
    config: Path

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """What the snapshot holds."""
        tasks: list[dict[str, Any]] = json.loads(self.source.read_bytes())
        return tasks


class EveryControl:
    """Makes each project when it is first asked for.

    Args:
        site: The server.
        api: Its client.
        folder: Where the exports go; processes of one run share it.
    """

    def __init__(self, site: Site, api: Api, folder: Path) -> None:
        self._site = site
        self._api = api
        self._folder = folder

    def export(self, name: str) -> Exported:
        """The project of an object tag."""
        source = self._folder / f"{name}.json"
        note = self._folder / f"{name}.project"
        if not note.exists():
            project = self._seed(name)
            export(self._site, project, source)
            note.write_text(str(project))
        return Exported(
            project=int(note.read_text()),
            source=source,
            config=source.with_suffix(".xml"),
        )

    def _seed(self, name: str) -> int:
        root = self._site.document_root
        if not (root / "controls").exists():
            write_media(root)
        return seed_controls(
            self._api,
            root,
            control_projects()[name],
            title=f"Controls {name}",
            second_user=self._second_user(),
        )

    def _second_user(self) -> int:
        users: list[Mapping[str, Any]] = self._api.get("/api/users/")
        known = {user["email"]: int(user["id"]) for user in users}
        return known.get(SECOND_USER) or self._api.create_user(SECOND_USER)


def export(site: Site, project: int, source: Path) -> None:
    """A snapshot of a project with everything in it, and beside it the config."""
    source.parent.mkdir(parents=True, exist_ok=True)
    with Client(Settings(url=site.url, token=site.token)) as client:
        made = client.create_snapshot(project, _FULL, wait_s=60)
        client.download_snapshot(project, made.id, source)
        config = client.project(project).label_config
    source.with_suffix(".xml").write_text(config, encoding="utf-8")


def corpus_text(tasks: list[dict[str, Any]]) -> str:
    """Tasks as the corpus has them: normalised, one a line."""
    lines = (
        json.dumps(task, ensure_ascii=False, separators=(",", ":"))
        for task in normalised(tasks)
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"
