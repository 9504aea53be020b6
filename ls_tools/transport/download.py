"""One file into a sink: ranges, cuts, going on, and what must match at the end.

What is believed is the ``Content-Range`` of an answer. Where a server sends a
body without any length, its end cannot be told from a cut: that body is taken
only if the server ignores ``Range``. A ``Content-Length`` that is too small
cannot be noticed without ``Content-Range``.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ls_tools.errors import AccessError, IntegrityError, TokenRejectedError
from ls_tools.origin import redact_url
from ls_tools.transfer import Fetched, Validator
from ls_tools.transport.bodies import CutError, read_wire
from ls_tools.transport.exchange import Call
from ls_tools.transport.failures import is_missing, network_failure
from ls_tools.transport.ranges import Head, SoFar, decide, read_head, strong_etag
from ls_tools.transport.retrying import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ls_tools.auth import Purpose
    from ls_tools.transport.copying import Copy
    from ls_tools.transport.exchange import Exchange, Received
    from ls_tools.transport.failures import Refusal
    from ls_tools.transport.ranges import Action
    from ls_tools.transport.retrying import RetryPolicy

T = TypeVar("T")

_LOGGER = logging.getLogger("ls_tools")
_OK, _PARTIAL, _NOT_MODIFIED, _STORE_FAILED = 200, 206, 304, 424
_USABLE = frozenset({200, 206, 416})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be downloaded.

    Attributes:
        url: Absolute; it may hold a signature, hence is no part of the repr.
        purpose: ``media`` for what task data name, ``api`` for the rest.
        validator: The version at hand; only another one is downloaded.
        start: Bytes that the sink holds already, of the same version.
        resumable: Whether two answers have the same bytes.
        accept_html: Take a web page.
        expected_md5: Lower-case hexadecimal; checked where the download starts
            at the first byte.
        params: Added to the query.
        read_timeout_s: Instead of the one of the settings.
    """

    url: str = field(repr=False)
    purpose: Purpose
    validator: Validator | None = None
    start: int = 0
    resumable: bool = True
    accept_html: bool = False
    expected_md5: str | None = None
    params: Any = field(default=None, repr=False)
    read_timeout_s: float | None = None

    def call(self, headers: Mapping[str, str]) -> Call:
        """The request for it with ``headers``."""
        return Call(
            method="GET",
            url=self.url,
            purpose=self.purpose,
            headers={"Accept-Encoding": "identity", **headers},
            params=self.params,
            read_timeout_s=self.read_timeout_s,
        )


class Download:
    """Gets one file, however many requests that takes.

    Args:
        exchange: Sends the requests.
        retry: How often and when they are tried again. Tries count anew after
            each one that brought new bytes.
        order: What is to be downloaded.
        copy: Where it goes.
    """

    def __init__(
        self, exchange: Exchange, retry: RetryPolicy, order: Order, copy: Copy
    ) -> None:
        self._exchange = exchange
        self._retry = retry
        self._order = order
        self._copy = copy
        self._name = redact_url(order.url)
        self._farthest = order.start
        self._restarts = 0
        self._is_plain = False
        self._is_done = False

    def run(self) -> Fetched:
        """Download it.

        Raises:
            NotFoundError: It does not exist.
            AccessError: It may not be had.
            IntegrityError: It never came whole.
            NetworkError: It did not come.
        """
        if self._order.validator and not self._order.start:
            unchanged = self._retry.call(lambda: self._guard(self._ask_if_changed))
            if unchanged is not None:
                return unchanged
        self._complete()
        if not self._has_expected_md5():
            self._restart()
            self._complete()
        if not self._has_expected_md5():
            msg = f"{self._name} came twice with another md5 than announced."
            hint = "Try again; if it stays so, make a new snapshot."
            expected_md5 = self._order.expected_md5
            raise IntegrityError(msg, hint=hint, expected_md5=expected_md5)
        return self._fetched()

    def _complete(self) -> None:
        while not self._is_done:
            self._retry.call(lambda: self._guard(self._step))

    def _fetched(self) -> Fetched:
        first = self._copy.first or Head(status=_OK)
        return Fetched(
            size_bytes=self._copy.size_bytes,
            validator=first.validator,
            checksums=first.checksums,
            content_type=first.content_type,
        )

    def _has_expected_md5(self) -> bool:
        expected, found = self._order.expected_md5, self._copy.md5
        return not expected or found is None or found == expected.lower()

    def _ask_if_changed(self) -> Fetched | None:
        validator = self._order.validator or Validator()
        headers = _conditional_headers(validator)
        if not headers:
            return None
        received = self._exchange.send(self._order.call(headers))
        with closing(received.response):
            if received.status == _NOT_MODIFIED:
                return Fetched(not_modified=True, validator=validator)
            head = self._read_head(received, ranged=False)
            # Without a length a cut could not be seen: asked again with a range.
            if head.status == _OK and head.has_length:
                self._take(received, head)
        return None

    def _step(self) -> None:
        """One request, and what its answer is good for."""
        if not self._order.resumable:
            self._restart()
        ranged = not self._is_plain
        headers = self._range_headers() if ranged else {}
        received = self._exchange.send(self._order.call(headers))
        with closing(received.response):
            head = self._read_head(received, ranged=ranged)
            so_far = SoFar(
                position=self._copy.position,
                first=self._copy.first,
                total=self._copy.total,
                ranged=ranged,
            )
            self._act(decide(head, so_far), head, received)

    def _act(self, action: Action, head: Head, received: Received) -> None:
        if action == "plain":
            self._is_plain = True
            self._restart()
        elif action == "complete":
            self._copy.adopt(head)
            self._finish()
        elif action == "changed":
            msg = "It changed while it was downloaded."
            raise IntegrityError(msg, hint="Try again.")
        elif action == "nonsense":
            msg = f"The server answered {head.status}, which was not asked for."
            raise IntegrityError(msg, hint="Try again.")
        else:
            if action == "whole":
                self._restart()
            self._take(received, head)

    def _take(self, received: Received, head: Head) -> None:
        """Write the body; a cut that brought something new is no failure."""
        copy, end = self._copy, head.end
        copy.adopt(head)
        cut = self._pour(received, end)
        is_whole = cut is None and end in {None, copy.position}
        if is_whole and end in {None, copy.total}:
            self._finish()
        is_farther = copy.position > self._farthest
        self._farthest = max(copy.position, self._farthest)
        if is_whole:
            return
        if not is_farther:
            raise self._cut_failure(cut, received)
        _LOGGER.info("%s was cut at byte %d, going on.", self._name, copy.position)
        self._retry.pause()

    def _pour(self, received: Received, end: int | None) -> CutError | None:
        copy = self._copy
        try:
            for chunk in read_wire(received.response):
                room = None if end is None else end - copy.position
                copy.write(chunk[:room])
                if copy.position == end:
                    break
        except CutError as exc:
            return exc
        return None

    def _cut_failure(self, cut: CutError | None, received: Received) -> Exception:
        if cut is not None:
            return network_failure(cut.cause, str(received.response.url))
        msg = f"{self._name} stops at byte {self._copy.position}."
        return TransientError(IntegrityError(msg, hint="Try again."))

    def _finish(self) -> None:
        self._copy.finish()
        self._is_done = True

    def _restart(self) -> None:
        self._copy.restart()
        self._is_done = False

    def _guard(self, act: Callable[[], T]) -> T:
        """Start again after bytes that do not fit together, a few times."""
        try:
            return act()
        except IntegrityError as error:
            self._begin_again(error)

    def _begin_again(self, error: IntegrityError) -> NoReturn:
        self._restart()
        self._restarts += 1
        msg = f"{self._name} did not come whole. {error.message}"
        named = IntegrityError(msg, hint=error.hint, **error.data)
        if self._restarts >= self._retry.attempts:
            raise named
        raise TransientError(named)

    def _range_headers(self) -> dict[str, str]:
        position, first = self._copy.position, self._copy.first
        headers = {"Range": f"bytes={position}-"}
        etag = strong_etag(first.validator) if first else None
        if position and etag:
            headers["If-Range"] = etag
        return headers

    def _read_head(self, received: Received, *, ranged: bool) -> Head:
        if received.status not in _USABLE:
            refusal = received.read_refusal()
            if not (ranged and self._may_be_past_end(refusal)):
                raise received.failure(refusal)
        head = read_head(received.status, received.response.headers)
        is_body = head.status in {_OK, _PARTIAL}
        if is_body and head.is_html and not self._order.accept_html:
            raise _html_error(received)
        return head

    def _may_be_past_end(self, refusal: Refusal) -> bool:
        """Whether Label Studio may mean that nothing is left, or nothing at all.

        Its proxy fails in the same words for a missing object and for a range
        past the end, which every range of an empty object is.
        """
        is_failed = refusal.status == _STORE_FAILED and is_missing(refusal)
        return is_failed and (self._copy.position == 0 or self._copy.total is None)


def _conditional_headers(validator: Validator) -> dict[str, str]:
    if validator.etag:
        return {"If-None-Match": validator.etag}
    if validator.last_modified:
        return {"If-Modified-Since": validator.last_modified}
    return {}


def _html_error(received: Received) -> AccessError:
    msg = f"An HTML page came where {received.asked} was expected (a login page?)."
    if received.path is None:
        hint = "Open the link in a browser: it may need a login, or be gone."
        return AccessError(msg, hint=hint, url=received.asked)
    hint = "Check the token, and that the URL is that of a Label Studio server."
    return TokenRejectedError(msg, hint=hint, url=received.asked)
