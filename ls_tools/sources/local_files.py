"""Files below the server's local-files root, mounted here or served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.errors import NotFoundError, WrongRootError
from ls_tools.sources.containment import find_below
from ls_tools.sources.server import check_server, get_media

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.locator import Locator
    from ls_tools.sources.protocol import Services
    from ls_tools.transfer import Fetched, Sink, Validator

_ROOT = "LOCAL_FILES_DOCUMENT_ROOT"


class LocalFilesSource:
    """Local files; looks below ``settings.document_root`` first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, locator: Locator) -> Path | None:
        """The file below the local-files root as mounted here.

        Raises:
            RefusedError: It leads out of that folder.
            WrongRootError: It is not there, and no server is configured.
            MissingUrlError: Neither a root nor a server is configured.
        """
        root = self._root()
        if root is None:
            check_server(locator, self._services.settings)
            return None
        found = find_below(root, locator.path or "")
        if found is None and self._services.settings.url is None:
            raise _wrong_root(root, locator)
        return found

    def fetch(
        self, locator: Locator, sink: Sink, *, validator: Validator | None
    ) -> Fetched:
        """Download it from the server.

        Raises:
            WrongRootError: Neither the root mounted here nor the server has it.
            NotFoundError: The server does not have it, or not in a storage.
            LsToolsError: The download failed.
        """
        try:
            return get_media(
                self._services, locator, locator.url, sink, validator=validator
            )
        except NotFoundError as exc:
            if (root := self._root()) is None:
                raise
            raise _wrong_root(root, locator) from exc

    def _root(self) -> Path | None:
        """The root, unless it is the whole disk, which is none."""
        root = self._services.settings.document_root
        return None if root is None or root == root.parent else root


def _wrong_root(root: Path, locator: Locator) -> WrongRootError:
    if not root.is_dir():
        msg = f"The local-files root {root} is not there."
        hint = "Mount the disk of the Label Studio server at that place."
    else:
        msg = f"There is no {locator.path!r} below the local-files root {root}."
        hint = "Check that the disk is mounted."
    hint += f" {_ROOT} must be the same folder as on the server, as mounted here."
    return WrongRootError(msg, hint=hint, reference=locator.canonical, root=str(root))
