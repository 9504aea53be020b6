"""Under which URLs earlier tools cached a reference.

Facts of label-studio-tools 0.0.4 and label-studio-sdk 2.1.2, whose caches name
files by the md5 of these URLs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UPLOADS = "/data/upload/"


def legacy_urls(reference: str, server_url: str | None) -> Iterator[str]:
    """Every URL that an earlier tool may have hashed for ``reference``.

    Args:
        reference: As in the task data.
        server_url: The server's URL, as it was given to the earlier tool.
    """
    if "://" in reference:
        yield reference
        return
    if server_url is None:
        return
    host = server_url.rstrip("/")
    path = "/" + reference.lstrip("/")
    if path.startswith("/upload/"):
        path = "/data" + path
    yield host + path
    if path.startswith(_UPLOADS):
        stored = path.removeprefix("/data/")
        yield f"{host}/storage-data/uploaded/?filepath={stored}"
