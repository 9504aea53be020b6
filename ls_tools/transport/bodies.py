"""Bodies of answers, read piece by piece in bounded memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from ls_tools.errors import IntegrityError, RefusedError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

CHUNK_BYTES = 256 * 2**10
"""Bytes written at once, and held at most a few times."""

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class CutError(Exception):
    """A body ended, or stood still, before its end.

    Attributes:
        cause: What urllib3 said; it may name a signed URL.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def read_wire(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as sent, in pieces of CHUNK_BYTES to twice that.

    Whatever has arrived before a cut is yielded first; the last piece may be
    smaller.

    Raises:
        CutError: The body is not complete.
    """
    waiting = bytearray()
    failure: Exception | None = None
    while True:
        try:
            piece = response.raw.read1(CHUNK_BYTES, decode_content=False)
        except (HTTPError, OSError) as exc:
            failure = exc
            break
        if not piece:
            break
        waiting += piece
        if len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
    if failure is not None:
        raise CutError(failure)


class Decoder:
    """Undoes a ``Content-Encoding`` piece by piece.

    Args:
        encoding: ``""``, ``gzip`` or ``deflate``.

    Raises:
        ServerError: It is another one, which was not asked for.
    """

    def __init__(self, encoding: str) -> None:
        if encoding not in {"", "gzip", "x-gzip", "deflate"}:
            msg = f"The server sent the encoding {encoding[:40]!r}, not asked for."
            hint = "See whether a proxy on the way encodes answers."
            raise ServerError(msg, hint=hint)
        self._encoding = encoding
        self._inflater: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what ``chunk`` decodes to, in pieces of at most CHUNK_BYTES.

        Raises:
            IntegrityError: It is not encoded as announced.
        """
        if not self._encoding:
            yield chunk
            return
        while chunk := self._begin(chunk):
            inflater = self._inflater or zlib.decompressobj(self._window(chunk))
            self._inflater = inflater
            yield from self._inflate(inflater, chunk)
            chunk = inflater.unused_data

    def finish(self) -> None:
        """Check that the encoded data have come to their end.

        Raises:
            IntegrityError: They stop in the middle.
        """
        if self._inflater is not None and not self._inflater.eof:
            msg = f"The {self._encoding} data of the server stop in the middle."
            raise IntegrityError(msg, hint="Try again.")

    def _begin(self, chunk: bytes) -> bytes:
        """What is left to decode: gzip allows more members, and zeros after them."""
        if self._inflater is None or not self._inflater.eof:
            return chunk
        chunk = chunk.lstrip(b"\0")
        if chunk:
            self._inflater = None
        return chunk

    def _window(self, chunk: bytes) -> int:
        if self._encoding != "deflate":
            return _GZIP
        # Some servers mean the bare data by "deflate", without the zlib header.
        has_header = len(chunk) > 1 and int.from_bytes(chunk[:2], "big") % 31 == 0
        return _ZLIB if has_header else _RAW

    def _inflate(self, inflater: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = inflater.decompress(chunk, CHUNK_BYTES)
            except zlib.error:
                piece = None
            if piece is None:
                msg = f"The {self._encoding} data of the server are damaged."
                raise IntegrityError(msg, hint="Try again.")
            if piece:
                yield piece
            chunk = inflater.unconsumed_tail
            if inflater.eof or (not chunk and len(piece) < CHUNK_BYTES):
                return


def decoder_for(encoding: str | None) -> Decoder:
    """A Decoder for a ``Content-Encoding`` header.

    Raises:
        ServerError: It is one that was not asked for.
    """
    name = (encoding or "").strip().lower()
    return Decoder("" if name == "identity" else name)


def read_all(response: requests.Response, *, bound_bytes: int) -> bytes:
    """The whole decoded body.

    Raises:
        CutError: It is not complete.
        RefusedError: It is larger than ``bound_bytes``.
        ServerError: It is encoded in a way that was not asked for.
        IntegrityError: It is not encoded as announced.
    """
    body = bytearray()
    for piece in _read_decoded(response):
        body += piece
        if len(body) > bound_bytes:
            msg = f"The answer is larger than {bound_bytes} bytes."
            hint = "Raise Bounds.response_bytes if it may be."
            raise RefusedError(msg, hint=hint)
    return bytes(body)


def read_start(response: requests.Response, *, limit_bytes: int) -> bytes:
    """The first ``limit_bytes`` of the body, fewer where it is cut. Never raises.

    Meant for the bodies of errors, of which only known phrases are looked for.
    """
    start = bytearray()
    try:
        for piece in _read_decoded(response):
            start += piece
            if len(start) >= limit_bytes:
                break
    except (CutError, IntegrityError, ServerError):
        pass
    return bytes(start[:limit_bytes])


def _read_decoded(response: requests.Response) -> Iterator[bytes]:
    decoder = decoder_for(response.headers.get("Content-Encoding"))
    for chunk in read_wire(response):
        yield from decoder.feed(chunk)
    decoder.finish()
