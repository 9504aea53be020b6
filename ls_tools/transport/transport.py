"""The one way out: every request of this library goes through a Transport."""

from __future__ import annotations

import json as json_module
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from ls_tools.errors import ServerError
from ls_tools.forks import PerProcess
from ls_tools.origin import redact_url
from ls_tools.progress import NullProgress
from ls_tools.transport.bodies import CutError, read_all
from ls_tools.transport.copying import Copy
from ls_tools.transport.download import Download, Order
from ls_tools.transport.exchange import Call, Exchange
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from ls_tools.auth import Purpose
    from ls_tools.pacing import Pace
    from ls_tools.progress import Progress
    from ls_tools.settings import Settings
    from ls_tools.transfer import Fetched, Sink, Validator

_RETRIED_METHODS = frozenset({"GET", "HEAD", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer.

    Attributes:
        status: The HTTP status.
        headers: The headers; names ignore case.
        body: The body, decoded.
        url: Where it came from, without secrets.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ServerError: It is not JSON.
        """
        try:
            return json_module.loads(self.body)
        except (ValueError, RecursionError):
            msg = f"{self.url} answered with something that is not JSON."
        hint = "Check that the URL is that of a Label Studio server."
        raise ServerError(msg, hint=hint, status=self.status)


class Transport:
    """Sends requests to the configured server and to wherever media lie.

    Threads may share it. A forked process gets connections of its own. Queries
    of its requests are kept out of urllib3's debug log.

    Args:
        settings: Where to, with what, how often and for how long.
        sleep: Waits a number of seconds.
        clock: Monotonic seconds.
        pace: Learns how much the servers bear; None where nothing asks it.

    Raises:
        SettingsError: The token, a file or a header of the settings is unusable.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._retry = RetryPolicy.of(settings, sleep=sleep, clock=clock, pace=pace)
        self._exchanges = PerProcess(partial(Exchange, settings, self._retry))
        self._exchange()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Transport({self._settings.url!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the token."""
        msg = "A Transport cannot be pickled; pass Settings and make one there."
        raise TypeError(msg)

    def close(self) -> None:
        """Close this process's connections."""
        exchange = self._exchanges.take()
        if exchange is not None:
            exchange.close()

    def request(  # noqa: PLR0913 - one keyword per part of a request
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        json: Any = None,
        files: Any = None,
        retry: bool | None = None,
        ok: Collection[int] = (200, 201, 204),
        not_found: str = "",
        read_timeout_s: float | None = None,
    ) -> Answer:
        """Send one API request and give its answer.

        The token goes along if ``url`` lies below the configured server.

        Args:
            method: ``GET``, ``POST``, …
            url: Absolute.
            params: Added to the query.
            json: A body to send as JSON.
            files: A body to send as a form, as requests takes it.
            retry: Whether to try again after a failure that may pass; by
                default for GET, HEAD and DELETE.
            ok: Statuses that are an answer; all others are errors.
            not_found: The message if the server says that it does not exist.
            read_timeout_s: Seconds without a byte, instead of the settings'.

        Raises:
            NotFoundError: It does not exist.
            AccessError: The token is missing or refused, or access is.
            UsageError: The server finds the request malformed.
            NetworkError: No usable answer, or a status of 5xx.
            RefusedError: A forbidden address, or an answer beyond the bounds.
        """
        call = Call(
            method=method.upper(),
            url=url,
            purpose="api",
            headers={"Accept": "application/json, */*;q=0.5"},
            params=params,
            json=json,
            files=files,
            read_timeout_s=read_timeout_s,
        )
        retried = call.method in _RETRIED_METHODS if retry is None else retry
        tries = self._retry.call if retried else self._retry.call_once
        return tries(lambda: self._answer(call, ok, not_found))

    def download(  # noqa: PLR0913 - one keyword per fact about a download
        self,
        url: str,
        sink: Sink,
        *,
        purpose: Purpose = "media",
        validator: Validator | None = None,
        start: int = 0,
        resumable: bool = True,
        accept_html: bool = False,
        progress: Progress | None = None,
        params: Any = None,
        expected_md5: str | None = None,
        read_timeout_s: float | None = None,
    ) -> Fetched:
        """Stream one file into ``sink``, going on after cuts and stalls.

        Memory stays below a few chunks of 256 KiB whatever the size. What the
        sink holds after an error is not to be used, but for going on later.

        Args:
            url: Absolute.
            sink: Where the bytes go, mostly in order; it is truncated where the
                download has to start again.
            purpose: ``media`` for what task data name: the token then goes to
                media paths only. ``api`` for what this library asks for.
            validator: The version at hand; nothing is written if the store
                says that it is current.
            start: Bytes that ``sink`` holds already; the caller vouches that
                they are of the same version. ``validator`` is then not used.
            resumable: Whether the server sends the same bytes each time, so that
                a download goes on after a cut; else it starts again.
            accept_html: Take a web page for the file.
            progress: Its ``advance`` is called with the bytes that move.
            params: Added to the query.
            expected_md5: md5 of the file in hexadecimal. Another one is
                downloaded once more. Not checked if the download went on from
                ``start``.
            read_timeout_s: Seconds without a byte, instead of the settings'.

        Raises:
            NotFoundError: It does not exist.
            AccessError: The token is missing or refused, access is, or a login
                page came.
            IntegrityError: It never came whole, or with another md5.
            NetworkError: It did not come.
            RefusedError: A forbidden address, or a size beyond the bounds.
        """
        bound_bytes = self._settings.bounds.download_bytes
        order = Order(
            url=url,
            purpose=purpose,
            validator=validator,
            start=start,
            resumable=resumable,
            accept_html=accept_html,
            expected_md5=expected_md5,
            params=params,
            read_timeout_s=read_timeout_s,
        )
        copy = Copy(
            sink,
            start=start,
            bound_bytes=bound_bytes,
            progress=progress or NullProgress(),
        )
        return Download(self._exchange(), self._retry, order, copy).run()

    def _exchange(self) -> Exchange:
        return self._exchanges.get()

    def _answer(self, call: Call, ok: Collection[int], not_found: str) -> Answer:
        received = self._exchange().send(call)
        response = received.response
        with closing(response):
            if received.status not in ok:
                refusal = received.read_refusal(not_found=not_found)
                raise received.failure(refusal)
            try:
                bound_bytes = self._settings.bounds.response_bytes
                body = read_all(response, bound_bytes=bound_bytes)
            except CutError as exc:
                failure = network_failure(exc.cause, str(response.url))
            else:
                return Answer(
                    status=received.status,
                    headers=response.headers,
                    body=body,
                    url=redact_url(str(response.url)),
                )
        raise failure
