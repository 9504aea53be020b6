"""The value that a reference is parsed into. Holds data, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "upload",
    "storage_proxy",
    "local_file",
    "server_path",
    "resolve",
    "http",
    "s3",
    "gs",
    "azure",
    "path",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """What a reference points at.

    Attributes:
        kind: ``upload`` (a file uploaded to the server), ``storage_proxy`` (the
            same through the server's storage proxy), ``local_file`` (below the
            server's local-files root), ``server_path`` (other media of the
            server), ``resolve`` (a bucket object through the server), ``http``
            (anywhere else on the web), ``s3``, ``gs``, ``azure`` (a bucket
            object), ``path`` (a plain file path), ``other`` (a registered scheme).
        reference: As given; may hold a signature.
        canonical: How the reference is written down: absolute where the server
            is known, without userinfo, signature and secrets.
        identity: What the cache key is made of, besides the server.
        url: The URL to get, for the kinds that have one and where the server
            is known; may hold a signature.
        path: Decoded. The path below the server's prefix; of a ``local_file``
            the path below the root (the value of ``d=``); of a ``path`` itself.
        bucket: Bucket or container.
        key: Name of the object in it, unencoded.
        version: Version id or generation of the object.
        task_id: Task whose storage resolves the object.
        project_id: Project whose storage resolves the object.
        file_name: A name for the file that is safe on every file system.
    """

    kind: Kind
    reference: str = field(repr=False)
    canonical: str
    identity: str = field(repr=False)
    url: str | None = field(default=None, repr=False)
    path: str | None = None
    bucket: str | None = None
    key: str | None = None
    version: str | None = None
    task_id: int | None = None
    project_id: int | None = None
    file_name: str

    @property
    def scheme(self) -> str:
        """The scheme of the canonical reference; empty where it has none."""
        scheme, separator, _ = self.canonical.partition("://")
        return scheme if separator else ""
