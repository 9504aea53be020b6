"""Where tasks may be: a file, a folder, gzip, zip, a pipe; each as mapped bytes.

Knows nothing of JSON.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ls_tools.errors import AccessError, LsToolsError, NotFoundError, UsageError
from ls_tools.reading.foreign import not_an_export
from ls_tools.reading.packed import is_packed, unpack
from ls_tools.reading.spool import CHUNK_BYTES, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ls_tools.settings import Bounds

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_MAPPED_FROM_BYTES = 2**20
_OWN_FILES = frozenset({"report.json", "manifest.jsonl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of an input.

    Attributes:
        name: For messages: a path, or a path in a folder or zip.
        load: Gives its bytes, unpacked and in UTF-8.
        is_only: The input is this one file.
        is_guess: Only looking inside tells whether it is meant: a file of a
            folder whose name has no ending.
    """

    name: str
    load: Callable[[], memoryview]
    is_only: bool = True
    is_guess: bool = False


def open_input(
    source: str | os.PathLike[str] | BinaryIO, bounds: Bounds
) -> Sequence[Piece]:
    """Find the files of an input.

    Args:
        source: A file, a folder, ``-`` for standard input, or a binary file.
        bounds: How much packed input may expand to.

    Raises:
        NotFoundError: There is no such file.
        NotAnExportError: A folder or zip without JSON, or a broken gzip or zip.
        RefusedError: It expands to more than ``bounds`` allow.
        AccessError: It may not be read.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _spool_stream(source, _stream_name(source), bounds)
    if source == "-":
        return _spool_stream(sys.stdin.buffer, "standard input", bounds)
    path = Path(source)
    with _mapped_errors(path):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _list_folder(path, bounds)
        if stat.S_ISREG(mode):
            return _open_pieces(_map_file(path), str(path), bounds)
        with path.open("rb") as pipe:
            return _spool_stream(pipe, str(path), bounds)


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
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else "the stream"


def _spool_stream(stream: Any, name: str, bounds: Bounds) -> Sequence[Piece]:
    if not hasattr(stream, "read"):
        msg = f"An input is a path or a binary file, not {type(stream).__name__}."
        raise UsageError(msg, hint="Give the path of an export.")
    with Spool(name, bounds.expanded_bytes) as spool:
        while chunk := stream.read(CHUNK_BYTES):
            if isinstance(chunk, str):
                msg = f"{name} is open in text mode."
                raise UsageError(msg, hint='Open it with mode "rb".')
            spool.write(chunk)
        return _open_pieces(spool.map(), name, bounds)


def _open_pieces(data: memoryview, name: str, bounds: Bounds) -> Sequence[Piece]:
    """The pieces of one file: itself, or what is packed in it."""
    if not is_packed(data):
        return [Piece(name=name, load=lambda: data)]
    unpacked = unpack(data, name, bounds.expanded_bytes)
    is_only = len(unpacked) == 1
    return [
        Piece(name=part, load=_constant(body), is_only=is_only)
        for part, body in unpacked
    ]


def _constant(data: memoryview) -> Callable[[], memoryview]:
    return lambda: data


def _list_folder(folder: Path, bounds: Bounds) -> Sequence[Piece]:
    paths = list(_walk(str(folder), ""))
    if not paths:
        what = "the folder holds no .json or .jsonl file"
        raise not_an_export(str(folder), what, offset=0)
    return [
        Piece(
            name=path,
            load=_Loader(folder / path, bounds),
            is_only=False,
            is_guess="." not in path.rpartition("/")[2],
        )
        for path in paths
    ]


def _walk(root: str, prefix: str) -> Iterator[str]:
    """Relative paths of the files that may hold tasks, sorted by name."""
    with os.scandir(os.path.join(root, prefix)) as scan:  # noqa: PTH118 -- many
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(".") or (not prefix and entry.name in _OWN_FILES):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, f"{prefix}{entry.name}/")
        elif _may_hold_tasks(entry.name) and entry.is_file():
            yield prefix + entry.name


def _may_hold_tasks(name: str) -> bool:
    plain = name.lower().removesuffix(".gz")
    return plain.endswith(_SUFFIXES) or "." not in name


@dataclass(frozen=True, slots=True)
class _Loader:
    """Reads one file of a folder when asked."""

    path: Path
    bounds: Bounds

    def __call__(self) -> memoryview:
        with _mapped_errors(self.path):
            data = _map_file(self.path)
        if not is_packed(data):
            return data
        unpacked = unpack(data, str(self.path), self.bounds.expanded_bytes)
        if len(unpacked) > 1:
            what = "it is a zip inside a folder"
            raise not_an_export(str(self.path), what, offset=0, hint="Unpack it first.")
        return unpacked[0][1]
