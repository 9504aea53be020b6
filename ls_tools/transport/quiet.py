"""Keeps the queries of our requests out of urllib3's debug log.

urllib3 logs the path and query of every request at DEBUG level, signatures of
presigned URLs included. A filter on its loggers, put there with the first
Transport, cuts the query off every record that is logged while this library
sends a request in the same thread. Records of other code pass unchanged.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection")


class CallFilter(logging.Filter):
    """Base of filters for what is logged during calls of this library.

    Records of other code, in other threads or outside of such a call, pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls = threading.local()

    @property
    def is_ours(self) -> bool:
        """Whether this thread is in a call of this library."""
        return getattr(self._calls, "depth", 0) > 0

    @contextmanager
    def calling(self) -> Iterator[None]:
        """While this lasts, the thread is in a call of this library."""
        calls = self._calls
        calls.depth = getattr(calls, "depth", 0) + 1
        try:
            yield
        finally:
            calls.depth -= 1


class _QueryFilter(CallFilter):
    def filter(self, record: logging.LogRecord) -> bool:
        if self.is_ours and isinstance(record.args, tuple):
            record.args = tuple(map(_without_query, record.args))
        return True


_FILTER = _QueryFilter()


def install_filter() -> None:
    """Put the filter on urllib3's loggers; once is enough, more do no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


def quiet() -> AbstractContextManager[None]:
    """While this lasts, this thread's records of urllib3 hold no query."""
    return _FILTER.calling()


def _without_query(value: object) -> object:
    if isinstance(value, str):
        head, mark, _ = value.partition("?")
        return head + "?…" if mark else value
    plain = value is None or isinstance(value, (int, float))
    return value if plain else type(value).__name__
