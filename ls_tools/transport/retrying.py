"""When a failed request is tried again, and after how long a wait."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tenacity import RetryCallState, Retrying, retry_if_exception_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import Future

    from ls_tools.errors import LsToolsError
    from ls_tools.pacing import Pace
    from ls_tools.settings import Settings

T = TypeVar("T")

RETRY_STATUSES = frozenset({408, 424, 429, 500, 502, 503, 504})
"""Statuses after which an idempotent request is tried again. Label Studio gives 424
where the store behind it failed."""

THROTTLE_STATUSES = frozenset({429, 503})
"""Those of them by which a server says that it is asked too much."""

_LOGGER = logging.getLogger("ls_tools")
_LONGEST_RETRY_AFTER_S = 86_400.0


class TransientError(Exception):
    """A failure after which the same request may succeed.

    Attributes:
        error: What is raised when it does not.
        retry_after_s: The wait that the server asks for, None if it does not.
        is_throttled: Whether the server finds that it is asked too much.
    """

    def __init__(
        self,
        error: LsToolsError,
        *,
        retry_after_s: float | None = None,
        is_throttled: bool = False,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after_s = retry_after_s
        self.is_throttled = is_throttled


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bounds and waits between the tries of one request.

    Waits double from ``wait_s`` with full jitter; a ``Retry-After`` replaces
    them. None is longer than ``wait_max_s``.

    A pace learns what each try found, and a wait takes none of its places.

    Attributes:
        attempts: Tries in all.
        total_s: Seconds after which no further try starts.
        wait_s: Upper end of the first wait.
        wait_max_s: Longest wait.
        sleep: Waits a number of seconds.
        clock: Monotonic seconds.
        pace: How much is under way at once; None where nothing bounds that.
        is_store: Whether a store is asked, which bears more than a server.
    """

    attempts: int
    total_s: float
    wait_s: float
    wait_max_s: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    pace: Pace | None = None
    is_store: bool = False

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> RetryPolicy:
        """The policy that ``settings`` ask for."""
        return cls(
            attempts=settings.retry_attempts,
            total_s=settings.retry_total_s,
            wait_s=settings.retry_wait_s,
            wait_max_s=settings.retry_wait_max_s,
            sleep=sleep,
            clock=clock,
            pace=pace,
        )

    def call(self, attempt: Callable[[], T]) -> T:
        """The result of ``attempt``, tried again after a TransientError.

        Raises:
            LsToolsError: The error of the last try.
        """
        started_s = self.clock()
        first: list[TransientError] = []
        # tenacity counts tries at a cost that most calls, which succeed, can save.
        try:
            return self._try(attempt)
        except TransientError as exc:
            first.append(exc)

        def again() -> T:
            if first:
                raise first.pop()
            return self._try(attempt)

        def stop(state: RetryCallState) -> bool:
            next_s = self.clock() - started_s + state.upcoming_sleep
            return state.attempt_number >= self.attempts or next_s > self.total_s

        retrying = Retrying(
            stop=stop,
            wait=self._wait_s,
            sleep=self._rest,
            retry=retry_if_exception_type(TransientError),
            before_sleep=_log,
            retry_error_callback=_give_up,
        )
        return retrying(again)

    def call_once(self, attempt: Callable[[], T]) -> T:
        """The result of ``attempt``, tried once.

        Raises:
            LsToolsError: It failed.
        """
        failure: LsToolsError
        try:
            return self._try(attempt)
        except TransientError as exc:
            failure = exc.error
        raise failure

    def pause(self) -> None:
        """Wait as before a first new try."""
        self._rest(self._jitter_s(self.wait_s))

    def _try(self, attempt: Callable[[], T]) -> T:
        pace = self.pace
        if pace is None:
            return attempt()
        mark = pace.mark()
        try:
            result = attempt()
        except TransientError as exc:
            if exc.is_throttled:
                pace.slow_down(mark)
            raise
        pace.done(mark, is_store=self.is_store)
        return result

    def _rest(self, seconds: float) -> None:
        if self.pace is None:
            self.sleep(seconds)
            return
        with self.pace.rest():
            self.sleep(seconds)

    def _wait_s(self, state: RetryCallState) -> float:
        failure = _failure(state)
        if failure.retry_after_s is not None:
            return min(failure.retry_after_s, self.wait_max_s)
        doubled_s = self.wait_s * 2.0 ** min(state.attempt_number - 1, 32)
        return self._jitter_s(min(doubled_s, self.wait_max_s))

    @staticmethod
    def _jitter_s(longest_s: float) -> float:
        return random.uniform(0.0, longest_s)  # noqa: S311 - spreads load, no secret


def parse_retry_after(value: str | None, *, now_s: float) -> float | None:
    """The seconds that a ``Retry-After`` header asks to wait.

    Args:
        value: Seconds, or an HTTP date.
        now_s: Seconds since the epoch.

    Returns:
        0 to 86400; None where the header is missing or makes no sense.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_RETRY_AFTER_S)
    try:
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        wait_s = when.timestamp() - now_s
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(wait_s, 0.0), _LONGEST_RETRY_AFTER_S)


def _failure(state: RetryCallState) -> TransientError:
    outcome = cast("Future", state.outcome)
    return cast("TransientError", outcome.exception())


def _give_up(state: RetryCallState) -> Any:
    raise _failure(state).error


def _log(state: RetryCallState) -> None:
    message = _failure(state).error.message
    wait_s = state.upcoming_sleep
    _LOGGER.info("%s Trying again in %.1f s.", message, wait_s)
