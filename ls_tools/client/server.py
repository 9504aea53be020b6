"""The one server that a Client talks to: its URLs, its answers, its clock."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from ls_tools.client.answers import ProjectAnswer, parse_answer
from ls_tools.errors import NotFoundError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ls_tools.origin import Origin
    from ls_tools.progress import Progress
    from ls_tools.settings import Settings
    from ls_tools.transfer import Sink
    from ls_tools.transport import Answer, Transport

T = TypeVar("T")

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
WORK_S = 600.0
"""Seconds that the server may work in silence on an export or a conversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What every room of the client needs to ask the server something.

    Attributes:
        transport: Sends the requests.
        origin: Where the server is.
        settings: Bounds and time-outs.
        progress: Told how far long calls are.
        sleep: Waits a number of seconds.
        clock: Monotonic seconds.
    """

    transport: Transport
    origin: Origin
    settings: Settings
    progress: Progress
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def look(
        self, path: str, kind: type[T], *, params: Mapping[str, Any] | None = None
    ) -> T | None:
        """The answer to a GET of ``path``, parsed; None where that is 404.

        Args:
            path: Path below the server's prefix, with a leading slash.
            kind: What to parse the answer as.
            params: The query.

        Raises:
            AccessError: 401 or 403.
            NetworkError: No usable answer.
        """
        url = self.origin.url(path)
        ok = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        answer = self.transport.request("GET", url, params=params, ok=ok)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return parse_answer(answer, kind)

    def post(
        self, path: str, body: Mapping[str, Any], *, ok: tuple[int, ...] = (200, 201)
    ) -> Answer:
        """The answer to one POST, which is never repeated by itself.

        Raises:
            LsToolsError: The status is none of ``ok``, or nothing came back.
        """
        url = self.origin.url(path)
        return self.transport.request("POST", url, json=dict(body), retry=False, ok=ok)

    def fetch(self, path: str, sink: Sink, *, start: int = 0) -> None:
        """Stream a stored file into ``sink``, which holds ``start`` bytes of it.

        Raises:
            NotFoundError: 404.
            AccessError: 401 or 403.
            NetworkError: It did not come whole.
            OutputError: The sink cannot take it.
        """
        self._download(path, sink, start=start)

    def generate(
        self,
        path: str,
        sink: Sink,
        *,
        params: Mapping[str, Any],
        timeout_s: float = WORK_S,
    ) -> None:
        """Stream a file that the server makes for the request into ``sink``.

        Each request may make another one, so a cut file is asked for anew.

        Args:
            path: Path below the server's prefix, with a leading slash.
            sink: Where it goes.
            params: The query.
            timeout_s: Seconds that the server may work in silence.

        Raises:
            NotFoundError: 404.
            AccessError: 401 or 403.
            NetworkError: It did not come whole.
            OutputError: The sink cannot take it.
        """
        self._download(
            path, sink, params=params, resumable=False, read_timeout_s=timeout_s
        )

    def _download(self, path: str, sink: Sink, **options: Any) -> None:
        url = self.origin.url(path)
        self.progress.start("Downloading", unit="B")
        try:
            self.transport.download(
                url, sink, purpose="api", progress=self.progress, **options
            )
        finally:
            self.progress.finish()

    def has_project(self, project_id: int) -> bool:
        """Whether the server shows this project to the token's user."""
        return self.look(f"/api/projects/{project_id}/", ProjectAnswer) is not None

    def missing_project(self, project_id: int) -> NotFoundError:
        """The error for a project that the server does not show."""
        msg = f"There is no project {project_id} on {self.origin}."
        hint = "Or the token's user may not see it: compare with the list of projects."
        return NotFoundError(msg, hint=hint, project_id=project_id)

    def repeats(self, *, what: str) -> ServerError:
        """The error for a list that goes on and holds nothing new."""
        msg = f"{self.origin} sends the same {what} again and again."
        return ServerError(msg, hint="Is this a Label Studio server?")

    def deadline(self, seconds: float) -> Deadline:
        """A deadline ``seconds`` from now."""
        return Deadline(seconds, sleep=self.sleep, clock=self.clock)


class Deadline:
    """Waits between looks at the server, ever longer, until time is over.

    Args:
        seconds: How long from now.
        sleep: Waits a number of seconds.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self.seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._end_s = clock() + seconds
        self._pause_s = FIRST_PAUSE_S

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 when time is over."""
        return max(0.0, self._end_s - self._clock())

    def wait(self) -> bool:
        """Wait for the next look; False at once where no time is left."""
        left_s = self.left_s
        if left_s <= 0:
            return False
        self._sleep(min(self._pause_s, left_s))
        self._pause_s = min(self._pause_s * 1.5, LONGEST_PAUSE_S)
        return True
