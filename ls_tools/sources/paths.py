"""Plain file paths, where the settings allow them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.errors import NotFoundError, RefusedError
from ls_tools.sources.containment import find_below, is_below

if TYPE_CHECKING:
    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator


class PathsSource:
    """Files below the folders of ``settings.allow_paths``."""

    def __init__(self, services: Services) -> None:
        self._roots = services.settings.allow_paths

    def find(self, locator: Locator) -> Path | None:
        """The file, looked for below each root if its path is relative.

        Raises:
            RefusedError: It is outside all roots.
            NotFoundError: There is no such file.
        """
        path = Path(locator.path or "")
        for root in self._roots:
            if not path.is_absolute():
                found = find_below(root, str(path))
            elif is_below(os.path.realpath(path), os.path.realpath(root)):
                found = path if path.is_file() else None
            else:
                continue
            if found is not None:
                return found
        raise self._missing(path)

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Nothing fetches a path.

        Raises:
            NotFoundError: Always.
        """
        del sink, validator
        raise self._missing(Path(locator.path or ""))

    def _missing(self, path: Path) -> NotFoundError | RefusedError:
        roots = ", ".join(map(str, self._roots))
        if not path.is_absolute() or any(
            is_below(os.path.realpath(path), os.path.realpath(root))
            for root in self._roots
        ):
            msg = f"There is no file {str(path)!r} below {roots}."
            return NotFoundError(msg, hint="Check the path in the task data.")
        msg = f"The path {str(path)!r} is outside the allowed folders."
        return RefusedError(msg, hint=f"allow_paths has: {roots}.")
