"""Conversions of a snapshot: asked for, awaited, and their failures seen."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from ls_tools.errors import DeadlineError, ExportFailedError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.client.answers import ConversionAnswer
    from ls_tools.client.server import Deadline
    from ls_tools.client.snapshots import Snapshots

_LOGGER = logging.getLogger("ls_tools")

Step = Literal["ask", "wait", "done"]

# 400 is also what a conversion that was already asked for gets.
_ANSWERED = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.BAD_REQUEST)
_SHOWN_CHARS = 200


def decide_step(conversions: Iterable[ConversionAnswer], export_type: str) -> Step:
    """What to do next for a conversion, from what the server says of it.

    A failed one may be asked for again.
    """
    states = {one.status for one in conversions if one.export_type == export_type}
    if "completed" in states:
        return "done"
    return "wait" if states & {"created", "in_progress"} else "ask"


class ServerConversion:
    """One snapshot on its way to one export type."""

    def __init__(
        self, snapshots: Snapshots, snapshot_id: int, export_type: str
    ) -> None:
        self._snapshots = snapshots
        self._snapshot_id = snapshot_id
        self._type = export_type
        self._asked = 0
        self._most_asked = snapshots.server.settings.retry_attempts
        self._old_failures = 0

    def ensure(self, deadline: Deadline, *, with_media: bool = False) -> None:
        """Ask for the conversion unless that was done, and wait until it is there.

        Args:
            deadline: When to give up.
            with_media: Whether the server puts media files into the archive.

        Raises:
            ExportFailedError: The conversion failed.
            DeadlineError: It was not ready in time.
            NotFoundError: The snapshot is gone.
            NetworkError: The server does not answer.
        """
        while (step := self._look()) != "done":
            if step == "ask" and self._ask(with_media=with_media):
                continue
            if not deadline.wait():
                raise self._late(deadline.seconds)

    def _look(self) -> Step:
        answer = self._snapshots.describe(self._snapshot_id)
        own = [c for c in answer.converted_formats or () if c.export_type == self._type]
        failures = [one for one in own if one.status == "failed"]
        if not self._asked:
            self._old_failures = len(failures)
        if len(failures) > self._old_failures:
            raise self._failed(failures[-1].traceback)
        return decide_step(own, self._type)

    def _ask(self, *, with_media: bool) -> bool:
        """Ask for the conversion; whether an answer came."""
        self._asked += 1
        path = f"{self._snapshots.path}{self._snapshot_id}/convert"
        body = {"export_type": self._type, "download_resources": with_media}
        try:
            answer = self._snapshots.server.post(path, body, ok=_ANSWERED)
        except NetworkError as exc:
            _LOGGER.info("The request to convert got no answer: %s", exc.message)
            if exc.data.get("status") == HTTPStatus.INTERNAL_SERVER_ERROR:
                self._refuse_stuck(exc)
            if self._asked >= self._most_asked:
                raise
            return False
        if answer.status == HTTPStatus.BAD_REQUEST and self._look() == "ask":
            raise self._failed(None)
        return self._asked < self._most_asked

    def _refuse_stuck(self, cause: NetworkError) -> None:
        # The server converts inside the request and does not write down that
        # it failed: the state stays "in_progress" for ever.
        if self._look() != "done":
            raise self._failed(None) from cause

    def _failed(self, traceback: str | None) -> ExportFailedError:
        lines = (traceback or "").strip().splitlines()
        reason = f": {lines[-1][:_SHOWN_CHARS]}" if lines else ""
        msg = f"The server failed to convert {self._what}{reason}."
        hint = "Download it as JSON and convert that with ls-tools convert."
        return ExportFailedError(msg, hint=hint, snapshot_id=self._snapshot_id)

    def _late(self, seconds: float) -> DeadlineError:
        msg = f"The conversion of {self._what} was not ready after {seconds:g} s."
        hint = (
            "A conversion that failed on the server can stay so for ever: then make "
            "a new snapshot, or download JSON and convert that with ls-tools convert."
        )
        return DeadlineError(msg, hint=hint, snapshot_id=self._snapshot_id)

    @property
    def _what(self) -> str:
        project_id = self._snapshots.project_id
        return f"snapshot {self._snapshot_id} of project {project_id} to {self._type}"
