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

_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection")


class _QueryFilter(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.sending = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(self.sending, "depth", 0) and isinstance(record.args, tuple):
            record.args = tuple(map(_without_query, record.args))
        return True


_FILTER = _QueryFilter()


def install_filter() -> None:
    """Put the filter on urllib3's loggers; once is enough, more do no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


@contextmanager
def quiet() -> Iterator[None]:
    """While this lasts, this thread's records of urllib3 hold no query."""
    sending = _FILTER.sending
    sending.depth = getattr(sending, "depth", 0) + 1
    try:
        yield
    finally:
        sending.depth -= 1


def _without_query(value: object) -> object:
    if isinstance(value, str):
        head, mark, _ = value.partition("?")
        return head + "?…" if mark else value
    plain = value is None or isinstance(value, (int, float))
    return value if plain else type(value).__name__
