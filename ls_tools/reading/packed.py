"""gzip, zip and UTF-16 unpacked to disk, within a bound on their size."""

from __future__ import annotations

import codecs
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from ls_tools.reading.documents import UTF8_BOM
from ls_tools.reading.foreign import not_an_export
from ls_tools.reading.spool import CHUNK_BYTES, Spool

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Iterator

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_MEMBERS = (".json", ".jsonl", ".ndjson")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32_LE = codecs.BOM_UTF32_LE
_DAMAGED = "Download it again."


def is_packed(data: memoryview) -> bool:
    """Whether a file is gzip, zip or UTF-16."""
    return _unpacker(data) is not None


def unpack(
    data: memoryview, name: str, limit_bytes: int
) -> list[tuple[str, memoryview]]:
    """Unpack a file to disk.

    Args:
        data: A file for which ``is_packed`` holds.
        name: Its name, for errors.
        limit_bytes: Most bytes that all of it may expand to.

    Returns:
        Name and bytes of each file in it, in name order.

    Raises:
        NotAnExportError: It is damaged, encrypted, or holds no JSON.
        RefusedError: It expands to more than ``limit_bytes``.
        OutputError: There is no room on the disk.
    """
    unpacker = _unpacker(data)
    return [(name, data)] if unpacker is None else unpacker(data, name, limit_bytes)


def _unpacker(
    data: memoryview,
) -> Callable[[memoryview, str, int], list[tuple[str, memoryview]]] | None:
    head = bytes(data[:4])
    if head.startswith(_GZIP):
        return _unpack_gzip
    if head in {_ZIP, _EMPTY_ZIP}:
        return _unpack_zip
    is_utf16 = head.startswith(_UTF16) and head != _UTF32_LE
    return _recode_utf16 if is_utf16 else None


@contextmanager
def _mapped_errors(name: str) -> Iterator[None]:
    import gzip
    import zipfile

    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as exc:
        what = f"the archive is damaged or cut off: {exc}"
        raise not_an_export(name, what, offset=0, hint=_DAMAGED) from exc
    except (NotImplementedError, RuntimeError) as exc:
        # zipfile's own errors for methods it lacks and for encryption.
        what = f"the archive cannot be read: {exc}"
        raise not_an_export(name, what, offset=0, hint="Unpack it first.") from exc


def _unpack_gzip(
    data: memoryview, name: str, limit_bytes: int
) -> list[tuple[str, memoryview]]:
    import gzip

    with Spool(name, limit_bytes) as spool, _mapped_errors(name):
        with gzip.GzipFile(fileobj=_reader(data)) as packed:
            _copy(iter(lambda: packed.read(CHUNK_BYTES), b""), spool)
        return _unpack_further(spool.map(), name, limit_bytes)


def _unpack_further(
    data: memoryview, name: str, limit_bytes: int
) -> list[tuple[str, memoryview]]:
    """UTF-16 may be inside of gzip and zip; archives in archives are refused."""
    if _unpacker(data) is _recode_utf16:
        return _recode_utf16(data, name, limit_bytes)
    return [(name, data)]


def _unpack_zip(
    data: memoryview, name: str, limit_bytes: int
) -> list[tuple[str, memoryview]]:
    """Unpack every JSON member, one after the other, into one file."""
    import zipfile

    found: list[tuple[str, int, int]] = []
    with Spool(name, limit_bytes) as spool, _mapped_errors(name):
        with zipfile.ZipFile(_reader(data)) as archive:
            for info in _members(archive, name):
                start = spool.size_bytes
                with archive.open(info) as member:
                    _copy(iter(lambda m=member: m.read(CHUNK_BYTES), b""), spool)  # type: ignore[misc]  # the default binds the loop's member
                found.append((f"{name}/{info.filename}", start, spool.size_bytes))
        body = spool.map()
    return [
        part
        for path, start, end in found
        for part in _unpack_further(body[start:end], path, limit_bytes)
    ]


def _members(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    infos = sorted(archive.infolist(), key=lambda info: info.filename)
    members = [info for info in infos if info.filename.lower().endswith(_MEMBERS)]
    if not members:
        shown = ", ".join(info.filename for info in infos[:5]) or "nothing"
        what = "the zip holds no .json or .jsonl file"
        raise not_an_export(name, what, offset=0, found=shown[:200])
    return members


def _recode_utf16(
    data: memoryview, name: str, limit_bytes: int
) -> list[tuple[str, memoryview]]:
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    chunks = (
        bytes(data[at : at + CHUNK_BYTES]) for at in range(0, len(data), CHUNK_BYTES)
    )
    with Spool(name, limit_bytes) as spool:
        for chunk in chunks:
            spool.write(decoder.decode(chunk).encode())
        return [(name, spool.map())]


def _copy(chunks: Iterator[bytes], spool: Spool) -> None:
    """Spool a file, or its beginning only where that is no JSON."""
    first = next(chunks, b"")
    spool.write(first)
    text = first.removeprefix(UTF8_BOM).lstrip()
    if text.startswith((b"[", b"{", *_UTF16)):
        for chunk in chunks:
            spool.write(chunk)


class _Reader(io.RawIOBase):
    """A file over bytes in memory that copies none but those read."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._pos = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = (0, self._pos, len(self._data))[whence]
        self._pos = max(0, origin + offset)
        return self._pos

    def tell(self) -> int:
        return self._pos

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast("bytearray", buffer)).cast("B")
        chunk = self._data[self._pos : self._pos + len(target)]
        target[: len(chunk)] = chunk
        self._pos += len(chunk)
        return len(chunk)


def _reader(data: memoryview) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Reader(data)))
