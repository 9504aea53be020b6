"""Where tasks may be: a file, a folder, a pipe, a bucket; each as mapped bytes.

Knows nothing of JSON.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ls_tools.errors import AccessError, LsToolsError, NotFoundError, UsageError
from ls_tools.locator.cloud import CLOUD_KINDS
from ls_tools.locator.places import scheme_of
from ls_tools.origin import redact_url
from ls_tools.reading.foreign import not_an_export
from ls_tools.reading.mapping import MappedFile
from ls_tools.reading.pieces import (
    LocalPieces,
    Piece,
    Pieces,
    is_guess,
    is_left_out,
    may_hold_tasks,
    open_file,
    unpack_member,
)
from ls_tools.reading.spool import CHUNK_BYTES, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.progress import Progress
    from ls_tools.settings import Bounds, Settings

_MAPPED_FROM_BYTES = 2**20


def open_input(
    source: str | os.PathLike[str] | BinaryIO,
    bounds: Bounds,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Pieces:
    """Find the files of an input.

    Args:
        source: A file, a folder, ``-`` for standard input, the URI of objects
            in a bucket, or a binary file.
        bounds: How much packed input may expand to.
        settings: How buckets are reached; from the environment where None.
        progress: Told of what is fetched.

    Raises:
        NotFoundError: There is no such file, bucket or object.
        NotAnExportError: A folder or zip without JSON, or a broken gzip or zip.
        RefusedError: It expands to more than ``bounds`` allow.
        AccessError: It may not be read.
        UsageError: It is a URL of another kind.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _spool_stream(source, _stream_name(source), bounds)
    if source == "-":
        return _spool_stream(sys.stdin.buffer, "standard input", bounds)
    if is_bucket_uri(source):
        from ls_tools.reading.buckets import open_bucket_input

        return open_bucket_input(
            str(source), bounds, settings=settings, progress=progress
        )
    path = Path(source)
    with _mapped_errors(path):
        mode = _stat(source, path).st_mode
        if stat.S_ISDIR(mode):
            return _list_folder(path, bounds)
        if stat.S_ISREG(mode):
            return open_file(_map_file(path), str(path), bounds)
        with path.open("rb") as pipe:
            return _spool_stream(pipe, str(path), bounds)


def is_bucket_uri(source: object) -> bool:
    """Whether an input is text that names a place in a bucket: ``s3://…``."""
    return isinstance(source, str) and scheme_of(source) in CLOUD_KINDS


def _stat(source: str | os.PathLike[str], path: Path) -> os.stat_result:
    """The status of a file, or an error that knows URLs."""
    try:
        return path.stat()
    except FileNotFoundError:
        if not isinstance(source, str) or not scheme_of(source):
            raise
    msg = f"{redact_url(source)!r} cannot be read as labeled data."
    schemes = ", ".join(f"{scheme}://" for scheme in CLOUD_KINDS)
    hint = f"Give a file, a folder, - for standard input, or one of {schemes}."
    raise UsageError(msg, hint=hint)


@contextmanager
def _mapped_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except LsToolsError:
        raise
    except (FileNotFoundError, NotADirectoryError) as exc:
        msg = f"There is no file {path}."
        raise NotFoundError(msg, hint="Check the path.", path=str(path)) from exc
    except OSError as exc:
        msg = f"{path} cannot be read: {exc.strerror}."
        raise AccessError(
            msg, hint="Check the path and its permissions.", path=str(path)
        ) from exc


def _map_file(path: Path) -> memoryview:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < _MAPPED_FROM_BYTES:
            return memoryview(file.read())
        return memoryview(MappedFile(file.fileno(), size))


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else "the stream"


def _spool_stream(stream: Any, name: str, bounds: Bounds) -> LocalPieces:
    if not hasattr(stream, "read"):
        msg = f"An input is a path or a binary file, not {type(stream).__name__}."
        raise UsageError(msg, hint="Give the path of an export.")
    with Spool(name, bounds.expanded_bytes) as spool:
        while chunk := stream.read(CHUNK_BYTES):
            if isinstance(chunk, str):
                msg = f"{name} is open in text mode."
                raise UsageError(msg, hint='Open it with mode "rb".')
            spool.write(chunk)
        return open_file(spool.map(), name, bounds)


def _list_folder(folder: Path, bounds: Bounds) -> LocalPieces:
    paths = list(_walk(str(folder), ""))
    if not paths:
        what = "the folder holds no .json or .jsonl file"
        raise not_an_export(str(folder), what, offset=0)
    return LocalPieces(
        [
            Piece(
                name=path,
                load=_Loader(folder / path, bounds),
                is_only=False,
                is_guess=is_guess(path.rpartition("/")[2]),
            )
            for path in paths
        ]
    )


def _walk(root: str, prefix: str) -> Iterator[str]:
    """Relative paths of the files that may hold tasks, sorted by name."""
    with os.scandir(os.path.join(root, prefix)) as scan:  # noqa: PTH118 -- many
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if is_left_out(entry.name, is_top=not prefix):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, f"{prefix}{entry.name}/")
        elif may_hold_tasks(entry.name) and entry.is_file():
            yield prefix + entry.name


@dataclass(frozen=True, slots=True)
class _Loader:
    """Reads one file of a folder when asked."""

    path: Path
    bounds: Bounds

    def __call__(self) -> memoryview:
        with _mapped_errors(self.path):
            data = _map_file(self.path)
        return unpack_member(data, str(self.path), self.bounds)
