"""Whether a downloaded file is whole: md5, JSON to its end, zip to its end.

Reads local files in bounded memory; knows no server.
"""

from __future__ import annotations

import hashlib
import mmap
import zipfile
import zlib
from typing import TYPE_CHECKING

import msgspec

from ls_tools.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

JSON_TYPES = frozenset({"JSON", "JSON_MIN"})
"""The export types that are one JSON document."""

_CHUNK_BYTES = 1 << 20
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP, _JSON = "zip archive", "JSON document"
_BRACKETS = {b"[": b"]", b"{": b"}"}


def compute_md5(path: Path) -> str:
    """The md5 of the file in lower-case hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check_whole(path: Path, *, is_json: bool, expanded_bytes: int) -> None:
    """Check that an export was not cut, as far as its form can tell.

    Args:
        path: The file.
        is_json: It must be one JSON document.
        expanded_bytes: The most that a zip may expand to.

    Raises:
        IntegrityError: It was cut or damaged, or a zip expands too far.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in _ZIP_MAGIC:
        _check_zip(path, expanded_bytes)
    elif is_json:
        _check_json(path)


def _check_zip(path: Path, expanded_bytes: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size_bytes = sum(info.file_size for info in archive.infolist())
            if size_bytes > expanded_bytes:
                msg = f"The export expands to {size_bytes} bytes, over the bound."
                raise IntegrityError(msg, hint="Raise Bounds.expanded_bytes.")
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise _cut(_ZIP) from exc
    if broken is not None:
        raise _cut(_ZIP)


def _check_json(path: Path) -> None:
    if path.stat().st_size == 0:
        raise _cut(_JSON)
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        try:
            msgspec.json.decode(content, type=msgspec.Raw)
        except msgspec.DecodeError as exc:
            # NaN and other liberties that readers forgive are no cut; what comes
            # after them is told by its end alone.
            if "truncated" in str(exc) or not _ends_as_it_begins(content):
                raise _cut(_JSON) from exc


def _ends_as_it_begins(content: mmap.mmap) -> bool:
    head = content[:64].lstrip()[:1]
    tail = content[-64:].rstrip()[-1:]
    return _BRACKETS.get(head) == tail


def _cut(what: str) -> IntegrityError:
    msg = f"The server's answer is not a whole {what}: it was cut or damaged."
    return IntegrityError(msg, hint="Try again; nothing was kept.")
