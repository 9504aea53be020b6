"""What can go wrong between a client and a server, as values; does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias


class Ending(Enum):
    """How a connection ends early."""

    CLOSE = auto()  # an orderly end, as if that were all
    RESET = auto()  # an abort
    STALL = auto()  # no more bytes, and no end


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for a while."""

    seconds: float


Step: TypeAlias = bytes | Pause | Ending
Header: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Nothing goes wrong; the base of what does."""

    def before(self) -> Iterator[Step]:
        """Steps to take instead of asking the server, or before it."""
        return iter(())

    def headers(self, headers: list[Header]) -> list[Header]:
        """The server's headers as the client gets them."""
        return headers

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        """The server's body as the client gets it."""
        yield from chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Fault):
    """The proxy answers in the server's place."""

    code: int
    content: bytes = b""
    extra: Mapping[str, str] = field(default_factory=dict)

    def before(self) -> Iterator[Step]:
        headers = {"Content-Length": str(len(self.content)), **self.extra}
        lines = [f"HTTP/1.1 {self.code} Fault", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        yield "\r\n".join([*lines, "", ""]).encode("latin-1") + self.content
        yield Ending.CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Fault):
    """The connection is aborted without an answer."""

    def before(self) -> Iterator[Step]:
        yield Ending.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Fault):
    """The request is held back before the server gets it."""

    seconds: float

    def before(self) -> Iterator[Step]:
        yield Pause(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Fault):
    """The connection closes in good order after so many bytes of the body."""

    after_bytes: int

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        yield from _first(chunks, self.after_bytes)
        yield Ending.CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Fault):
    """The connection aborts after at most so many bytes of the body."""

    after_bytes: int

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        yield from _first(chunks, self.after_bytes)
        yield Ending.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Fault):
    """Nothing follows so many bytes of the body, and the connection stays open."""

    after_bytes: int

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        yield from _first(chunks, self.after_bytes)
        yield Ending.STALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Trickle(Fault):
    """The body comes in small pieces with pauses."""

    chunk_bytes: int
    pause_s: float

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        for chunk in chunks:
            for start in range(0, len(chunk), self.chunk_bytes):
                yield chunk[start : start + self.chunk_bytes]
                yield Pause(self.pause_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt(Fault):
    """Every bit of one byte of the body is flipped."""

    at_byte: int

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        sent = 0
        for chunk in chunks:
            offset = self.at_byte - sent
            sent += len(chunk)
            if 0 <= offset < len(chunk):
                flipped = bytes([chunk[offset] ^ 0xFF])
                yield chunk[:offset] + flipped + chunk[offset + 1 :]
            else:
                yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLength(Fault):
    """``Content-Length`` says ``length``, whatever follows; None leaves it out."""

    length: int | str | None

    def headers(self, headers: list[Header]) -> list[Header]:
        kept = [item for item in headers if item[0].lower() != "content-length"]
        claim = [] if self.length is None else [("Content-Length", str(self.length))]
        return kept + claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt(Fault):
    """Something happens after so many bytes of the body; then it goes on."""

    after_bytes: int
    action: Callable[[], object]

    def body(self, chunks: Iterable[bytes]) -> Iterator[Step]:
        for start, piece in _split_at(chunks, self.after_bytes):
            if start == self.after_bytes:
                self.action()
            yield piece


def _first(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    for start, piece in _split_at(chunks, count):
        if start < count:
            yield piece
        if start + len(piece) >= count:
            return


def _split_at(chunks: Iterable[bytes], offset: int) -> Iterator[tuple[int, bytes]]:
    """Each chunk with its start; one that straddles ``offset`` becomes two."""
    start = 0
    for chunk in chunks:
        head = chunk[: max(offset - start, 0)]
        for piece in (head, chunk[len(head) :]):
            if piece:
                yield start, piece
                start += len(piece)
