"""What a source is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ls_tools.progress import NullProgress

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.locator import Locator
    from ls_tools.pacing import Pace
    from ls_tools.progress import Progress
    from ls_tools.settings import Settings
    from ls_tools.transfer import Fetched, Sink, Validator
    from ls_tools.transport import Transport


class Source(Protocol):
    """One backend that files are had from. Safe for many threads."""

    def find(self, locator: Locator) -> Path | None:
        """The file where it is already on this machine, without the network.

        Raises:
            RefusedError: It is outside the folder that it has to be in.
            LsToolsError: It is not here, and no request could ever get it.
        """

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Write the file to ``sink``.

        Args:
            locator: What to fetch.
            sink: Where the bytes go.
            validator: That of the version already held; the store may answer
                that it is current, and nothing is written then.

        Raises:
            NotFoundError: There is no such file; another source may have it.
            LsToolsError: Anything else that went wrong.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a source may use.

    Attributes:
        settings: The settings of the resolver.
        connect: Gives the resolver's Transport, made on first use.
        progress: Told of the bytes that come.
        pace: Learns how much the stores bear, for the RetryPolicy of a source of
            one's own; None where nothing bounds what is under way.
    """

    settings: Settings
    connect: Callable[[], Transport]
    progress: Progress = field(default_factory=NullProgress)
    pace: Pace | None = None


SourceFactory = Callable[[Services], Source]
"""A Source class, or any function that makes a source."""
