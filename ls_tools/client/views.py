"""Data Manager views of a project: the tabs with their filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ls_tools.client.answers import ViewAnswer, parse_answer
from ls_tools.client.queries import QUERY_KEYS
from ls_tools.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ls_tools.client.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A Data Manager view.

    Attributes:
        id: Its id.
        title: The tab's title.
        query: Its filters and selected items, as a task query takes them.
    """

    id: int
    title: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)


class Views:
    """The views of one project."""

    def __init__(self, server: Server, project_id: int) -> None:
        self._server = server
        self._project_id = project_id

    def all(self) -> list[View]:
        """Every view, in the order of the tabs.

        Raises:
            NotFoundError: There is no such project.
        """
        url = self._server.origin.url("/api/dm/views/")
        params = {"project": self._project_id}
        # An unknown project is a validation error (400) here.
        ok = (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
        answer = self._server.transport.request("GET", url, params=params, ok=ok)
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise self._server.missing_project(self._project_id)
        return [_view(item) for item in parse_answer(answer, list[ViewAnswer])]

    def find(self, view_id: int) -> View:
        """The view with this id.

        Raises:
            NotFoundError: The project has no such view; the hint lists those
                it has.
        """
        views = {view.id: view for view in self.all()}
        if view_id not in views:
            known = ", ".join(f"{one.id} {one.title!r}" for one in views.values())
            msg = f"Project {self._project_id} has no view {view_id}."
            hint = f"It has {known}." if known else "It has no views."
            raise NotFoundError(msg, hint=hint, project_id=self._project_id)
        return views[view_id]


def _view(answer: ViewAnswer) -> View:
    data = answer.data or {}
    query = {name: data[name] for name in QUERY_KEYS if name in data}
    return View(id=answer.id, title=str(data.get("title") or ""), query=query)
