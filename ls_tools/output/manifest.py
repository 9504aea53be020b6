"""``manifest.jsonl``: which file came from which task, annotation and medium."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from ls_tools.disk import write_all
from ls_tools.origin import strip_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ls_tools.output.items import Item

_FLUSH_BYTES = 64 * 2**10
_CLOSED = -1


class ManifestLine(msgspec.Struct, kw_only=True):
    """One line of the manifest.

    Attributes:
        file: Path below the output folder, with ``/``.
        task_id: The task; None for a file about all of them.
        annotation_id: The annotation; None for media and the like.
        reference: The medium that the file is, or was made from, without
            secrets; None where there is none.
        sha256: Hexadecimal digest of the content.
        size_bytes: Size of the content.
        input: The input that the task is from; left out where there is one.
    """

    file: str
    task_id: int | str | None = None
    annotation_id: int | str | None = None
    reference: str | None = None
    sha256: str
    size_bytes: int
    input: str | UnsetType = UNSET


class ManifestWriter:
    """Streams the manifest to the disk.

    Args:
        descriptor: Of the open file; this object closes it.
        inputs: Names of the inputs where there are several.
    """

    def __init__(self, descriptor: int, inputs: Sequence[str] = ()) -> None:
        self._descriptor = descriptor
        self._inputs = inputs
        self._buffer = bytearray()
        self._encode = msgspec.json.Encoder().encode

    def add(
        self,
        file: str,
        sha256: str,
        size_bytes: int,
        *,
        item: Item | None,
        reference: str | None,
    ) -> None:
        """Take down one file.

        Raises:
            OSError: The manifest cannot be written.
        """
        task_id = annotation_id = None
        if item is not None:
            task_id = item.task.id
            annotation_id = item.annotation.id if item.annotation else None
        line = ManifestLine(
            file=file,
            task_id=task_id,
            annotation_id=annotation_id,
            reference=None if reference is None else without_secrets(reference),
            sha256=sha256,
            size_bytes=size_bytes,
        )
        if item is not None and self._inputs:
            line.input = self._inputs[item.task.input]
        self._buffer += self._encode(line)
        self._buffer += b"\n"
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def append(self, other: Path) -> None:
        """Take down what another manifest lists.

        Raises:
            OSError: One of the two cannot be read or written.
        """
        self._buffer += other.read_bytes()
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def finish(self) -> None:
        """Write what is left, and close the file.

        Raises:
            OSError: The manifest cannot be written.
        """
        try:
            self.flush()
            os.fsync(self._descriptor)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def flush(self) -> None:
        """Write what was taken down.

        Raises:
            OSError: It cannot be written.
        """
        write_all(self._descriptor, self._buffer)
        self._buffer = bytearray()


def listed_files(manifest: Path) -> list[str]:
    """The files that a manifest lists.

    Raises:
        OSError: It cannot be read.
    """
    decode = msgspec.json.Decoder(ManifestLine).decode_lines
    return [line.file for line in decode(manifest.read_bytes())]


def without_secrets(reference: str) -> str:
    """``reference`` without userinfo and signature, otherwise as it stands."""
    if "?" not in reference and "@" not in reference:
        return reference
    try:
        parts = urlsplit(reference)
        stripped = strip_secrets(parts)
    except ValueError:
        return reference.partition("?")[0].rpartition("@")[2]
    if (stripped.netloc, stripped.query) == (parts.netloc, parts.query):
        return reference
    return stripped.geturl()
