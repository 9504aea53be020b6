"""A Store of ls_tools whose objects lie in memory and whose answers may fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock

from ls_tools.errors import IntegrityError, NetworkError
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName
from ls_tools.transfer import Validator
from ls_tools.transport.retrying import TransientError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    start: int
    stop: int | None
    match: Validator | None


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What goes wrong with one answer.

    Attributes:
        after_bytes: How many bytes come before it.
        is_silent: The body just ends, without an error.
        shift_bytes: How much further on than asked for it begins.
        act: Called before the answer.
    """

    after_bytes: int | None = None
    is_silent: bool = False
    shift_bytes: int = 0
    act: Callable[[], object] | None = None


@dataclass(kw_only=True)
class MemoryStore:
    """One object in memory.

    Attributes:
        content: Its bytes.
        info: What is said of it besides size and ETag.
        knows_ranges: Whether it heeds start and stop.
        knows_conditions: Whether it heeds match.
        chunk_bytes: Size of the pieces.
        mishaps: Of the answers to come, in order; None for none.
        asked: The requests so far.
    """

    content: bytes
    info: ObjectInfo = field(default_factory=lambda: ObjectInfo(key="a", size_bytes=0))
    knows_ranges: bool = True
    knows_conditions: bool = True
    chunk_bytes: int = 1000
    etag: int = 0
    mishaps: deque[Mishap | None] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    closed: int = 0
    _lock: Lock = field(default_factory=Lock)

    def replace(self, content: bytes) -> None:
        """Overwrite the object."""
        self.content = content
        self.etag += 1

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        with self._lock:
            self.asked.append(Asked(start=start, stop=stop, match=match))
            mishap = (self.mishaps.popleft() if self.mishaps else None) or Mishap()
        if mishap.act:
            mishap.act()
        validator = Validator(etag=f'"{self.etag}"')
        if unless == validator:
            return None
        if self.knows_conditions and match not in {None, validator}:
            raise IntegrityError(name.canonical)
        if not self.knows_ranges:
            start, stop = 0, None
        start += mishap.shift_bytes
        info = replace(self.info, size_bytes=len(self.content), validator=validator)
        chunks = self._chunks(self.content[start:stop], mishap)
        return Body(info=info, start=start, chunks=chunks, close=self._close)

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        raise NotImplementedError

    def _chunks(self, content: bytes, mishap: Mishap) -> Iterator[bytes]:
        sent = content[: mishap.after_bytes]
        for start in range(0, len(sent), self.chunk_bytes):
            yield sent[start : start + self.chunk_bytes]
        if mishap.after_bytes is not None and not mishap.is_silent:
            raise TransientError(NetworkError("The connection broke.", hint="Again."))

    def _close(self) -> None:
        with self._lock:
            self.closed += 1


class MemorySink:
    """Bytes in memory. Safe for threads."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.offsets: list[int] = []
        self._lock = Lock()

    def write_at(self, offset: int, chunk: bytes) -> None:
        with self._lock:
            self.offsets.append(offset)
            end = offset + len(chunk)
            self.data.extend(bytes(max(0, end - len(self.data))))
            self.data[offset:end] = chunk

    def truncate(self, size_bytes: int) -> None:
        with self._lock:
            del self.data[size_bytes:]
