"""Snapshots of a project: made once, listed, awaited, deleted."""

from __future__ import annotations

import logging
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from ls_tools.client.answers import SnapshotAnswer, parse_answer
from ls_tools.client.views import Views
from ls_tools.errors import (
    DeadlineError,
    ExportFailedError,
    LsToolsError,
    NetworkError,
    NotFoundError,
    UsageError,
)

if TYPE_CHECKING:
    from ls_tools.client.filters import SnapshotFilter
    from ls_tools.client.server import Deadline, Server
    from ls_tools.models import Snapshot

_LOGGER = logging.getLogger("ls_tools")

DEFAULT_TITLE = "ls-tools"
LONGEST_TITLE = 2000
FIND_AGAIN_S = 15.0
_NOT_TAKEN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def make_unique_title(title: str | None) -> str:
    """``title`` with a suffix that no other snapshot has.

    Raises:
        UsageError: The title is longer than the server takes.
    """
    text = (title or "").strip() or DEFAULT_TITLE
    if len(text) > LONGEST_TITLE or not text.isprintable():
        msg = f"A snapshot title has at most {LONGEST_TITLE} printable characters."
        raise UsageError(msg, hint="Give a shorter one.")
    return f"{text} {uuid.uuid4().hex}"


def _never_arrived(cause: LsToolsError) -> bool:
    """Whether the server surely knows nothing of a request that failed so."""
    is_refused = isinstance(cause.__cause__, ConnectionRefusedError)
    return is_refused or cause.data.get("status") in _NOT_TAKEN


class Snapshots:
    """The snapshots of one project.

    Attributes:
        server: Where they are.
        project_id: Whose they are.
        path: Their path on the server, with a trailing slash.
    """

    def __init__(self, server: Server, project_id: int) -> None:
        self.server = server
        self.project_id = project_id
        self.path: str = f"/api/projects/{project_id}/exports/"

    def all(self) -> list[Snapshot]:
        """The newest snapshots (the server lists 100), newest first.

        Raises:
            NotFoundError: There is no such project.
        """
        answers = self.server.look(self.path, list[SnapshotAnswer])
        if answers is None:
            raise self.server.missing_project(self.project_id)
        found = [answer.snapshot() for answer in answers]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def newest(self) -> Snapshot:
        """The newest completed snapshot.

        Raises:
            NotFoundError: The project has none.
        """
        for snapshot in self.all():
            if snapshot.status == "completed":
                return snapshot
        msg = f"Project {self.project_id} has no completed snapshot."
        hint = f"Make one: ls-tools snapshot create {self.project_id} --wait 600."
        raise NotFoundError(msg, hint=hint, project_id=self.project_id)

    def find(self, snapshot_id: int) -> Snapshot:
        """The snapshot with this id.

        Raises:
            NotFoundError: The project has none.
        """
        return self.describe(snapshot_id).snapshot()

    def describe(self, snapshot_id: int) -> SnapshotAnswer:
        """The snapshot with this id, and its conversions.

        Raises:
            NotFoundError: The project has none.
        """
        answer = self.server.look(f"{self.path}{snapshot_id}", SnapshotAnswer)
        if answer is None:
            raise self._missing(snapshot_id)
        return answer

    def create(self, chosen: SnapshotFilter, title: str | None = None) -> Snapshot:
        """Make a snapshot; exactly one, even where the answer is lost.

        The server works inside the request, so on large projects the request
        times out while the server goes on; the snapshot is then found in the
        list by its unique title, perhaps still unfinished.

        Raises:
            NotFoundError: There is no such project, or it has no such view.
            ExportFailedError: The server made it, and it failed.
            NetworkError: No answer came, and no snapshot.
        """
        if chosen.view is not None:
            Views(self.server, self.project_id).find(chosen.view)
        unique = make_unique_title(title)
        return self._refuse_failed(self._create(unique, chosen))

    def wait(self, snapshot_id: int, deadline: Deadline) -> Snapshot:
        """Wait until the snapshot is completed.

        Args:
            snapshot_id: Which.
            deadline: When to give up.

        Raises:
            ExportFailedError: The snapshot failed.
            DeadlineError: It is not completed in time.
            NotFoundError: There is no such snapshot.
        """
        while (snapshot := self.find(snapshot_id)).status != "completed":
            self._refuse_failed(snapshot)
            if not deadline.wait():
                raise self._late(snapshot, deadline.seconds)
        return snapshot

    def delete(self, snapshot_id: int) -> None:
        """Delete the snapshot from the server.

        Raises:
            NotFoundError: There is no such snapshot.
        """
        self.find(snapshot_id)
        url = self.server.origin.url(f"{self.path}{snapshot_id}")
        # 404: an earlier try got through and its answer did not.
        ok = (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)
        self.server.transport.request("DELETE", url, ok=ok)

    def _create(self, title: str, chosen: SnapshotFilter) -> Snapshot:
        body = {"title": title, **chosen.body()}
        tries = 0
        while True:
            tries += 1
            try:
                answer = self.server.post(self.path, body)
                return parse_answer(answer, SnapshotAnswer).snapshot()
            except NotFoundError as exc:
                raise self.server.missing_project(self.project_id) from exc
            except NetworkError as exc:
                cause = exc
            found = self._find_again(title, cause, tries)
            if found is not None:
                return found
            if tries >= self.server.settings.retry_attempts:
                raise self._lost(title, cause) from cause

    def _find_again(
        self, title: str, cause: LsToolsError, tries: int
    ) -> Snapshot | None:
        _LOGGER.warning(
            "The request to make a snapshot got no answer (%s); looking for it.",
            cause.message,
        )
        deadline = self.server.deadline(self._patience_s(cause, tries))
        while True:
            try:
                listed = self.all()
            except NetworkError as exc:
                raise self._lost(title, exc) from exc
            for snapshot in listed:
                if snapshot.title == title:
                    return snapshot
            if not deadline.wait():
                return None

    def _patience_s(self, cause: LsToolsError, tries: int) -> float:
        """How long to look for a snapshot before it is asked for again."""
        if not _never_arrived(cause):
            return FIND_AGAIN_S
        settings = self.server.settings
        return min(settings.retry_wait_s * 2.0**tries, settings.retry_wait_max_s)

    def _refuse_failed(self, snapshot: Snapshot) -> Snapshot:
        if snapshot.status == "failed":
            msg = f"Snapshot {snapshot.id} of project {self.project_id} failed."
            hint = "The server's log says why; make a new one when that is repaired."
            raise ExportFailedError(msg, hint=hint, snapshot_id=snapshot.id)
        return snapshot

    def _late(self, snapshot: Snapshot, seconds: float) -> DeadlineError:
        what = f"Snapshot {snapshot.id} of project {self.project_id}"
        msg = f"{what} is still {snapshot.status} after {seconds:g} s."
        wait = f"ls-tools snapshot wait {self.project_id} {snapshot.id}"
        return DeadlineError(
            msg, hint=f"Go on waiting with: {wait}", snapshot_id=snapshot.id
        )

    def _lost(self, title: str, cause: LsToolsError) -> NetworkError:
        msg = f"No new snapshot is seen in project {self.project_id}: {cause.message}"
        hint = f"Look for one titled {title!r} before you try again."
        return NetworkError(msg, hint=hint, project_id=self.project_id)

    def _missing(self, snapshot_id: int) -> NotFoundError:
        if not self.server.has_project(self.project_id):
            return self.server.missing_project(self.project_id)
        known = ", ".join(str(one.id) for one in self.all()[:10])
        msg = f"Project {self.project_id} has no snapshot {snapshot_id}."
        hint = f"It has {known}." if known else "It has no snapshots."
        return NotFoundError(msg, hint=hint, project_id=self.project_id)
