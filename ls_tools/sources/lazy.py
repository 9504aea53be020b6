"""A source that is made at its first fetch, with all that it has to import.

What is cached needs none of it; and urllib3 tries out a socket when it is imported,
which offline mode must not.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Source
    from ls_tools.transfer import Fetched, Sink, Validator


@final
class LazySource:
    """Stands for a source of which nothing is ever on the disk.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], Source]) -> None:
        self._make = make

    @cached_property
    def _source(self) -> Source:
        return self._make()

    def find(self, locator: Locator) -> None:
        """None: nothing of this kind is on the disk."""

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Fetch from the source itself.

        Raises:
            LsToolsError: As the source says.
        """
        return self._source.fetch(locator, sink, validator=validator)
