"""Keeps the debug logs of SDKs quiet while this library uses them.

They write signatures, session tokens and whole answers at DEBUG level. A filter on
their loggers drops these records, only of calls of this library, in its thread.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Mute(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.calling = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        is_ours = getattr(self.calling, "depth", 0) > 0
        return not is_ours or record.levelno > logging.DEBUG


_MUTE = _Mute()


def mute(package: str) -> None:
    """Put the filter on every logger that ``package`` has made so far.

    Once is enough, more do no harm.
    """
    for name in tuple(logging.root.manager.loggerDict):
        if name == package or name.startswith(f"{package}."):
            logging.getLogger(name).addFilter(_MUTE)


@contextmanager
def muted() -> Iterator[None]:
    """While this lasts, muted loggers drop this thread's debug records."""
    calling = _MUTE.calling
    calling.depth = getattr(calling, "depth", 0) + 1
    try:
        yield
    finally:
        calling.depth -= 1
