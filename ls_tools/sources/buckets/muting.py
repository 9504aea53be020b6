"""Keeps the debug logs of SDKs quiet while this library uses them.

They write signatures, session tokens and whole answers at DEBUG level. A filter on
their loggers drops these records, only of calls of this library, in its thread.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ls_tools.transport.quiet import CallFilter

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class _Mute(CallFilter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not self.is_ours or record.levelno > logging.DEBUG


_MUTE = _Mute()


def mute(package: str) -> None:
    """Put the filter on every logger that ``package`` has made so far.

    Once is enough, more do no harm.
    """
    for name in tuple(logging.root.manager.loggerDict):
        if name == package or name.startswith(f"{package}."):
            logging.getLogger(name).addFilter(_MUTE)


def muted() -> AbstractContextManager[None]:
    """While this lasts, muted loggers drop this thread's debug records."""
    return _MUTE.calling()
