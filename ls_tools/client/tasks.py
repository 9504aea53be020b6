"""Tasks of a project, page by page, each exactly once."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ls_tools.client.answers import TaskPage
from ls_tools.client.queries import check_query, continue_after
from ls_tools.client.views import Views
from ls_tools.errors import ServerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ls_tools.client.server import Server

_LOGGER = logging.getLogger("ls_tools")

DEFAULT_PAGE_SIZE = 100

_MOST_STALE_PAGES = 10
"""Tasks made meanwhile may push known ones back by some pages, not for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSelection:
    """Which tasks, and how much of each.

    Attributes:
        view: Id of a Data Manager view; its filters and selected items count.
        query: A Data Manager query instead of a view.
        page_size: Tasks per request, 1 or more.
        fields_all: With annotations, predictions and drafts in full.
    """

    view: int | None = None
    query: Mapping[str, Any] | None = None
    page_size: int = DEFAULT_PAGE_SIZE
    fields_all: bool = True

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.view is not None and self.query is not None:
            msg = "Tasks are selected by a view or by a query, not by both."
            raise UsageError(msg, hint="The server would ignore the query.")
        if self.page_size < 1:
            msg = f"A page cannot have {self.page_size} tasks."
            raise UsageError(msg, hint="Give a page_size of 1 or more.")


class Tasks:
    """The tasks of one project."""

    def __init__(self, server: Server, project_id: int) -> None:
        self._server = server
        self._project_id = project_id

    def read(self, selection: TaskSelection) -> Iterator[dict[str, Any]]:
        """Yield the selected tasks by ascending id, references unresolved.

        A task is yielded once. Where the number of tasks changes while they
        are read, a warning is logged.

        Raises:
            NotFoundError: No such project or view.
            UsageError: The query is malformed.
            ServerError: The server sends the same tasks without end.
        """
        pages = _Pages(
            self._server, self._project_id, selection, self._query(selection)
        )
        seen: set[int] = set()
        stale = 0
        for page in pages:
            fresh = [task for task in page if task["id"] not in seen]
            stale = 0 if fresh else stale + 1
            if stale > _MOST_STALE_PAGES:
                raise self._server.repeats(what="tasks")
            seen.update(task["id"] for task in fresh)
            yield from fresh
        if pages.total != len(seen):
            _LOGGER.warning(
                "Project %d changed while it was read: %d tasks announced, %d read.",
                self._project_id,
                pages.total,
                len(seen),
            )

    def _query(self, selection: TaskSelection) -> dict[str, Any]:
        if selection.view is None:
            return check_query(selection.query or {})
        return check_query(
            Views(self._server, self._project_id).find(selection.view).query
        )


class _Pages:
    """The pages of one query; ``total`` is what the first one announced."""

    def __init__(
        self,
        server: Server,
        project_id: int,
        selection: TaskSelection,
        query: dict[str, Any],
    ) -> None:
        self.total = 0
        self._server = server
        self._project_id = project_id
        self._query = query
        self._params = {
            "project": project_id,
            "page_size": selection.page_size,
            "resolve_uri": "false",
            **({"fields": "all"} if selection.fields_all else {}),
        }

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        page = self._first()
        self.total, number, last_id, is_ordered = page.total, 1, 0, True
        while page.tasks:
            yield page.tasks
            if len(page.tasks) >= page.total:
                return
            ids = [task["id"] for task in page.tasks]
            is_ordered = is_ordered and ids == sorted(ids) and ids[0] > last_id
            last_id = ids[-1]
            rest = continue_after(self._query, last_id) if is_ordered else None
            number += rest is None
            page = self._ask(rest, 1) if rest else self._ask(self._query, number)

    def _first(self) -> TaskPage:
        page = self._look(self._query, 1)
        if page is None:
            raise self._server.missing_project(self._project_id)
        return page

    def _ask(self, query: dict[str, Any], number: int) -> TaskPage:
        # Past the last page the server answers 404.
        return self._look(query, number) or TaskPage(tasks=[], total=0)

    def _look(self, query: dict[str, Any], number: int) -> TaskPage | None:
        params = {**self._params, "page": number, "query": json.dumps(query)}
        page = self._server.look("/api/tasks/", TaskPage, params=params)
        if page and not all(isinstance(task.get("id"), int) for task in page.tasks):
            msg = f"The server sent tasks of project {self._project_id} without ids."
            raise ServerError(msg, hint="Is this a Label Studio server?")
        return page
