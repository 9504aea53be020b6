"""What references are called and known by, without parsing each one in full.

Most media of an export lie in a few folders. Once a reference of a folder was
parsed, and its identity, canonical form and file name turn out to be that of the
folder with the name behind it, plain names in the same folder need no parsing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from ls_tools.errors import LsToolsError
from ls_tools.locator import safe_file_name
from ls_tools.output.manifest import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.locator import Locator

_MAX_FOLDERS = 4096
_PLAIN_NAME = re.compile(
    r"(?!(?:[Cc][Oo][Nn]|[Pp][Rr][Nn]|[Aa][Uu][Xx]|[Nn][Uu][Ll]"
    r"|[Cc][Oo][Mm][0-9]|[Ll][Pp][Tt][0-9])\b)"
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}(?:\.[A-Za-z0-9_-]{1,40}){0,2}",
    re.ASCII,  # spelled out: to ignore case takes nearly twice the time
)


class Identity(msgspec.Struct, frozen=True, gc=False):
    """What a reference is called and known by.

    Attributes:
        identity: Tells the medium from others.
        file_name: The server's name for it, safe on every file system.
        canonical: The reference as it may be written down: without secrets.
    """

    identity: str
    file_name: str
    canonical: str


class IdentityReader:
    """Reads identities of references.

    Args:
        locate: Parses a reference.
    """

    def __init__(self, locate: Callable[[str], Locator]) -> None:
        self._locate = locate
        self._folders: dict[str, tuple[str, str] | None] = {}

    def read(self, reference: str) -> Identity:
        """The identity of ``reference``, also where it cannot be parsed."""
        folder, slash, name = reference.rpartition("/")
        if not slash or _PLAIN_NAME.fullmatch(name) is None:
            return self._parse(reference)
        try:
            start = self._folders[folder]
        except KeyError:
            return self._learn(folder, name, reference)
        if start is None:
            return self._parse(reference)
        return Identity(start[0] + name, name, start[1] + name)

    def _learn(self, folder: str, name: str, reference: str) -> Identity:
        found = self._parse(reference)
        identity, canonical = found.identity, found.canonical
        start = None
        if (
            found.file_name == name
            and identity.endswith(name)
            and canonical.endswith(name)
        ):
            start = identity[: -len(name)], canonical[: -len(name)]
        if len(self._folders) >= _MAX_FOLDERS:
            self._folders.clear()
        self._folders[folder] = start
        return found

    def _parse(self, reference: str) -> Identity:
        try:
            locator = self._locate(reference)
        except LsToolsError:
            # It will fail when it is fetched; until then it needs some name.
            plain = without_secrets(reference)
            return Identity(plain, safe_file_name(plain.rpartition("/")[2]), plain)
        return Identity(locator.identity, locator.file_name, locator.canonical)
