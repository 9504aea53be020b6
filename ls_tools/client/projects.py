"""Projects: all of them, or one by its id or title."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING, Any

from ls_tools.client.answers import ProjectAnswer, ProjectPage
from ls_tools.errors import NotFoundError, UsageError
from ls_tools.models import Project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ls_tools.client.server import Server

ProjectRef = int | str | Project
"""A project, its id (also as text), or its exact title."""

_PAGE_SIZE = 100
_FIELDS = "id,title,label_config,task_number"
_LARGEST_ID = 2**63 - 1
_LARGEST_DIGITS = len(str(_LARGEST_ID))
_TITLES_COMPARED = 2000
_TITLES_SHOWN = 5


class Projects:
    """The projects that the token's user may see."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __iter__(self) -> Iterator[Project]:
        """Every project, by ascending id, a page at a time."""
        return self._pages({})

    def find(self, ref: ProjectRef) -> Project:
        """The project that ``ref`` names.

        Digits are taken as an id first, then as a title.

        Raises:
            NotFoundError: None has this id or title; the hint lists near ones.
            UsageError: Several have this title; the hint lists their ids.
        """
        if isinstance(ref, Project):
            return ref
        found = self._by_id(ref) or self._by_title(ref)
        if found is None:
            raise self._missing(ref)
        return found

    def find_id(self, ref: ProjectRef) -> int:
        """The id of the project that ``ref`` names.

        Asks the server only where ``ref`` is text.

        Raises:
            NotFoundError: No project has this id or title.
            UsageError: Several have this title.
        """
        return ref if isinstance(ref, int) else self.find(ref).id

    def _pages(self, params: dict[str, Any]) -> Iterator[Project]:
        seen: set[int] = set()
        asked = {"ordering": "id", "include": _FIELDS, **params}
        page: ProjectPage | None = ProjectPage(results=[], next="first")
        number = 0
        while page is not None and page.next:
            number += 1
            asked |= {"page": number, "page_size": _PAGE_SIZE}
            page = self._server.look("/api/projects/", ProjectPage, params=asked)
            if page is None and number == 1:
                raise self._no_api()
            fresh = [x for x in page.results if x.id not in seen] if page else []
            seen.update(answer.id for answer in fresh)
            yield from (answer.project() for answer in fresh)
            if page is not None and page.next and not fresh:
                raise self._server.repeats(what="projects")

    def _no_api(self) -> NotFoundError:
        msg = f"There is no Label Studio at {self._server.origin}."
        return NotFoundError(msg, hint="Check the URL, and the path in it.")

    def _by_id(self, ref: int | str) -> Project | None:
        text = str(ref).strip()
        is_id = text.isascii() and text.isdigit() and len(text) <= _LARGEST_DIGITS
        if not (is_id and 0 < int(text) <= _LARGEST_ID):
            return None
        answer = self._server.look(f"/api/projects/{int(text)}/", ProjectAnswer)
        return answer.project() if answer else None

    def _by_title(self, ref: int | str) -> Project | None:
        if isinstance(ref, int) or not ref.strip():
            return None
        named = [one for one in self._pages({"title": ref}) if one.title == ref]
        if len(named) > 1:
            msg = f"{len(named)} projects are titled {ref!r}."
            ids = ", ".join(str(one.id) for one in named)
            raise UsageError(msg, hint=f"Give the id of one: {ids}.", project=ref)
        return named[0] if named else None

    def _missing(self, ref: int | str) -> NotFoundError:
        known = list(islice(self, _TITLES_COMPARED))
        shown = _near(str(ref), known) or known[:_TITLES_SHOWN]
        what = f"with id {ref}" if isinstance(ref, int) else f"{ref!r}"
        msg = f"There is no project {what} on {self._server.origin}."
        hint = f"There is {_list(shown)}." if shown else "This user sees none at all."
        return NotFoundError(msg, hint=hint, project=ref)


def _near(text: str, known: Iterable[Project]) -> list[Project]:
    by_title = {one.title.casefold(): one for one in known}
    close = difflib.get_close_matches(text.casefold(), by_title, _TITLES_SHOWN)
    return [by_title[title] for title in close]


def _list(projects: Iterable[Project]) -> str:
    return ", ".join(f"{one.id} {one.title!r}" for one in projects)
