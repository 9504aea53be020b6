"""Bucket objects directly or through the server: which way, and what if it fails.

Knows two functions that fetch, and neither stores nor servers.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.errors import (
    AccessError,
    CredentialsRejectedError,
    IntegrityError,
    LsToolsError,
    MissingCredentialsError,
    MissingDependencyError,
    MissingTokenError,
    NetworkError,
    NotFoundError,
    RefusedError,
    SettingsError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.locator import StoreKind
    from ls_tools.transfer import Fetched

_LOGGER = logging.getLogger("ls_tools")

REMEMBERED_S = 300.0
"""Seconds for which a bucket goes through the server before it is tried again."""

_FALL_BACK = (
    MissingDependencyError,
    MissingCredentialsError,
    CredentialsRejectedError,
    NotFoundError,
    NetworkError,
)
_CANNOT = (MissingDependencyError, MissingCredentialsError)
_TOLD_TOGETHER = (UsageError, NotFoundError, AccessError, NetworkError)
_NO_BUCKET = frozenset({"nosuchbucket", "containernotfound"})
_MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The two ways to one object.

    Attributes:
        store: Kind of its store.
        bucket: Its bucket.
        canonical: How messages name it.
        direct: Fetches it from the bucket.
        server: Fetches it through the server.
        begin_again: Undoes what an attempt that failed has written.
    """

    store: StoreKind
    bucket: str
    canonical: str
    direct: Callable[[], Fetched]
    server: Callable[[], Fetched]
    begin_again: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lapse:
    """Why a bucket is not had directly for now."""

    error: LsToolsError
    until_s: float

    @property
    def is_certain(self) -> bool:
        """Whether another object of the bucket could fare no better."""
        return isinstance(self.error, _CANNOT)


class Choice:
    """Directly where that works, else through the server. Safe for threads.

    A bucket that cannot be had directly goes through the server at once for
    ``REMEMBERED_S``; a single object that is missing or damaged decides nothing.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lapses: dict[tuple[StoreKind, str], _Lapse] = {}
        self._lock = threading.Lock()

    def fetch(self, ways: Ways) -> Fetched:
        """Fetch an object one way, and else the other.

        Raises:
            LsToolsError: Neither way worked; it tells of both, and is of the kind
                that says more of what would help.
            RefusedError: A way is unsafe; no other one is tried.
        """
        lapse = self._recall(ways)
        error = lapse.error if lapse else None
        if error is None:
            try:
                return ways.direct()
            except _FALL_BACK as exc:
                error = exc
            ways.begin_again()
        return self._fetch_through_server(ways, error, lapse)

    def _fetch_through_server(
        self, ways: Ways, error: LsToolsError, lapse: _Lapse | None
    ) -> Fetched:
        """Fetch what did not come directly, or lately did not."""
        if isinstance(error, _CANNOT):
            self._note(ways, error)
        try:
            fetched = ways.server()
        except RefusedError:
            raise
        except _TOLD_TOGETHER as exc:
            server_error = exc
        else:
            if _concerns_bucket(error):
                self._note(ways, error)
            return fetched
        if lapse is not None and _may_have_passed(lapse, server_error):
            ways.begin_again()
            return self._fetch_after_all(ways, server_error)
        raise both_failed(ways.canonical, error, server_error)

    def _fetch_after_all(self, ways: Ways, server_error: LsToolsError) -> Fetched:
        try:
            fetched = ways.direct()
        except _FALL_BACK as exc:
            error = exc
        else:
            with self._lock:
                self._lapses.pop((ways.store, ways.bucket), None)
            return fetched
        raise both_failed(ways.canonical, error, server_error)

    def _recall(self, ways: Ways) -> _Lapse | None:
        lapse = self._lapses.get((ways.store, ways.bucket))
        return lapse if lapse and self._clock() < lapse.until_s else None

    def _note(self, ways: Ways, error: LsToolsError) -> None:
        place = (ways.store, ways.bucket)
        with self._lock:
            if self._recall(ways) is not None:
                return
            if len(self._lapses) >= _MOST_BUCKETS:
                self._lapses.clear()
            until_s = self._clock() + REMEMBERED_S
            # What an error holds alive would stay in memory with it.
            kept = type(error)(error.message, hint=error.hint, **error.data)
            self._lapses[place] = _Lapse(error=kept, until_s=until_s)
        _LOGGER.info(
            "The bucket %s goes through the server for %d s: %s",
            ways.bucket,
            REMEMBERED_S,
            error.message,
        )


def _concerns_bucket(error: LsToolsError) -> bool:
    """Whether other objects of the bucket would fail like this one."""
    if isinstance(error, NotFoundError):
        return str(error.data.get("code", "")).lower() in _NO_BUCKET
    return not isinstance(error, IntegrityError)


def _may_have_passed(lapse: _Lapse, server_error: LsToolsError) -> bool:
    """Whether the direct way is worth another look now that the server failed.

    A store out of reach is slow to fail, so not for each object that is missing.
    """
    if lapse.is_certain:
        return False
    is_slow = isinstance(lapse.error, NetworkError)
    return not (is_slow and isinstance(server_error, (NotFoundError, UsageError)))


def both_failed(
    canonical: str, direct: LsToolsError, server: LsToolsError
) -> LsToolsError:
    """The error of an object that came neither way.

    It is of the kind of the failure that a change may mend: a network that comes
    back before an access that is granted, both before what is not there. All come
    before a way that was not open; of two such ways, the one that lacks least: an id
    of the call, credentials or a token, an SDK, a server.

    Args:
        canonical: How messages name the object.
        direct: Why it did not come directly.
        server: Why it did not come through the server.
    """
    msg = (
        f"{canonical!r} came neither from its bucket nor through the server. "
        f"Directly: {direct.message} Through the server: {server.message}"
    )
    hint = f"Directly: {direct.hint} Through the server: {server.hint}"
    leading = max(direct, server, key=_weight)
    data = {**leading.data, "reference": canonical}
    data["attempts"] = {"direct": direct.kind, "server": server.kind}
    return type(leading)(msg, hint=hint, **data)


_WEIGHTS: tuple[tuple[type[LsToolsError], int], ...] = (
    (NetworkError, 6),
    (MissingCredentialsError, 2),
    (MissingTokenError, 2),
    (AccessError, 5),
    (NotFoundError, 4),
    (SettingsError, 0),
    (UsageError, 3),
    (MissingDependencyError, 1),
)


def _weight(error: LsToolsError) -> int:
    """How much an error says of what would help; of equals, the direct one counts."""
    return next((w for kind, w in _WEIGHTS if isinstance(error, kind)), 0)
